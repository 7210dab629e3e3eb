import type { Database } from "@gatehouse/prisma";

/**
 * The database's clock as this process knows it, without a statement: for times that are shown before they are stored. Processes whose
 * own clocks differ by minutes agree on it to within a round trip.
 */
export interface DatabaseClock {
  now(): Date;
  /** Asks the database again; to be repeated now and then, for clocks drift. Rejects while the database is away, and changes nothing. */
  sync(): Promise<void>;
}

/** @param monotonicMs of this process */
export async function openDatabaseClock(
  db: Database,
  monotonicMs: () => number,
): Promise<DatabaseClock> {
  let offsetMs = 0;

  async function sync(): Promise<void> {
    const askedAtMs = monotonicMs();
    const [row] = await db.$queryRaw<{ now: Date }[]>`SELECT clock_timestamp() AS "now"`;
    if (!row) throw new Error("the database tells no time");
    // It looked at its clock somewhere between question and answer.
    offsetMs = row.now.getTime() - (askedAtMs + monotonicMs()) / 2;
  }

  await sync();
  return { now: () => new Date(monotonicMs() + offsetMs), sync };
}

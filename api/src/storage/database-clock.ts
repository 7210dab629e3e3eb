import type { Database } from "@gatehouse/prisma";

/**
 * The database's clock as known to this process, read without a statement. Used for times that are
 * shown before they are stored. Processes whose own clocks differ by minutes agree on it to within
 * one round trip.
 */
export interface DatabaseClock {
  now(): Date;
  /**
   * Reads the database's clock again. Call it regularly, because clocks drift. Rejects and changes
   * nothing if the database is unavailable.
   */
  sync(): Promise<void>;
}

/** @param monotonicMs the monotonic clock of this process, in milliseconds */
export async function openDatabaseClock(
  db: Database,
  monotonicMs: () => number,
): Promise<DatabaseClock> {
  let offsetMs = 0;

  async function sync(): Promise<void> {
    const askedAtMs = monotonicMs();
    const [row] = await db.$queryRaw<{ now: Date }[]>`SELECT clock_timestamp() AS "now"`;
    if (!row) throw new Error("the database returned no time");
    // The database read its clock at some point between the request and the response.
    offsetMs = row.now.getTime() - (askedAtMs + monotonicMs()) / 2;
  }

  await sync();
  return { now: () => new Date(monotonicMs() + offsetMs), sync };
}

import type { Database } from "@gatehouse/prisma";

/**
 * The clock that all processes share; their own clocks can differ by minutes. For times that are
 * stored and compared by other processes.
 */
export async function readDatabaseTime(db: Database): Promise<Date> {
  const [row] = await db.$queryRaw<{ now: Date }[]>`SELECT clock_timestamp() AS "now"`;
  if (!row) throw new Error("the database returned no time");
  return row.now;
}

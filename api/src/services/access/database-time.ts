import type { Database } from "@gatehouse/prisma";

/** The clock that all processes share; theirs may differ by minutes. For times that are stored and compared by others. */
export async function readDatabaseTime(db: Database): Promise<Date> {
  const [row] = await db.$queryRaw<{ now: Date }[]>`SELECT clock_timestamp() AS "now"`;
  if (!row) throw new Error("the database tells no time");
  return row.now;
}

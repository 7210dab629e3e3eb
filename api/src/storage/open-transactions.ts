import type { Database } from "@gatehouse/prisma";

/**
 * The names of the transactions that are running on this database. A later transaction of the same
 * session has a different name.
 */
export async function listOpenTransactions(db: Database): Promise<string[]> {
  const rows = await db.$queryRaw<{ name: string }[]>`
    SELECT "pid" || ' ' || extract(epoch FROM "xact_start") AS "name" FROM pg_stat_activity
    WHERE "datname" = current_database() AND "pid" <> pg_backend_pid() AND "backend_type" = 'client backend'
      AND "xact_start" IS NOT NULL`;
  return rows.map(({ name }) => name);
}

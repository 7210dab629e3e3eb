import type { Database } from "@gatehouse/prisma";

/** Transactions that run on this database now, by name; another one that begins later in the same session has another name. */
export async function listOpenTransactions(db: Database): Promise<string[]> {
  const rows = await db.$queryRaw<{ name: string }[]>`
    SELECT "pid" || ' ' || extract(epoch FROM "xact_start") AS "name" FROM pg_stat_activity
    WHERE "datname" = current_database() AND "pid" <> pg_backend_pid() AND "backend_type" = 'client backend'
      AND "xact_start" IS NOT NULL`;
  return rows.map(({ name }) => name);
}

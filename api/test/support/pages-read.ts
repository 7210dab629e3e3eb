import type { Database } from "@gatehouse/prisma";

/**
 * How many pages of tables and indexes something has PostgreSQL look at, found in memory or not: what it costs, whatever else the
 * machine does.
 * @param db with a single connection, on which all of `run`'s statements are sent
 * @returns the least of a few runs, for the first ones fill caches of the connection's
 */
export async function countPages(db: Database, run: () => Promise<unknown>): Promise<number> {
  return (await countLeast(db, run)) - (await countLeast(db, async () => {}));
}

async function countLeast(db: Database, run: () => Promise<unknown>): Promise<number> {
  const counts: number[] = [];
  for (let i = 0; i < 4; i += 1) counts.push(await countOnce(db, run));
  return Math.min(...counts);
}

async function countOnce(db: Database, run: () => Promise<unknown>): Promise<number> {
  const before = await readPages(db);
  await run();
  return (await readPages(db)) - before;
}

/** Of this connection so far. */
async function readPages(db: Database): Promise<number> {
  await db.$queryRaw`SELECT pg_stat_force_next_flush()::text`;
  const [{ pages }] = await db.$queryRaw<[{ pages: number }]>`
    SELECT coalesce(sum(coalesce(hits, 0) + coalesce(read_bytes, 0) / current_setting('block_size')::int), 0)::float8 AS "pages"
    FROM pg_stat_get_backend_io(pg_backend_pid()) WHERE object = 'relation'`;
  return pages;
}

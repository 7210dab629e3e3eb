import type { Database } from "@gatehouse/prisma";

const name = "log-history";

/**
 * Gives every workspace's log a new epoch when the database is not the one that it was: restored from a back-up, or failed over. Its
 * newest events may be missing then and their numbers be given out again, so that a cursor from before must be refused instead of
 * leaving a silent gap. Asked at start, before anything is served.
 * @returns whether it was so
 */
export async function renewEpochs(db: Database): Promise<boolean> {
  return db.$transaction(async (tx) => {
    // What changes with a restored dump (the database's own id), with another cluster, and with a recovery (the timeline).
    const [{ history }] = await tx.$queryRaw<[{ history: string }]>`
      SELECT concat_ws('/', (SELECT system_identifier FROM pg_control_system()),
        (SELECT timeline_id FROM pg_control_checkpoint()),
        (SELECT oid FROM pg_database WHERE datname = current_database())) AS history`;
    const value = new TextEncoder().encode(history);
    // Two processes that start at once: the second waits here, and finds it done.
    const added = await tx.$executeRaw`
      INSERT INTO "Setting" ("name", "value") VALUES (${name}, ${value}) ON CONFLICT ("name") DO NOTHING`;
    const changed = await tx.$executeRaw`
      UPDATE "Setting" SET "value" = ${value} WHERE "name" = ${name} AND "value" <> ${value}`;
    if (added > 0 || changed === 0) return false;
    await tx.$executeRaw`UPDATE "Workspace" SET "eventEpoch" = gen_random_uuid()`;
    return true;
  });
}

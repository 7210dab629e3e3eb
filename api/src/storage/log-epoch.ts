import type { Database } from "@gatehouse/prisma";

const name = "log-history";

/**
 * Gives the log of every workspace a new epoch if the database was restored from a backup or has
 * failed over. In that case the newest events may be missing and their numbers may be assigned
 * again, so an earlier cursor must be rejected instead of causing a silent gap. Called at startup,
 * before any request is served.
 * @returns whether the epochs were renewed
 */
export async function renewEpochs(db: Database): Promise<boolean> {
  return db.$transaction(async (tx) => {
    // A value that changes with a restored dump (the id of the database), with a different cluster,
    // and with a recovery (the timeline).
    const [{ history }] = await tx.$queryRaw<[{ history: string }]>`
      SELECT concat_ws('/', (SELECT system_identifier FROM pg_control_system()),
        (SELECT timeline_id FROM pg_control_checkpoint()),
        (SELECT oid FROM pg_database WHERE datname = current_database())) AS history`;
    const value = new TextEncoder().encode(history);
    // When two processes start at the same time, the second one waits here and then finds the row.
    const added = await tx.$executeRaw`
      INSERT INTO "Setting" ("name", "value") VALUES (${name}, ${value}) ON CONFLICT ("name") DO NOTHING`;
    const changed = await tx.$executeRaw`
      UPDATE "Setting" SET "value" = ${value} WHERE "name" = ${name} AND "value" <> ${value}`;
    if (added > 0 || changed === 0) return false;
    await tx.$executeRaw`UPDATE "Workspace" SET "eventEpoch" = gen_random_uuid()`;
    return true;
  });
}

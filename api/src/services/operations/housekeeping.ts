import type { Database } from "@gatehouse/prisma";
import { deleteOldEvents } from "../event/old-events.ts";

/** Rows per statement where there may be very many: locks are short, and somebody else may have a turn in between. */
const batchSize = 1_000;

/**
 * Deletes what has expired. Several processes can run each statement at the same time. Conditions compare with `now()`, which is constant
 * for a statement: an index cannot be searched for `clock_timestamp()`.
 */
export async function cleanUp(
  db: Database,
  { eventRetentionDays }: { eventRetentionDays: number },
): Promise<void> {
  // Without its time, so that the next turn does not go through it again.
  await inBatches(
    () => db.$executeRaw`
      UPDATE "ToolExecution" SET "arguments" = NULL, "result" = NULL, "progress" = NULL, "contentExpiresAt" = NULL
      WHERE "id" IN (SELECT e."id" FROM "ToolExecution" e WHERE e."contentExpiresAt" < now()
        LIMIT ${batchSize} FOR UPDATE SKIP LOCKED)`,
  );
  await inBatches(
    () => db.$executeRaw`
      DELETE FROM "IdempotencyKey" WHERE ("callerId", "keyHash") IN (
        SELECT k."callerId", k."keyHash" FROM "IdempotencyKey" k WHERE k."expiresAt" < now()
        LIMIT ${batchSize} FOR UPDATE SKIP LOCKED)`,
  );
  await db.$executeRaw`DELETE FROM "RateLimit" WHERE "fullAt" < now()`;
  // A question whose run ended without a word, and an answer that nobody came for.
  await db.$executeRaw`
    UPDATE "Elicitation" SET "status" = 'EXPIRED' WHERE "status" = 'PENDING' AND "expiresAt" < now()`;
  await db.$executeRaw`
    UPDATE "Elicitation" SET "answer" = NULL WHERE "answer" IS NOT NULL AND "expiresAt" < now()`;
  await db.$executeRaw`
    DELETE FROM "Elicitation" WHERE "createdAt" < now() - interval '1 day'`;
  // An attempt that nobody came back from keeps no verifier.
  await db.$executeRaw`
    UPDATE "OAuthFlow" SET "status" = 'EXPIRED', "finishedAt" = clock_timestamp(), "codeVerifier" = NULL, "heldCallback" = NULL, "heldSecretHash" = NULL
    WHERE "status" = 'PENDING' AND "expiresAt" < now()
      AND ("consumedAt" IS NULL OR "consumedAt" < now() - interval '10 minutes')`;
  await db.$executeRaw`
    UPDATE "OAuthFlow" SET "heldCallback" = NULL, "heldSecretHash" = NULL WHERE "heldUntil" < now() AND "heldCallback" IS NOT NULL`;
  await db.$executeRaw`
    DELETE FROM "OAuthFlow" WHERE "startedAt" < now() - interval '90 days'`;
  await inBatches(
    () => db.$executeRaw`
      DELETE FROM "ToolExecution" WHERE "id" IN (
        SELECT e."id" FROM "ToolExecution" e WHERE e."startedAt" < now() - interval '90 days'
        LIMIT ${batchSize} FOR UPDATE SKIP LOCKED)`,
  );
  await db.$executeRaw`
    DELETE FROM "Invitation" WHERE "endsAt" < now() - interval '90 days'`;
  await db.$executeRaw`
    DELETE FROM "WebhookDelivery" WHERE "createdAt" < now() - interval '90 days'`;
  await deleteOldEvents(db, eventRetentionDays);
}

/** @param turn answers how many rows it changed */
async function inBatches(turn: () => Promise<number>): Promise<void> {
  while ((await turn()) === batchSize);
}

const everyMs = 10 * 60_000;

/** Cleans up now and then, until disposed; a failure is told and tried again at the next turn. */
export function startHousekeeping(
  db: Database,
  settings: { eventRetentionDays: number },
  onError: (error: unknown) => void,
): Disposable {
  const turn = () => void cleanUp(db, settings).catch(onError);
  turn();
  const timer = setInterval(turn, everyMs).unref();
  return { [Symbol.dispose]: () => clearInterval(timer) };
}

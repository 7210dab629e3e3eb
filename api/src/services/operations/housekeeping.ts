import { startInterval } from "#async/interval.ts";
import type { Database } from "@gatehouse/prisma";
import { deleteOldEvents } from "../event/old-events.ts";

/**
 * The number of rows per statement in large tables, so that locks are short and other transactions
 * can run in between.
 */
const batchSize = 1_000;

/**
 * Deletes expired rows. Several processes can run each statement at the same time. Conditions compare
 * with `now()`, which is constant within a statement: `clock_timestamp()` would prevent an index scan.
 */
export async function cleanUp(
  db: Database,
  { eventRetentionDays }: { eventRetentionDays: number },
): Promise<void> {
  // Cleared together with the time, so that the next run does not process it again.
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
  // Questions whose tool execution has ended without closing them, and answers that were never
  // read.
  await db.$executeRaw`
    UPDATE "Elicitation" SET "status" = 'EXPIRED' WHERE "status" = 'PENDING' AND "expiresAt" < now()`;
  await db.$executeRaw`
    UPDATE "Elicitation" SET "answer" = NULL WHERE "answer" IS NOT NULL AND "expiresAt" < now()`;
  await db.$executeRaw`
    DELETE FROM "Elicitation" WHERE "createdAt" < now() - interval '1 day'`;
  // A flow without a callback keeps no PKCE verifier.
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

/** @param changeBatch returns the number of rows that it changed */
async function inBatches(changeBatch: () => Promise<number>): Promise<void> {
  while ((await changeBatch()) === batchSize);
}

const everyMs = 10 * 60_000;

/** Cleans up regularly until disposed. A failure is reported, and the next run tries again. */
export function startHousekeeping(
  db: Database,
  settings: { eventRetentionDays: number },
  onError: (error: unknown) => void,
): Disposable {
  return startInterval(() => void cleanUp(db, settings).catch(onError), everyMs);
}

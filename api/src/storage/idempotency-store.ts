import type { Database } from "@gatehouse/prisma";
import type { SealedBox } from "#crypto/sealed-box.ts";
import { writeExecutions } from "./execution-rows.ts";
import type { RunRecord } from "./execution-writer.ts";

/** A key as its caller gave it, and what they asked for under it. */
export interface IdempotencyKey {
  /** The user's id, or the API token's. */
  callerId: string;
  /** SHA-256 of the key. */
  keyHash: Uint8Array<ArrayBuffer>;
  /** SHA-256 of what was asked for. */
  requestHash: Uint8Array<ArrayBuffer>;
}

/** The first run under a key. */
export interface KeyedExecution {
  executionId: string;
  /** The same was asked for. */
  isSameRequest: boolean;
}

/** Keys live for a day, by the database's clock. */
export interface IdempotencyStore {
  /** Null: the key is free. */
  find(key: IdempotencyKey): Promise<KeyedExecution | null>;
  /** Takes the key and writes its run, in one transaction: of callers at the same time, in whatever process, one succeeds. */
  reserve(key: IdempotencyKey, record: RunRecord): Promise<boolean>;
}

export function createIdempotencyStore(deps: { db: Database; box: SealedBox }): IdempotencyStore {
  const { db, box } = deps;
  return {
    async find({ callerId, keyHash, requestHash }) {
      const [row] = await db.$queryRaw<KeyedExecution[]>`
        SELECT "executionId"::text, "requestHash" = ${requestHash} AS "isSameRequest" FROM "IdempotencyKey"
        WHERE "callerId" = ${callerId}::uuid AND "keyHash" = ${keyHash} AND "expiresAt" > clock_timestamp()`;
      return row ?? null;
    },
    reserve: ({ callerId, keyHash, requestHash }, { execution, arguments: args }) =>
      db.$transaction(async (tx) => {
        // Whoever comes second waits for the first one's commit, and then finds the key taken.
        const taken = await tx.$executeRaw`
          INSERT INTO "IdempotencyKey" ("callerId", "keyHash", "requestHash", "executionId", "expiresAt")
          VALUES (${callerId}::uuid, ${keyHash}, ${requestHash}, ${execution.id}::uuid, clock_timestamp() + interval '24 hours')
          ON CONFLICT ("callerId", "keyHash") DO UPDATE SET "requestHash" = excluded."requestHash",
            "executionId" = excluded."executionId", "expiresAt" = excluded."expiresAt"
          WHERE "IdempotencyKey"."expiresAt" <= clock_timestamp()`;
        if (taken === 0) return false;
        const written = await writeExecutions(tx, box, [
          { execution, arguments: args, result: null },
        ]);
        if (!written.has(execution.id)) throw new Error("The run could not be recorded.");
        return true;
      }),
  };
}

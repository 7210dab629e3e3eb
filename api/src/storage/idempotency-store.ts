import type { Database } from "@gatehouse/prisma";
import type { SealedBox } from "#crypto/sealed-box.ts";
import { writeExecutions } from "./execution-rows.ts";
import type { RunRecord } from "./execution-writer.ts";

/** An idempotency key as the caller sent it, and the hash of the request. */
export interface IdempotencyKey {
  /** The id of the user or the API token. */
  callerId: string;
  /** SHA-256 of the key. */
  keyHash: Uint8Array<ArrayBuffer>;
  /** SHA-256 of the request. */
  requestHash: Uint8Array<ArrayBuffer>;
}

/** The first tool execution under a key. */
export interface KeyedExecution {
  executionId: string;
  /** Whether the same request was sent. */
  isSameRequest: boolean;
}

/** Idempotency keys. They are kept for a day, by the database's clock. */
export interface IdempotencyStore {
  /** Null if the key is not in use. */
  find(key: IdempotencyKey): Promise<KeyedExecution | null>;
  /**
   * Reserves the key and writes its tool execution in one transaction. Of concurrent callers in any
   * process, one succeeds.
   */
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
        // A concurrent insert waits for the first commit and then finds the key in use.
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
        if (!written.has(execution.id)) throw new Error("The execution could not be recorded.");
        return true;
      }),
  };
}

import { createHash } from "node:crypto";
import type { RunRecord } from "#storage/execution-writer.ts";
import type { IdempotencyKey, IdempotencyStore } from "#storage/idempotency-store.ts";
import type { Caller } from "../access/access.ts";
import { writeCanonical } from "../catalog/canonical-json.ts";
import { type InputFaults, ServiceError } from "../access/service-error.ts";

/** A request with an idempotency key. */
export interface KeyedRequest {
  serverId: string;
  toolName: string;
  /** Any JSON. */
  arguments: unknown;
}

/** Idempotency keys, valid for one day. Each user and each API token has separate keys. */
export interface Idempotency {
  /**
   * Returns the ID of the first execution with the key, or null if the key is free. @throws ServiceError CONFLICT if it was used for a
   * different request
   */
  findFirst(key: IdempotencyKey): Promise<string | null>;
  /** Reserves the key and stores the execution in one transaction. Returns false if another caller was first. */
  reserve(key: IdempotencyKey, record: RunRecord): Promise<boolean>;
}

const longestKey = 255;

export function checkIdempotencyKey(faults: InputFaults, key: string | null): void {
  if (key !== null && (key.length === 0 || key.length > longestKey))
    faults.add("idempotencyKey", `A key must have 1 to ${longestKey} characters.`);
}

export function describeKey(
  caller: Caller,
  key: string,
  { serverId, toolName, arguments: args }: KeyedRequest,
): IdempotencyKey {
  return {
    callerId: caller.apiToken?.id ?? caller.userId,
    keyHash: hash(key),
    requestHash: hash(writeCanonical([serverId, toolName, args])),
  };
}

export function createIdempotency({ store }: { store: IdempotencyStore }): Idempotency {
  return {
    async findFirst(key) {
      const first = await store.find(key);
      if (first && !first.isSameRequest)
        throw new ServiceError(
          "CONFLICT",
          "This idempotency key was used for a different request. Use another key.",
        );
      return first?.executionId ?? null;
    },
    reserve: (key, record) => store.reserve(key, record),
  };
}

function hash(text: string): Uint8Array<ArrayBuffer> {
  // UTF-16, because in UTF-8 all lone surrogates would become the same character.
  return new Uint8Array(createHash("sha256").update(text, "utf16le").digest());
}

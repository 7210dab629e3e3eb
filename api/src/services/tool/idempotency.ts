import { createHash } from "node:crypto";
import type { RunRecord } from "#storage/execution-writer.ts";
import type { IdempotencyKey, IdempotencyStore } from "#storage/idempotency-store.ts";
import type { Caller } from "../access/access.ts";
import { writeCanonical } from "../catalog/canonical-json.ts";
import { type InputFaults, ServiceError } from "../access/service-error.ts";

/** What a caller asks for under a key. */
export interface KeyedRequest {
  serverId: string;
  toolName: string;
  /** Any JSON. */
  arguments: unknown;
}

/** Keys under which a caller runs something once, for a day: each person has their own, and each API token. */
export interface Idempotency {
  /** The id of the first run under the key; null: it is free. @throws ServiceError CONFLICT when something else was asked for under it */
  findFirst(key: IdempotencyKey): Promise<string | null>;
  /** Takes the key, and writes the run. False: somebody else was first. */
  reserve(key: IdempotencyKey, record: RunRecord): Promise<boolean>;
}

const longestKey = 255;

export function checkIdempotencyKey(faults: InputFaults, key: string | null): void {
  if (key !== null && (key.length === 0 || key.length > longestKey))
    faults.add("idempotencyKey", `A key has 1 to ${longestKey} characters.`);
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
          "Something else was asked for under this idempotency key. Take another one.",
        );
      return first?.executionId ?? null;
    },
    reserve: (key, record) => store.reserve(key, record),
  };
}

function hash(text: string): Uint8Array<ArrayBuffer> {
  // Lone surrogates would all be one character in UTF-8.
  return new Uint8Array(createHash("sha256").update(text, "utf16le").digest());
}

import { createSecretKey, randomBytes } from "node:crypto";
import type { KeyObject } from "node:crypto";

const KEY_BYTES = 32;
// At most 32 characters: a 32-byte key in base64 has 44, so a key can never be mistaken for an id
// and displayed.
const KEY_ID = /^[A-Za-z0-9_-]{1,32}$/;

export interface Keyring {
  /** The first key of the list, which seals all new values. */
  readonly sealing: { readonly id: string; readonly key: KeyObject };
  /** The ids of all keys in the given order. Each key opens the values that it sealed. */
  readonly ids: readonly string[];
  find(id: string): KeyObject | undefined;
}

export type KeyringFault =
  | "EMPTY"
  | "BAD_ENTRY"
  | "BAD_ID"
  | "DUPLICATE_ID"
  | "BAD_BASE64"
  | "WRONG_LENGTH";

/** An invalid list of keys. The message identifies the entry, but never contains any part of it. */
export class KeyringError extends Error {
  override readonly name = "KeyringError";
  readonly code: KeyringFault;

  constructor(code: KeyringFault, message: string) {
    super(message);
    this.code = code;
  }
}

/**
 * Parses the value of `ENCRYPTION_KEYS` (or the key file): `id:base64,id:base64`.
 *
 * @throws {KeyringError} if the list is empty, or an entry is malformed, duplicate or not 32 bytes
 */
export function parseKeyring(text: string): Keyring {
  if (text.trim() === "") throw new KeyringError("EMPTY", "The list of encryption keys is empty.");
  const entries = text.split(",").map(parseEntry);
  const keys = new Map<string, KeyObject>();
  for (const { id, key } of entries) {
    if (keys.has(id)) {
      throw new KeyringError("DUPLICATE_ID", `Two encryption keys have the id "${id}".`);
    }
    keys.set(id, key);
  }
  const [sealing] = entries;
  if (!sealing) throw new KeyringError("EMPTY", "The list of encryption keys is empty.");
  return { sealing, ids: [...keys.keys()], find: (id) => keys.get(id) };
}

/**
 * Generates a new entry, `id:base64`, for `ENCRYPTION_KEYS` or the key file.
 *
 * @throws {KeyringError} if the id is not 1 to 32 letters, digits, "_" or "-"
 */
export function generateKey(id: string): string {
  if (!isKeyId(id)) throw new KeyringError("BAD_ID", `A key id is ${KEY_ID_RULE}.`);
  return `${id}:${randomBytes(KEY_BYTES).toString("base64")}`;
}

export function isKeyId(text: string): boolean {
  return KEY_ID.test(text);
}

const KEY_ID_RULE = '1 to 32 letters, digits, "_" or "-"';

function parseEntry(entry: string, index: number): { id: string; key: KeyObject } {
  const which = `Encryption key ${index + 1}`;
  const parts = entry.trim().split(":");
  const [id, encoded] = parts;
  if (parts.length !== 2 || id === undefined || encoded === undefined) {
    throw new KeyringError("BAD_ENTRY", `${which} does not read id:base64.`);
  }
  // The id is not displayed, because it is the key if the two parts were swapped.
  if (!isKeyId(id)) throw new KeyringError("BAD_ID", `${which}: the id must be ${KEY_ID_RULE}.`);
  const bytes = Buffer.from(encoded, "base64");
  // Buffer.from ignores invalid characters, so only an exact round trip proves valid base64.
  if (bytes.toString("base64") !== encoded) {
    throw new KeyringError("BAD_BASE64", `${which} ("${id}") is not padded, standard base64.`);
  }
  if (bytes.length !== KEY_BYTES) {
    const found = `${bytes.length} bytes long, not ${KEY_BYTES}`;
    throw new KeyringError("WRONG_LENGTH", `${which} ("${id}") is ${found}.`);
  }
  return { id, key: createSecretKey(bytes) };
}

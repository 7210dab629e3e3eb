import { createHash, randomBytes } from "node:crypto";

/** A random token of `byteLength` bytes of entropy, as base64url (safe in URLs and headers). */
export function randomToken(byteLength: number): string {
  return randomBytes(byteLength).toString("base64url");
}

/**
 * SHA-256 of the text's UTF-8 bytes, 32 bytes: what is stored in place of a state or an API token.
 * Enough without salt or stretching because those are random, never chosen by a person.
 */
export function sha256(text: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array(createHash("sha256").update(text, "utf8").digest());
}

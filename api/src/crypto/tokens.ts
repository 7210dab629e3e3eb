import { createHash, randomBytes } from "node:crypto";

/** A random token of `byteLength` bytes of entropy, as base64url (safe in URLs and headers). */
export function randomToken(byteLength: number): string {
  return randomBytes(byteLength).toString("base64url");
}

/**
 * SHA-256 of the UTF-8 bytes of the text, 32 bytes. It is stored in place of a state or an API
 * token. Salt and stretching are not needed, because these are random and never chosen by a user.
 */
export function sha256(text: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array(createHash("sha256").update(text, "utf8").digest());
}

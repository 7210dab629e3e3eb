import { randomInt } from "node:crypto";
import { crc32 } from "node:zlib";

const prefix = "gatehouse_";
const digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
/** 190 bits of entropy. */
const secretLength = 32;
/** The maximum length of 32 bits in base 62. */
const checksumLength = 6;
const form = new RegExp(`^${prefix}[0-9A-Za-z]{${secretLength + checksumLength}}$`);

/**
 * The number of characters that are stored and displayed for identification. They reveal 24 of the
 * 190 bits.
 */
export const shownLength = prefix.length + 4;

/**
 * Creates an API token with a fixed prefix and a checksum, so that secret scanners recognize it
 * with certainty, and a mistyped token is rejected without a database query.
 */
export function makeApiToken(): string {
  const secret = Array.from({ length: secretLength }, () => digits[randomInt(62)]).join("");
  return prefix + secret + checksumOf(secret);
}

/**
 * Whether the text has the form and checksum of an API token. It may still be unknown or revoked.
 */
export function isApiToken(text: string): boolean {
  if (!form.test(text)) return false;
  const secret = text.slice(prefix.length, -checksumLength);
  return text.endsWith(checksumOf(secret));
}

function checksumOf(secret: string): string {
  let rest = crc32(secret);
  let checksum = "";
  for (let place = 0; place < checksumLength; place += 1) {
    checksum = digits[rest % 62] + checksum;
    rest = Math.floor(rest / 62);
  }
  return checksum;
}

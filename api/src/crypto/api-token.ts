import { randomInt } from "node:crypto";
import { crc32 } from "node:zlib";

const prefix = "gatehouse_";
const digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
/** 190 bits. */
const secretLength = 32;
/** The most that 32 bits take in base 62. */
const checksumLength = 6;
const form = new RegExp(`^${prefix}[0-9A-Za-z]{${secretLength + checksumLength}}$`);

/** So much of a token is kept and shown, for its owner to recognise it: it tells 24 of its 190 bits. */
export const shownLength = prefix.length + 4;

/**
 * A new API token: a prefix of our own and a checksum, so that whoever scans for leaked secrets recognises one with certainty, and a
 * mistyped one is told without a look into the database.
 */
export function makeApiToken(): string {
  const secret = Array.from({ length: secretLength }, () => digits[randomInt(62)]).join("");
  return prefix + secret + checksumOf(secret);
}

/** Whether the text is an API token by its form and checksum; says nothing about whether it is good. */
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

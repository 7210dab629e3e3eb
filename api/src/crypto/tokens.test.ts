import { expect, it } from "vitest";
import { randomToken, sha256 } from "./tokens.ts";

it("makes base64url tokens of the asked entropy, each different", () => {
  const tokens = new Set(Array.from({ length: 100 }, () => randomToken(32)));
  expect(tokens.size).toBe(100);
  for (const token of tokens) expect(token).toMatch(/^[A-Za-z0-9_-]{43}$/);
});

it("hashes as FIPS 180-4 says", () => {
  const hash = sha256("abc");
  expect(hash.constructor).toBe(Uint8Array);
  expect(Buffer.from(hash).toString("hex")).toBe(
    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
  );
});

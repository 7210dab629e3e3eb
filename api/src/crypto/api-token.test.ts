import fc from "fast-check";
import { expect, it } from "vitest";
import { isApiToken, makeApiToken } from "./api-token.ts";

it("makes tokens that it recognises, no two alike", () => {
  const tokens = Array.from({ length: 200 }, makeApiToken);
  expect(tokens.every(isApiToken)).toBe(true);
  expect(new Set(tokens).size).toBe(200);
  expect(tokens[0]).toMatch(/^gatehouse_[0-9A-Za-z]{38}$/);
});

it("tells a mistyped token by its checksum", () => {
  const letter = fc.constantFrom(..."0123456789ABCxyz");
  fc.assert(
    fc.property(fc.integer({ min: 10, max: 47 }), letter, (place, other) => {
      const token = makeApiToken();
      const mistyped = token.slice(0, place) + other + token.slice(place + 1);
      expect(isApiToken(mistyped)).toBe(mistyped === token);
    }),
  );
  expect(isApiToken("")).toBe(false);
  expect(isApiToken(`${makeApiToken()} `)).toBe(false);
});

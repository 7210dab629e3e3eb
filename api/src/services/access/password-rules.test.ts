import { expect, it } from "vitest";

import { findPasswordFault } from "./password-rules.ts";

const owner = { email: "Grace.Hopper@example.com", name: "Grace Hopper" };
const codeOf = async (password: string) => (await findPasswordFault(password, owner))?.code ?? null;

it.each([
  ["12345678", "PASSWORD_TOO_SHORT"],
  ["ninechars", "PASSWORD_TOO_SHORT"],
  ["😀😀😀😀😀", "PASSWORD_TOO_SHORT"],
  ["x".repeat(129), "PASSWORD_TOO_LONG"],
  ["1234567890", "PASSWORD_TOO_COMMON"],
  ["qwertyuiop", "PASSWORD_TOO_COMMON"],
  ["Password123", "PASSWORD_TOO_COMMON"],
  ["Password1234", "PASSWORD_TOO_COMMON"],
  ["PASSWORD!!!!", "PASSWORD_TOO_COMMON"],
  ["Dragon2026", "PASSWORD_TOO_COMMON"],
  ["basketball", "PASSWORD_TOO_COMMON"],
  ["grace.hopper@EXAMPLE.com", "PASSWORD_IS_NAME"],
  ["grace.hopper", "PASSWORD_IS_NAME"],
  ["Grace Hopper", "PASSWORD_IS_NAME"],
  ["gracehopper", "PASSWORD_IS_NAME"],
  ["correct horse battery staple", null],
  ["long enough it is", null],
  ["dragon-48151623", null],
  ["zk3v9q0x7w", null],
])("A14 the new password %s: %s", async (password, code) => {
  expect(await codeOf(password)).toBe(code);
});

it("A14 the message states the rule", async () => {
  expect(await findPasswordFault("short", owner)).toEqual({
    code: "PASSWORD_TOO_SHORT",
    message: "A password must have at least 10 characters.",
  });
});

import { expect, it } from "vitest";
import { InputFaults } from "../access/service-error.ts";
import { checkIdempotencyKey, describeKey } from "./idempotency.ts";

const ada = { userId: "ada" };
const request = { serverId: "s", toolName: "t", arguments: { a: 1, b: { c: [1, 2], d: null } } };
const hashOf = (change: object) =>
  Buffer.from(describeKey(ada, "key", { ...request, ...change }).requestHash).toString("hex");

it("the same is asked for whatever the order of members, and nothing else is the same", () => {
  const turned = { b: { d: null, c: [1, 2] }, a: 1 };
  expect(hashOf({ arguments: turned })).toBe(hashOf({}));
  const others = [
    { serverId: "s2" },
    { toolName: "t2" },
    { arguments: { ...request.arguments, a: "1" } },
    { arguments: { a: 1, b: { c: [2, 1], d: null } } },
    { arguments: { a: 1, b: { c: [1, 2] } } },
  ];
  const hashes = [{}, ...others].map(hashOf);
  expect(new Set(hashes).size).toBe(hashes.length);
});

it("a key belongs to a person, or to an API token", () => {
  const token = { id: "token", workspaceId: "w", scope: "EXECUTE" } as const;
  expect(describeKey(ada, "key", request).callerId).toBe("ada");
  expect(describeKey({ ...ada, apiToken: token }, "key", request).callerId).toBe("token");
  expect(describeKey(ada, "\ud800", request).keyHash).not.toEqual(
    describeKey(ada, "\udfff", request).keyHash,
  );
});

it.each([
  ["", false],
  ["k", true],
  ["k".repeat(255), true],
  ["k".repeat(256), false],
  [null, true],
])("%s", (key, isGood) => {
  const faults = new InputFaults();
  checkIdempotencyKey(faults, key);
  if (isGood) faults.throwIfAny();
  else expect(() => faults.throwIfAny()).toThrow(/1 to 255 characters/);
});

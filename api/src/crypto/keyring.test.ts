import { inspect } from "node:util";
import { describe, expect, it } from "vitest";
import { generateKey, KeyringError, parseKeyring } from "./keyring.ts";
import type { KeyringFault } from "./keyring.ts";

const KEY_A = Buffer.alloc(32, "a").toString("base64");
const KEY_B = Buffer.alloc(32, "b").toString("base64");

describe("parseKeyring", () => {
  it("seals with the first key and opens with all", () => {
    const keyring = parseKeyring(` new:${KEY_A}, old:${KEY_B}\n`);
    expect(keyring.sealing.id).toBe("new");
    expect(keyring.ids).toEqual(["new", "old"]);
    expect(keyring.find("new")?.export().toString("base64")).toBe(KEY_A);
    expect(keyring.find("old")?.export().toString("base64")).toBe(KEY_B);
    expect(keyring.find("other")).toBeUndefined();
  });

  const faults: [string, string, KeyringFault][] = [
    ["nothing", "", "EMPTY"],
    ["blanks", " \n", "EMPTY"],
    ["a key without id", KEY_A, "BAD_ENTRY"],
    ["a trailing comma", `a:${KEY_A},`, "BAD_ENTRY"],
    ["two colons", `a:b:${KEY_A}`, "BAD_ENTRY"],
    ["an empty id", `:${KEY_A}`, "BAD_ID"],
    ["an id with a blank", `a b:${KEY_A}`, "BAD_ID"],
    ["id and key swapped", `${KEY_A}:a`, "BAD_ID"],
    ["an id of 33 characters", `${"x".repeat(33)}:${KEY_A}`, "BAD_ID"],
    ["one id twice", `a:${KEY_A},a:${KEY_B}`, "DUPLICATE_ID"],
    ["no base64", `a:${"!".repeat(44)}`, "BAD_BASE64"],
    ["base64 without its padding", `a:${KEY_A.replace("=", "")}`, "BAD_BASE64"],
    ["base64url", `a:${Buffer.alloc(32, 0xff).toString("base64url")}=`, "BAD_BASE64"],
    ["an empty key", "a:", "WRONG_LENGTH"],
    ["31 bytes", `a:${Buffer.alloc(31, 1).toString("base64")}`, "WRONG_LENGTH"],
    ["33 bytes", `a:${Buffer.alloc(33, 1).toString("base64")}`, "WRONG_LENGTH"],
  ];
  it.each(faults)("refuses %s and never echoes a key", (_what, text, code) => {
    const error = catchError(() => parseKeyring(text));
    expect(error).toBeInstanceOf(KeyringError);
    expect(error).toMatchObject({ code });
    for (const key of text.split(/[,:]/).filter((part) => part.length > 40)) {
      expect(inspect(error, { depth: 9 })).not.toContain(key);
    }
  });

  it("does not show key material when inspected", () => {
    const shown = inspect(parseKeyring(`a:${KEY_A}`), { depth: 9, showHidden: true });
    expect(shown).not.toContain(KEY_A);
    expect(shown).not.toContain("61 61 61");
  });
});

describe("generateKey", () => {
  it("makes entries that parse, each different", () => {
    const one = generateKey("k1");
    const two = generateKey("k2");
    expect(parseKeyring(`${one},${two}`).ids).toEqual(["k1", "k2"]);
    expect(one.slice(3)).not.toBe(two.slice(3));
  });

  it("refuses an id that would not parse", () => {
    expect(catchError(() => generateKey("a:b"))).toMatchObject({ code: "BAD_ID" });
  });
});

function catchError(run: () => unknown): unknown {
  try {
    run();
  } catch (error) {
    return error;
  }
  throw new Error("expected a throw");
}

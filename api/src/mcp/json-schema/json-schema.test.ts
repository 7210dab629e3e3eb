import { Ajv } from "ajv";
import addPlainFormats from "ajv-formats";
import { describe, expect, it } from "vitest";
import { checkAgainstSchema } from "./json-schema.ts";
import { compareWithParsing } from "../testing/sessions.ts";

const formats = Object.keys(addPlainFormats.default(new Ajv()).formats).filter(
  (format) => format !== "url",
);

function isTaken(format: string, text: string): boolean {
  const check = checkAgainstSchema({ type: "string", format }, text);
  return check.kind === "checked" && check.errors.length === 0;
}

describe("formats", () => {
  const beginnings = ["", "http://", "http://a@", "a@a.", "http://[", "{", "#/", "P1DT", "0/"];
  const middles = [
    "a",
    "a:",
    "a.",
    "a-",
    "a@",
    ":@",
    "/",
    "%41",
    "1.",
    "1:",
    ":",
    "0",
    "{a}",
    "{a,",
    "a,",
    "AAAA",
    "AAAA\n",
    "=",
    " ",
    "T",
    "1Y",
    "\\",
    "(",
    "[",
    "(?<a>)|",
    "~0",
    "é",
    "a-a.",
    "@a.bb/",
    "@1.1.1.1:",
    "aa.",
  ];

  it.each(formats)("reads a long %s in a time that grows with its length", (format) => {
    for (const beginning of beginnings)
      for (const middle of middles)
        for (const end of ["", "!", " "]) {
          const text = beginning + middle.repeat(20_000 / middle.length) + end;
          const times = compareWithParsing(text, (one) => isTaken(format, one));
          expect(times, JSON.stringify([beginning, middle, end])).toBeLessThan(5_000);
        }
  });

  it("takes a url, and is not held up by one with many colons", () => {
    expect(isTaken("url", "http://a:b:c@d@example.com/")).toBe(true);
    expect(isTaken("url", "example.com")).toBe(false);
    const evil = `http://${"a:".repeat(100_000)}!`;
    expect(checkAgainstSchema({ type: "string", format: "url" }, evil)).toHaveProperty("note");
  });
});

describe("a long text", () => {
  it.each([
    ["a format", { format: "email" }],
    ["a pattern", { pattern: "^[a-z]+$" }],
    ["a pattern of names", { type: "object", patternProperties: { "^[a-z]+$": {} } }],
  ])("is checked under a watchdog against %s", (_, schema) => {
    const length = 300_000;
    const text = "a".repeat(length);
    const value = "patternProperties" in schema ? { [text]: 1 } : text;
    let isWatched = false;
    // Code with a time limit is called from a script of another realm.
    const spied = new Proxy([value], {
      get(target, key, receiver) {
        if (key === "0") isWatched ||= new Error("here").stack?.includes("evalmachine") === true;
        return Reflect.get(target, key, receiver);
      },
    });
    expect(checkAgainstSchema({ type: "array", items: schema }, spied).kind).toBe("checked");
    expect(isWatched).toBe(true);
  });

  it("costs a schema that does not read it no watchdog", () => {
    let isWatched = false;
    const spied = new Proxy(["a".repeat(300_000)], {
      get(target, key, receiver) {
        if (key === "0") isWatched ||= new Error("here").stack?.includes("evalmachine") === true;
        return Reflect.get(target, key, receiver);
      },
    });
    checkAgainstSchema({ type: "array", items: { type: "string", maxLength: 5 } }, spied);
    expect(isWatched).toBe(false);
  });
});

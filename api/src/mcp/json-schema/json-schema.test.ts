import { Ajv } from "ajv";
import addPlainFormats from "ajv-formats";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { checkAgainstSchema } from "./json-schema.ts";
import { compareWithParsing } from "../testing/sessions.ts";

const formats = Object.keys(addPlainFormats.default(new Ajv()).formats);

const isValid = (format: string, text: string) =>
  expect(checkAgainstSchema({ type: "string", format }, text)).toHaveProperty("errors", []);

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

  it.each([
    "http://example.com",
    "HTTPS://example.com:8443/a?b=c#d",
    "ftp://ann:secret@example.com/a@b",
    "http://a:b:c@d@example.com/",
    "http://142.42.1.1:8080/",
    "http://☺.damowmow.com/",
    "http://foo.com/blah_(wikipedia)#cite-1",
    "http://1337.net:99999",
  ])("takes %s for a url", (url) => isValid("url", url));

  it("takes for a url what ajv-formats takes for one", () => {
    const theirs = new Ajv({ strict: false });
    addPlainFormats.default(theirs);
    const check = theirs.compile({ type: "string", format: "url" });
    const part = fc.constantFrom(
      "a",
      "b-c",
      "-",
      ".",
      "..",
      ":",
      "@",
      "/",
      "?",
      "#",
      " ",
      "_",
      "é",
      "80",
      "10",
      "99999",
      "1.2.3.4",
      "10.0.0.1",
      "127.0.0.1",
      "172.16.0.1",
      "com",
      ".de",
      "://",
      "http://",
      "\n",
    );
    const scheme = fc.constantFrom("http://", "https://", "ftp://", "Http://", "ws://", "");
    const text = fc.tuple(scheme, fc.array(part, { maxLength: 8 }));
    const known = fc.sample(text, 60_000).map(([start, rest]) => start + rest.join(""));
    expect(known.filter((one) => check(one)).length).toBeGreaterThan(200);
    expect(known.filter((one) => isTaken("url", one) !== check(one))).toEqual([]);
  });

  it("goes on refusing what is none", () => {
    for (const text of ["", "example.com", "http://", "http://a b.com", "mailto:a@b.de"])
      expect(isTaken("url", text)).toBe(false);
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

import { describe, expect, it } from "vitest";
import { checkArguments, validateArguments } from "./arguments.ts";

const schema = {
  type: "object",
  properties: {
    name: { type: "string", minLength: 1, maxLength: 5 },
    age: { type: "integer", minimum: 0, exclusiveMaximum: 200 },
    mail: { type: "string", format: "email" },
    kind: { enum: ["a", "b", 3] },
    tags: { type: "array", items: { type: "string" }, minItems: 1, maxItems: 2, uniqueItems: true },
    place: { type: "object", properties: { "a/b~c": { type: "string" } }, required: ["a/b~c"] },
    note: { anyOf: [{ type: "string" }, { type: "null" }] },
    code: { type: "string", pattern: "^[A-Z]+$" },
  },
  required: ["name"],
  additionalProperties: false,
};

function nest(levels: number): unknown {
  let value: unknown = 1;
  for (let level = 0; level < levels; level += 1) value = [value];
  return value;
}

describe("validateArguments", () => {
  it("finds nothing wrong with what fits", () => {
    const args = {
      name: "Ann",
      age: 3,
      mail: "a@b.de",
      kind: 3,
      tags: ["x"],
      note: null,
      code: "A",
    };
    expect(validateArguments(schema, args)).toEqual([]);
  });

  it.each([null, undefined, [], "text", 5])("wants an object, not %j", (args) => {
    expect(validateArguments(schema, args)).toEqual([{ path: "", message: "must be an object" }]);
  });

  it.each([
    ["a missing property", {}, "/name", "is required"],
    ["a missing property inside", { name: "A", place: {} }, "/place/a~1b~0c", "is required"],
    ["one too many", { name: "A", "x/y": 1 }, "/x~1y", "is not an argument of this tool"],
    ["a wrong type", { name: 5 }, "/name", "must be a string"],
    ["a wrong whole number", { name: "A", age: 1.5 }, "/age", "must be an integer"],
    ["an empty text", { name: "" }, "/name", "must not be empty"],
    ["a long text", { name: "Johannes" }, "/name", "must have at most 5 characters"],
    ["a small number", { name: "A", age: -1 }, "/age", "must be 0 or more"],
    ["a large number", { name: "A", age: 200 }, "/age", "must be less than 200"],
    ["a format", { name: "A", mail: "x" }, "/mail", "must be a valid email"],
    ["a choice", { name: "A", kind: "c" }, "/kind", 'must be one of "a", "b", 3'],
    ["an item", { name: "A", tags: [1] }, "/tags/0", "must be a string"],
    ["too few items", { name: "A", tags: [] }, "/tags", "must have at least 1 item"],
    [
      "the same twice",
      { name: "A", tags: ["x", "x"] },
      "/tags",
      "must not contain duplicate items",
    ],
    ["alternatives", { name: "A", note: 5 }, "/note", "must be a string or null"],
    ["a pattern", { name: "A", code: "a" }, "/code", "must match the pattern ^[A-Z]+$"],
  ])("says where and what: %s", (_name, args, path, message) => {
    expect(validateArguments(schema, args)).toEqual([{ path, message }]);
  });

  it("tells every fault once", () => {
    const issues = validateArguments(schema, { age: "x", kind: "c" });
    expect(issues.map(({ path }) => path).toSorted()).toEqual(["/age", "/kind", "/name"]);
  });

  it("tells the faults of the alternative that was meant", () => {
    const properties = { a: { type: "string" } };
    const alternatives = [{ type: "object", properties, required: ["a"] }, { type: "null" }];
    const nested = { type: "object", properties: { it: { anyOf: alternatives } } };
    expect(validateArguments(nested, { it: {} })).toEqual([
      { path: "/it/a", message: "is required" },
    ]);
  });

  it("tells at most a hundred", () => {
    const many = { type: "object", additionalProperties: { type: "string" } };
    const args = Object.fromEntries(Array.from({ length: 500 }, (_, index) => [`k${index}`, 1]));
    expect(validateArguments(many, args)).toHaveLength(100);
  });
});

const branch = ($ref: string) => ({ type: "object", properties: { a: { $ref } } });

describe("schemas as they come", () => {
  const withA = (a: unknown, more: object = {}) => ({ type: "object", properties: { a }, ...more });

  it.each([
    ["http://json-schema.org/draft-07/schema#"],
    ["https://json-schema.org/draft/2020-12/schema"],
    ["https://example.com/our-own-dialect"],
  ])("takes the dialect %s", ($schema) => {
    expect(validateArguments(withA({ type: "string" }, { $schema }), { a: 1 })).toHaveLength(1);
  });

  it("takes draft-07's form of items without being told", () => {
    const tuple = withA({ type: "array", items: [{ type: "string" }, { type: "number" }] });
    expect(validateArguments(tuple, { a: ["x", "y"] })).toEqual([
      { path: "/a/1", message: "must be a number" },
    ]);
  });

  it("tolerates unknown keywords, formats and types of their own making", () => {
    const odd = withA({ type: "string", format: "colour", "x-widget": { any: 1 }, nullable: true });
    expect(checkArguments(odd, { a: "red" })).toEqual({ issues: [], note: null });
  });

  it("follows references inside", () => {
    const inside = withA({ $ref: "#/$defs/it" }, { $defs: { it: { type: "string" } } });
    expect(validateArguments(inside, { a: 1 })).toEqual([
      { path: "/a", message: "must be a string" },
    ]);
  });

  it("takes two schemas of one id", () => {
    const one = withA({ type: "string" }, { $id: "https://example.com/it" });
    const other = withA({ type: "number" }, { $id: "https://example.com/it" });
    expect(validateArguments(one, { a: 1 })).toHaveLength(1);
    expect(validateArguments(other, { a: 1 })).toHaveLength(0);
  });

  it("is not made asynchronous", () => {
    expect(validateArguments(withA({ type: "string" }, { $async: true }), { a: 1 })).toHaveLength(
      1,
    );
  });

  it.each([
    ["a reference elsewhere", withA({ $ref: "https://example.com/secret.json" })],
    ["a type that is none", withA({ type: "text" })],
    ["no object", null],
    ["its own reflection", { $ref: "#" }],
    ["far too large", withA({ enum: ["x".repeat(300_000)] })],
    ["levels without end", withA(nest(100_000))],
    ["references to nowhere", withA({ $ref: "#/$defs/none" })],
    ["a reference to a file", withA({ $ref: "file:///etc/passwd" })],
  ])("checks nothing, and says so, with %s", (_name, unusable) => {
    const { issues, note } = checkArguments(unusable, { a: 1 });
    expect(issues).toEqual([]);
    expect(note).toMatch(/^The tool's schema cannot be used: /);
  });

  it.each(["^(a+)+$", "(a*)*b", "^(\\w+\\s?)*$", "(?=(a+)+b)a", "(a*)*\\1b"])(
    "is not held up by the pattern %s, and says that nothing was checked",
    (pattern) => {
      const evil = withA({ type: "string", pattern });
      const startedAt = performance.now();
      const { issues, note } = checkArguments(evil, { a: `${"a".repeat(50)}!` });
      expect(performance.now() - startedAt).toBeLessThan(2_000);
      expect(issues).toEqual([]);
      expect(note).toBe("The tool's schema cannot be used: validating against it takes too long.");
      expect(validateArguments(evil, { a: 5 })).toHaveLength(1);
    },
  );

  it("checks many short texts against a pattern", () => {
    const many = withA({ type: "array", items: { pattern: "^[a-z]+$" } });
    const a = Array.from({ length: 20_000 }, (_, index) => (index === 19_999 ? "!" : "abcdef"));
    expect(validateArguments(many, { a })).toMatchObject([{ path: "/a/19999" }]);
  });

  it("shares one time budget among many evil patterns", () => {
    const entries = Array.from({ length: 200 }, (_, index) => [
      `p${index}`,
      { pattern: `^(a+)+${index}$` },
    ]);
    const evil = { type: "object", properties: Object.fromEntries(entries) };
    const args = Object.fromEntries(entries.map(([name]) => [name, `${"a".repeat(50)}!`]));
    const startedAt = performance.now();
    validateArguments(evil, args);
    expect(performance.now() - startedAt).toBeLessThan(2_000);
  });

  it.each([
    [
      "alternatives that double at every level",
      {
        $ref: "#/$defs/tree",
        $defs: {
          tree: { anyOf: [branch("#/$defs/tree"), branch("#/$defs/tree"), { type: "string" }] },
        },
      },
    ],
    [
      "references that double at every level",
      {
        $ref: "#/$defs/d0",
        $defs: Object.fromEntries(
          Array.from({ length: 41 }, (_, level) => {
            const next = { $ref: `#/$defs/d${level + 1}` };
            return [`d${level}`, level < 40 ? { allOf: [next, next] } : { type: "object" }];
          }),
        ),
      },
    ],
  ])("lets no %s hold up the process", (_name, evil) => {
    let args: unknown = 1;
    for (let level = 0; level < 50; level += 1) args = { a: args };
    const { issues, note } = checkArguments(evil, args);
    expect(issues).toEqual([]);
    expect(note).toBe("The tool's schema cannot be used: validating against it takes too long.");
    // A second attempt is not made.
    const startedAt = performance.now();
    for (let turn = 0; turn < 1_000; turn += 1) checkArguments(evil, args);
    expect(performance.now() - startedAt).toBeLessThan(20_000);
  });

  it("goes on checking what is short after what took too long", () => {
    const tree = { anyOf: [branch("#"), branch("#"), { type: "string" }] };
    let deep: unknown = 1;
    for (let level = 0; level < 50; level += 1) deep = { a: deep };
    expect(checkArguments(tree, deep)).toHaveProperty("note", expect.any(String));
    expect(checkArguments(tree, { a: 5 })).toMatchObject({
      note: null,
      issues: [{ path: "/a" }, {}],
    });
  });

  it("lets no comparison of each with each hold up the process", () => {
    const evil = withA({ type: "array", uniqueItems: true });
    const a = Array.from({ length: 40_000 }, (_, index) => ({ index }));
    const { note } = checkArguments(evil, { a });
    expect(note).toBe("The tool's schema cannot be used: validating against it takes too long.");
    expect(checkArguments(evil, { a: [{ b: 1 }, { b: 1 }] }).issues).toHaveLength(1);
  });

  it("checks a tree against a schema that refers to itself", () => {
    const tree = withA({ $ref: "#/$defs/node" }, { $defs: { node: branch("#/$defs/node") } });
    expect(validateArguments(tree, { a: { a: { a: {} } } })).toEqual([]);
    expect(validateArguments(tree, { a: { a: { a: 5 } } })).toEqual([
      { path: "/a/a/a", message: "must be an object" },
    ]);
  });

  it("takes patterns that are no Unicode patterns, and ignores those that are none", () => {
    expect(validateArguments(withA({ pattern: "^[\\w\\-]+$" }), { a: "!" })).toHaveLength(1);
    expect(validateArguments(withA({ pattern: "(" }), { a: "x" })).toEqual([]);
  });
});

import { describe, expect, it } from "vitest";
import { validateArguments } from "../json-schema/arguments.ts";
import { fillDefaults, readFormSchema } from "./form-schema.ts";
import type { JsonObject } from "../json-schema/json.ts";
import { readElicitation } from "./elicitation.ts";

const form = (properties: JsonObject, rest: JsonObject = {}) => ({
  message: "Tell me.",
  requestedSchema: { type: "object", properties, ...rest },
});
const read = (params: unknown, allowsLoopback = false) => readElicitation(params, allowsLoopback);
const schemaOf = (properties: JsonObject, rest: JsonObject = {}) => {
  const answer = readFormSchema({ type: "object", properties, ...rest });
  return answer.kind === "form" ? answer.schema : answer;
};

describe("a form", () => {
  it("keeps the primitive kinds of fields, with what the protocol says of them", () => {
    const properties = {
      name: { type: "string", title: "Name", description: "Yours", minLength: 1, maxLength: 9 },
      mail: { type: "string", format: "email", default: "a@example.com" },
      age: { type: "integer", minimum: 0, maximum: 150, default: 30 },
      score: { type: "number", default: 1.5 },
      agree: { type: "boolean", default: true },
      one: { type: "string", enum: ["a", "b"], default: "a" },
      titled: {
        type: "string",
        oneOf: [
          { const: "a", title: "A" },
          { const: "b", title: "B" },
        ],
      },
      many: {
        type: "array",
        items: { type: "string", enum: ["a", "b"] },
        minItems: 1,
        maxItems: 2,
      },
      titledMany: { type: "array", items: { anyOf: [{ const: "a", title: "A" }] }, default: ["a"] },
    };
    expect(schemaOf(properties, { required: ["name"] })).toEqual({
      type: "object",
      properties: {
        ...properties,
        mail: { ...properties.mail, maxLength: 10_000 },
        many: { ...properties.many, uniqueItems: true },
        titledMany: { ...properties.titledMany, uniqueItems: true },
      },
      required: ["name"],
      additionalProperties: false,
    });
  });

  it("gives the names of the legacy form to the choices", () => {
    expect(schemaOf({ one: { type: "string", enum: ["a", "b"], enumNames: ["A"] } })).toMatchObject(
      {
        properties: {
          one: {
            oneOf: [
              { const: "a", title: "A" },
              { const: "b", title: "b" },
            ],
          },
        },
      },
    );
  });

  it("drops every other keyword, names in `required` that there are not, and defaults of another kind", () => {
    const field = { type: "integer", default: "x", $ref: "https://example.com", anyOf: [{}] };
    expect(
      schemaOf({ field }, { required: ["field", "other", 7], $defs: {}, allOf: [{}] }),
    ).toEqual({
      type: "object",
      properties: { field: { type: "integer" } },
      required: ["field"],
      additionalProperties: false,
    });
  });

  it.each([
    ["an object inside", { field: { type: "object", properties: {} } }],
    ["a list of anything", { field: { type: "array", items: { type: "string" } } }],
    ["a list of numbers", { field: { type: "array", items: { type: "number", enum: [1] } } }],
    ["no type", { field: {} }],
    ["several types", { field: { type: ["string", "null"] } }],
    ["an unknown format", { field: { type: "string", format: "ipv4" } }],
    ["no choices", { field: { type: "string", enum: [] } }],
    ["choices that are no text", { field: { type: "string", enum: [1, 2] } }],
    ["limits that are none", { field: { type: "number", minimum: "0" } }],
    ["too many fields", Object.fromEntries(Array.from({ length: 51 }, (_, i) => [`f${i}`, {}]))],
    ["a name that cannot be used", JSON.parse('{"__proto__":{"type":"string"}}') as JsonObject],
    ["a very long name", { ["x".repeat(101)]: { type: "string" } }],
  ])(
    "is declined with %s, and a note that holds none of the server's words",
    (_case, properties) => {
      const answer = read(form(properties));
      expect(answer).toEqual({ kind: "refused", note: expect.stringContaining("declined") });
      expect(JSON.stringify(answer)).not.toContain("Tell me.");
    },
  );

  it.each([
    ["a name", form({ password: { type: "string" } })],
    ["a title", form({ field: { type: "string", title: "API key" } })],
    ["a description", form({ field: { type: "string", description: "Enter your password." } })],
    ["a format", form({ field: { type: "string", format: "password" } })],
    ["a number's name", form({ pin: { type: "integer" } })],
    ["the message", { ...form({ field: { type: "string" } }), message: "Enter your password:" }],
  ])("never asks for a secret, told by %s", (_by, params) => {
    expect(read(params)).toEqual({
      kind: "refused",
      note: expect.stringContaining("a password or another secret"),
    });
  });

  it("may speak of secrets where nothing is typed", () => {
    const choice = { rotateToken: { type: "boolean" }, secret: { type: "string", enum: ["old"] } };
    const params = { ...form(choice), message: "Which of your passwords shall be deleted?" };
    expect(read(params)).toMatchObject({ kind: "question" });
    expect(read({ ...params, message: "Confirm your password change" })).toMatchObject({
      kind: "question",
    });
  });

  it("fills in the defaults of what is left out, and of nothing else", () => {
    const schema = schemaOf({
      a: { type: "string", default: "x" },
      b: { type: "boolean", default: true },
      c: { type: "integer", default: 3 },
    }) as JsonObject;
    expect(fillDefaults(schema, { b: false, c: null })).toEqual({ a: "x", b: false });
    expect(fillDefaults(schema, "text")).toBe("text");
  });

  it("takes nothing that was not asked for", () => {
    const schema = schemaOf({ a: { type: "string" } });
    expect(validateArguments(schema, { a: "x", b: 1 })).toMatchObject([{ path: "/b" }]);
    expect(validateArguments(schema, { a: "x".repeat(10_001) })).toMatchObject([{ path: "/a" }]);
  });
});

describe("an address", () => {
  const url = (address: unknown) => ({ mode: "url", message: "Open it.", url: address });

  it("is one of https, or of this machine where that is allowed", () => {
    expect(read(url("https://example.com/a?b=c#d"))).toEqual({
      kind: "question",
      question: { mode: "url", message: "Open it.", url: "https://example.com/a?b=c#d" },
    });
    expect(read(url("http://localhost:8080/"), true)).toMatchObject({ kind: "question" });
    expect(read(url("http://127.0.0.1/"), true)).toMatchObject({ kind: "question" });
  });

  it.each([
    "http://example.com/",
    "http://localhost:8080/",
    "https://127.0.0.1/",
    "javascript:alert(1)",
    "data:text/html,x",
    "file:///etc/passwd",
    "https://user:secret@example.com/",
    `https://example.com/${"x".repeat(5_000)}`,
    "nonsense",
    7,
    undefined,
  ])("is never %s", (address) => {
    expect(read(url(address))).toMatchObject({ kind: "refused" });
  });

  it("is shown with the host as it is, not as it looks", () => {
    expect(read(url("https://аррӏе.com/"))).toMatchObject({
      question: { url: "https://xn--80ak6aa92e.com/" },
    });
  });
});

describe("a message", () => {
  it("is bounded", () => {
    const answer = read({ ...form({}), message: "x".repeat(1_000_000) });
    expect(answer).toMatchObject({ question: { message: `${"x".repeat(3_999)}…` } });
  });

  it("keeps its lines, and nothing that deceives the eye", () => {
    const message = "One\r\nTwo\u202egnp.exe\u200b\u0007 👩‍👩‍👧\n\n\n\nThree ";
    expect(read({ ...form({}), message })).toMatchObject({
      question: { message: "One\nTwognp.exe 👩‍👩‍👧\n\nThree" },
    });
  });

  it.each([null, 7, "text", {}, { message: 7 }, { mode: "voice", message: "Hello" }])(
    "has to be there: %j",
    (params) => {
      expect(read(params)).toMatchObject({ kind: "refused" });
    },
  );
});

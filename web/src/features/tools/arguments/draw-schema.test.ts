import { describe, expect, it } from "vitest";
import { drawSchema, isDrawable } from "./draw-schema.ts";

function drawProperty(property: unknown, root: Record<string, unknown> = {}) {
  const { schema, uiSchema } = drawSchema({
    ...root,
    type: "object",
    properties: { field: property },
  });
  return { schema: schema.properties?.["field"], ui: uiSchema["field"] as unknown };
}

describe("drawSchema", () => {
  it.each([
    ["a nullable type", { type: ["string", "null"] }, { type: "string" }],
    [
      "a nullable union",
      { anyOf: [{ type: "integer", minimum: 1 }, { type: "null" }], title: "N" },
      { type: "integer", minimum: 1, title: "N" },
    ],
    [
      "constants",
      { oneOf: [{ const: "a" }, { const: "b" }] },
      { type: "string", enum: ["a", "b"] },
    ],
    [
      "a nullable enumeration",
      { enum: ["a", null], description: "D" },
      { type: "string", enum: ["a"], description: "D" },
    ],
    ["one constant", { const: 7 }, { enum: [7] }],
    ["a format that has no input", { type: "string", format: "uuid" }, { type: "string" }],
    [
      "a format that has one",
      { type: "string", format: "date" },
      { type: "string", format: "date" },
    ],
  ])("draws %s", (_case, property, drawn) => {
    expect(drawProperty(property).schema).toEqual(drawn);
  });

  it("keeps the titles of constants", () => {
    const { schema, ui } = drawProperty({ oneOf: [{ const: 1, title: "One" }, { const: 2 }] });
    expect(schema).toEqual({
      oneOf: [
        { const: 1, title: "One" },
        { const: 2, title: "2" },
      ],
    });
    expect(ui).toEqual({ "ui:widget": "select" });
  });

  it("turns prefixItems into items", () => {
    const { schema } = drawProperty({
      type: "array",
      prefixItems: [{ type: "number" }, { type: "string" }],
      items: false,
    });
    expect(schema).toMatchObject({
      type: "array",
      items: [{ type: "number" }, { type: "string" }],
      additionalItems: false,
    });
  });

  it("draws a list of choices as boxes", () => {
    const { ui } = drawProperty({ type: "array", uniqueItems: true, items: { enum: ["a", "b"] } });
    expect(ui).toEqual({ "ui:widget": "checkboxes" });
  });

  it("puts references in their place, with the words beside them", () => {
    const root = {
      $defs: {
        Place: { type: "object", properties: { city: { type: "string" } }, required: ["city"] },
      },
    };
    expect(drawProperty({ $ref: "#/$defs/Place", description: "Where" }, root).schema).toEqual({
      type: "object",
      description: "Where",
      properties: { city: { type: "string" } },
      required: ["city"],
    });
  });

  it("joins the parts of allOf", () => {
    const part = (name: string) => ({
      type: "object",
      properties: { [name]: { type: "string" } },
      required: [name],
    });
    expect(drawProperty({ allOf: [part("a"), part("b")] }).schema).toMatchObject({
      type: "object",
      properties: { a: { type: "string" }, b: { type: "string" } },
      required: ["a", "b"],
    });
  });

  it.each([
    ["anything at all", {}],
    ["true", true],
    ["several types", { type: ["string", "number"] }],
    ["a real union", { anyOf: [{ type: "string" }, { type: "object", properties: {} }] }],
    ["a free map", { type: "object", additionalProperties: { type: "string" } }],
    ["items of any kind", { type: "array" }],
    ["a reference to nowhere", { $ref: "#/$defs/Nowhere" }],
    ["a reference to elsewhere", { $ref: "https://example.com/schema.json" }],
  ])("leaves %s to a JSON field", (_case, property) => {
    expect(drawProperty(property).ui).toEqual({ "ui:field": "json" });
  });

  it("ends a schema that contains itself", () => {
    const Node = {
      type: "object",
      properties: { name: { type: "string" }, next: { $ref: "#/$defs/Node" } },
    };
    const { schema, ui } = drawProperty({ $ref: "#/$defs/Node" }, { $defs: { Node } });
    expect(schema).toMatchObject({ properties: { name: { type: "string" } } });
    expect(ui).toMatchObject({ next: { "ui:field": "json" } });
  });

  it.each([
    null,
    7,
    "x",
    [],
    {},
    { type: "string" },
    { properties: null },
    { properties: { a: null } },
  ])("makes an object of whatever a server sends: %j", (schema) => {
    expect(drawSchema(schema).schema).toMatchObject({ type: "object" });
  });

  it("knows when a form would show nothing of what may be given", () => {
    expect(isDrawable({ type: "object", additionalProperties: true })).toBe(false);
    expect(isDrawable({ type: "object", properties: {} })).toBe(true);
    expect(isDrawable({ type: "object", properties: { a: { type: "string" } } })).toBe(true);
  });
});

import { expect, it } from "vitest";
import { findHeaderFault } from "./header-params.ts";

const property = (more: object) => ({ type: "object", properties: { region: more } });
const region = { type: "string", "x-mcp-header": "Region" };

it.each([
  ["none at all", property({ type: "string" })],
  ["one", property(region)],
  ["one further down", property({ type: "object", properties: { inner: region } })],
  [
    "a property of that name",
    { type: "object", properties: { "x-mcp-header": { type: "string" } } },
  ],
  ["an example that looks like one", property({ type: "object", examples: [region] })],
  ["no schema", null],
])("allows %s", (_name, schema) => {
  expect(findHeaderFault(schema)).toBeNull();
});

it.each([
  ["at the root", { type: "object", "x-mcp-header": "Region" }, "not allowed"],
  ["in an array", property({ type: "array", items: region }), "not allowed"],
  ["in an alternative", { type: "object", anyOf: [property(region)] }, "not allowed"],
  ["behind a reference", { type: "object", $defs: { region } }, "not allowed"],
  ["with spaces", property({ ...region, "x-mcp-header": "My Region" }), "not a header name"],
  ["empty", property({ ...region, "x-mcp-header": "" }), "not a header name"],
  ["on a number", property({ ...region, type: "number" }), "string, integer or boolean"],
  ["on an object", property({ ...region, type: "object" }), "string, integer or boolean"],
  ["twice", { properties: { a: region, b: { ...region, "x-mcp-header": "REGION" } } }, "twice"],
])("refuses one %s", (_name, schema, words) => {
  expect(findHeaderFault(schema)).toContain(words);
});

import { expect, it } from "vitest";
import { fillDefaults, omitEmptied } from "./answer-content.ts";

const schema = {
  type: "object",
  properties: {
    name: { type: "string", default: "Ada" },
    age: { type: "integer" },
    agree: { type: "boolean", default: false },
  },
};

it("begins a form with the defaults", () => {
  expect(fillDefaults(schema)).toEqual({ name: "Ada", agree: false });
  expect(fillDefaults(null)).toEqual({});
  expect(fillDefaults({ type: "object" })).toEqual({});
});

it("sends what was emptied as null, so that no default comes back", () => {
  expect(omitEmptied(schema, { name: undefined, age: 3, agree: true })).toEqual({
    name: null,
    age: 3,
    agree: true,
  });
  expect(omitEmptied(schema, { name: "Grace", agree: false })).toEqual({
    name: "Grace",
    agree: false,
  });
});

import { describe, expect, it } from "vitest";
import { createArgumentCheck } from "./check-arguments.ts";
import { toFormErrors } from "./form-validator.ts";

const schema = {
  type: "object",
  properties: {
    title: { type: "string", minLength: 2 },
    priority: { enum: ["low", "high"] },
    place: { type: "object", properties: { city: { type: "string" } }, required: ["city"] },
    when: { anyOf: [{ type: "string", format: "date" }, { type: "null" }] },
    "a/b": { type: "integer" },
  },
  required: ["title"],
  additionalProperties: false,
};

describe("createArgumentCheck", () => {
  const check = createArgumentCheck(schema);

  it("finds nothing wrong with what fits", () => {
    expect(check({ title: "Hello", place: { city: "Oslo" }, when: null, priority: "low" })).toEqual(
      [],
    );
  });

  it.each([
    [{}, "/title", "Required."],
    [{ title: 5 }, "/title", "Must be of type string."],
    [{ title: "Hi", priority: "urgent" }, "/priority", "Choose one of the values."],
    [{ title: "Hi", place: {} }, "/place/city", "Required."],
    [{ title: "Hi", when: 7 }, "/when", "Fits none of the allowed shapes."],
    [{ title: "Hi", "a/b": 1.5 }, "/a~1b", "Must be of type integer."],
  ])("names the one place that is wrong in %j", (value, path, message) => {
    expect(check(value)).toEqual([{ path, message }]);
  });

  it("says so for a field that is not there", () => {
    const faults = check({ title: "Hi", more: 1 });
    expect(faults.map(({ path }) => path)).toContain("/more");
  });

  it("lets the server judge when the schema cannot be read", () => {
    const broken = createArgumentCheck({
      type: "object",
      properties: { a: { $ref: "#/$defs/none" } },
    });
    expect(broken({ a: 1 })).toEqual([]);
  });
});

it("hands faults to the form at their fields", () => {
  const errors = toFormErrors([
    { path: "/place/city", message: "Required." },
    { path: "", message: "Too many." },
  ]);
  expect(errors).toMatchObject({
    place: { city: { __errors: ["Required."] } },
    __errors: ["Too many."],
  });
});

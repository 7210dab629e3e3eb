import { MantineProvider } from "@mantine/core";
import { createSchemaUtils } from "@rjsf/utils";
import { createElement } from "react";
import { renderToString } from "react-dom/server";
import { describe, expect, it } from "vitest";
import { createArgumentCheck } from "./check-arguments.ts";
import { browsing } from "../../../../test/tool-corpus/browsing.ts";
import { codeHosting } from "../../../../test/tool-corpus/code-hosting.ts";
import { data } from "../../../../test/tool-corpus/data.ts";
import { work } from "../../../../test/tool-corpus/work.ts";
import { drawSchema, isDrawable } from "./draw-schema.ts";
import { createFormValidator } from "./form-validator.ts";
import { SchemaForm } from "./form/schema-form.tsx";

const corpus = [...codeHosting, ...work, ...data, ...browsing];

/** The values that the form holds after it took these: what it draws, with the defaults it fills in. */
function takeThroughForm(schema: unknown, value: Record<string, unknown>): unknown {
  const drawn = drawSchema(schema).schema;
  const validator = createFormValidator(createArgumentCheck(schema));
  return createSchemaUtils(validator, drawn).getDefaultFormState(drawn, value);
}

function renderForm(schema: unknown, value: Record<string, unknown>): string {
  const form = createElement(SchemaForm, {
    inputSchema: schema,
    value,
    faults: undefined,
    onChange: () => {},
    onSubmit: () => {},
    children: null,
  });
  return renderToString(createElement(MantineProvider, null, form));
}

function readDefaults(schema: unknown): Record<string, unknown> {
  const { properties = {} } = schema as { properties?: Record<string, { default?: unknown }> };
  const withDefault = Object.entries(properties).filter(([, each]) => each.default !== undefined);
  return Object.fromEntries(withDefault.map(([name, each]) => [name, each.default]));
}

it("has at least sixty schemas, each of a name of its own", () => {
  const names = new Set(corpus.map(({ name }) => name));
  expect(names.size).toBeGreaterThanOrEqual(60);
  expect(names.size).toBe(corpus.length);
});

describe.each(corpus)("$name", ({ schema, valid, invalid, at }) => {
  it("is drawn, every argument of it, or says that it is JSON alone", () => {
    const html = renderForm(schema, valid);
    const shown = Object.keys(drawSchema(schema).schema.properties ?? {});
    for (const name of shown) {
      expect(html).toContain(`argument_${name}`);
    }
    const undrawn = Object.keys(valid).filter((name) => !shown.includes(name));
    expect(undrawn.length === 0 || !isDrawable(schema)).toBe(true);
  });

  it("keeps its defaults", () => {
    expect(takeThroughForm(schema, {})).toMatchObject(readDefaults(schema));
  });

  it("takes a valid example through the form unchanged", () => {
    const check = createArgumentCheck(schema);
    expect(check(valid)).toEqual([]);
    const taken = takeThroughForm(schema, valid);
    expect(taken).toMatchObject(valid);
    expect(check(taken)).toEqual([]);
  });

  it("tells what is wrong at its place", () => {
    const faults = createArgumentCheck(schema)(invalid);
    expect(faults.map(({ path }) => path)).toContain(at);
    expect(faults.every(({ message }) => message.length > 0)).toBe(true);
  });
});

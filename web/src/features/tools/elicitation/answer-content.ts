type Fields = [name: string, field: { default?: unknown }][];

function readFields(requestedSchema: unknown): Fields {
  if (typeof requestedSchema !== "object" || requestedSchema === null) return [];
  const { properties } = requestedSchema as { properties?: unknown };
  if (typeof properties !== "object" || properties === null) return [];
  return Object.entries(properties) as Fields;
}

/** What a form begins with. */
export function fillDefaults(requestedSchema: unknown): Record<string, unknown> {
  const withDefault = readFields(requestedSchema).filter(
    ([, field]) => field.default !== undefined,
  );
  return Object.fromEntries(withDefault.map(([name, field]) => [name, field.default]));
}

/**
 * What is sent of a form. A field that has a default and was emptied is sent as null: left out, it would get its default back.
 */
export function omitEmptied(
  requestedSchema: unknown,
  content: Record<string, unknown>,
): Record<string, unknown> {
  const emptied = Object.keys(fillDefaults(requestedSchema)).filter(
    (name) => content[name] === undefined,
  );
  return { ...content, ...Object.fromEntries(emptied.map((name) => [name, null])) };
}

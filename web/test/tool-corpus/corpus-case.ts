/**
 * The arguments of one tool, in the shape in which a real server of that kind declares them; the words are ours.
 * `invalid` has one fault, which belongs at the JSON Pointer `at`.
 */
export type CorpusCase = {
  name: string;
  schema: unknown;
  valid: Record<string, unknown>;
  invalid: Record<string, unknown>;
  at: string;
};

type Schema = Record<string, unknown>;

/** Most tools are an object of named arguments. */
export function object(properties: Schema, required: string[] = [], more: Schema = {}): Schema {
  return { type: "object", properties, required, ...more };
}

/** A JSON value from an external source. */
export type JsonObject = Record<string, unknown>;

/** Whether the value is a JSON object, that is, neither null nor an array. */
export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

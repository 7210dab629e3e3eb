import type { Draft } from "./draft-arguments.ts";
import { parseJson } from "./form/json-field.tsx";

/** The arguments as they stand, in the form or as JSON; while the JSON cannot be read, the last ones that could. */
export function readCallArguments({ mode, value, text }: Draft): Record<string, unknown> {
  if (mode === "form") return value;
  const parsed = parseJson(text);
  const isObject =
    parsed.ok && typeof parsed.value === "object" && parsed.value && !Array.isArray(parsed.value);
  return isObject ? (parsed.value as Record<string, unknown>) : value;
}

import { parse, type ParseError } from "jsonc-parser";

export type JsonReading = { ok: true; value: unknown } | { ok: false; message: string };

/** Reads JSON with comments and trailing commas, as editors keep it. A message quotes no text, because it may hold a secret. */
export function readJsonc(text: string): JsonReading {
  if (text.trim() === "") return { ok: false, message: "There is nothing to read yet." };
  const errors: ParseError[] = [];
  const value: unknown = parse(text.replace(/^\uFEFF/, ""), errors, { allowTrailingComma: true });
  const [error] = errors;
  if (!error) return { ok: true, value };
  const line = text.slice(0, error.offset).split("\n").length;
  return { ok: false, message: `This is not JSON: look at line ${line}.` };
}

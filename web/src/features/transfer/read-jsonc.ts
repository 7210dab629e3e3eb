export type JsonReading = { ok: true; value: unknown } | { ok: false; message: string };

/** JSON as editors keep it: with comments and trailing commas. What stands within strings is left alone. */
export function readJsonc(text: string): JsonReading {
  const plain = text
    .replace(/^\uFEFF/, "")
    // A string is matched first, so that what looks like a comment within one stays.
    .replace(/"(?:[^"\\]|\\.)*"|\/\/[^\n\r]*|\/\*[\s\S]*?\*\//g, (part) =>
      part.startsWith('"') ? part : " ",
    )
    .replace(
      /("(?:[^"\\]|\\.)*")|,(?=\s*[}\]])/g,
      (_part, text_: string | undefined) => text_ ?? "",
    );
  if (plain.trim() === "") return { ok: false, message: "There is nothing to read yet." };
  try {
    return { ok: true, value: JSON.parse(plain) as unknown };
  } catch (error) {
    const reason = error instanceof Error ? error.message : "";
    // The parser's words quote the text, and the text may hold a secret.
    const place = /line (\d+)/.exec(reason)?.[1];
    return {
      ok: false,
      message: place ? `This is not JSON: look at line ${place}.` : "This is not JSON.",
    };
  }
}

/** Far above any answer of an authorization server; the egress guard stops the transfer itself. */
const maxCharacters = 1_048_576;

/**
 * A response's body as a JSON object. Null for anything else: no JSON, an array, empty, or huge.
 * @throws what reading the body throws
 */
export async function readJsonObject(response: Response): Promise<Record<string, unknown> | null> {
  // A stream is no document, and may never end.
  if (isEventStream(response)) {
    await response.body?.cancel();
    return null;
  }
  const text = await response.text();
  if (text.length > maxCharacters) return null;
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : null;
  } catch {
    return null;
  }
}

export function isEventStream({ headers }: Response): boolean {
  return /^text\/event-stream\b/i.test(headers.get("content-type") ?? "");
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

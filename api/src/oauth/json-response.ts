/**
 * Far more than any response of an authorization server has; the egress guard limits the transfer
 * itself.
 */
const maxCharacters = 1_048_576;

/**
 * Reads a response body as a JSON object. Null for anything else: not JSON, an array, empty or too
 * large.
 * @throws the error from reading the body
 */
export async function readJsonObject(response: Response): Promise<Record<string, unknown> | null> {
  const reading = await readJsonDocument(response);
  return reading.kind === "object" ? reading.value : null;
}

/**
 * Reads a response body as a JSON object, or returns why it is not one.
 * @throws the error from reading the body
 */
export async function readJsonDocument(
  response: Response,
): Promise<
  | { kind: "object"; value: Record<string, unknown> }
  | { kind: "not-json"; text: string }
  | { kind: "too-large" }
> {
  // A stream is not a document, and may never end.
  if (isEventStream(response)) {
    await response.body?.cancel();
    return { kind: "not-json", text: "" };
  }
  const text = await response.text();
  if (text.length > maxCharacters) return { kind: "too-large" };
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? { kind: "object", value } : { kind: "not-json", text };
  } catch {
    return { kind: "not-json", text };
  }
}

/** Whether the content type is JSON, regardless of the content. */
export function claimsJson({ headers }: Response): boolean {
  return /^application\/([\w.-]+\+)?json\b/i.test(headers.get("content-type") ?? "");
}

export function isEventStream({ headers }: Response): boolean {
  return /^text\/event-stream\b/i.test(headers.get("content-type") ?? "");
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Detects by types and codes that a server no longer knows a legacy session (S9). It then rejected the request, so nothing was run. */
import { SdkHttpError } from "@modelcontextprotocol/client";

/** The code that servers built with the official SDKs return for an unknown session. */
const SESSION_NOT_FOUND = -32_001;
/** The code that the SDKs' examples return instead, with status 400, which they also use for other errors. */
const SERVER_ERROR = -32_000;

/** Invalid request, invalid params and internal error (JSON-RPC 2.0, section 5.1). */
const GENERAL_ERRORS: ReadonlySet<number> = new Set([-32_600, -32_602, -32_603]);

export type Verdict = "lost" | "doubtful" | "kept";

/** The request was rejected because its session no longer exists. */
export class SessionLostError extends Error {
  readonly httpStatus: number;

  constructor(httpStatus: number, cause: unknown) {
    super("The server no longer has the session.", { cause });
    this.name = "SessionLostError";
    this.httpStatus = httpStatus;
  }
}

/**
 * Classifies the rejection of a request with a session ID. A 404 means that the session no longer exists (MCP 2025-11-25, Streamable HTTP,
 * session management), as does a 410, or a 400 with the corresponding code. `doubtful` is a 400 that could have other causes.
 */
export function judgeRefusal(
  error: unknown,
  hasWorked: boolean,
): { verdict: Verdict; httpStatus: number } | { verdict: "kept" } {
  if (!SdkHttpError.isInstance(error)) return { verdict: "kept" };
  const { status: httpStatus } = error;
  if (httpStatus === 404 || httpStatus === 410) return { verdict: "lost", httpStatus };
  if (httpStatus !== 400) return { verdict: "kept" };
  const answer = readErrorBody(error.data["text"]);
  // Some servers explain it as text.
  if (!answer) return { verdict: "doubtful", httpStatus };
  return { verdict: judgeError(answer, hasWorked), httpStatus };
}

/**
 * Classifies a JSON-RPC error in a session. `hasWorked`: whether a request in the session has had a result. Some servers use a general code for a lost session (regressions I19). The message only decides
 * whether the session is checked.
 */
export function judgeError(
  { code, message }: { code: number; message: string },
  hasWorked: boolean,
): Verdict {
  if (code === SESSION_NOT_FOUND) return "lost";
  if (code === SERVER_ERROR) return "doubtful";
  return hasWorked && GENERAL_ERRORS.has(code) && /session|initializ/i.test(message)
    ? "doubtful"
    : "kept";
}

/** Reads the JSON-RPC error from the body of an HTTP error response. */
export function readErrorBody(text: unknown): { code: number; message: string } | null {
  if (typeof text !== "string" || !text.startsWith("{")) return null;
  try {
    const body: unknown = JSON.parse(text);
    if (typeof body !== "object" || body === null || !("error" in body)) return null;
    const { error } = body;
    if (typeof error !== "object" || error === null || !("code" in error)) return null;
    if (typeof error.code !== "number") return null;
    const message = "message" in error && typeof error.message === "string" ? error.message : "";
    return { code: error.code, message };
  } catch {
    return null;
  }
}

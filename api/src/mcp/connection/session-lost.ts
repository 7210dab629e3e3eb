/** Tells by types and codes that a server has forgotten a legacy session (S9): it refused the request, so nothing was run. */
import { SdkHttpError } from "@modelcontextprotocol/client";

/** What the SDKs' servers call a session that they do not know. */
const SESSION_NOT_FOUND = -32_001;
/** What the SDKs' examples say instead, with a 400, and for other mistakes too. */
const SERVER_ERROR = -32_000;

/** The request was refused because the session that it belongs to is gone. */
export class SessionLostError extends Error {
  readonly httpStatus: number;

  constructor(httpStatus: number, cause: unknown) {
    super("The server has forgotten the session.", { cause });
    this.name = "SessionLostError";
    this.httpStatus = httpStatus;
  }
}

/**
 * Judges the refusal of a request that carried a session id. 404 means that the session is gone (MCP 2025-11-25, Streamable HTTP,
 * session management); a 400 does when it carries the code for it. `doubtful` is a 400 that any mistake may have brought.
 */
export function judgeRefusal(
  error: unknown,
): { verdict: "lost" | "doubtful"; httpStatus: number } | { verdict: "kept" } {
  if (!SdkHttpError.isInstance(error)) return { verdict: "kept" };
  const { status: httpStatus } = error;
  if (httpStatus === 404) return { verdict: "lost", httpStatus };
  if (httpStatus !== 400) return { verdict: "kept" };
  const code = readErrorBody(error.data["text"])?.code;
  if (code === SESSION_NOT_FOUND) return { verdict: "lost", httpStatus };
  return code === SERVER_ERROR ? { verdict: "doubtful", httpStatus } : { verdict: "kept" };
}

/** The JSON-RPC error in the body of an HTTP refusal. */
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

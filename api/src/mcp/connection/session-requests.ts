/** Requests about an MCP session itself, which are sent outside the SDK: ending the session, and checking that it still exists. */
import type { Fetch } from "#oauth/ports.ts";
import { leaveTrace } from "./request-trace.ts";
import { judgeError, judgeRefusal, readErrorBody, SessionLostError } from "./session-lost.ts";

/** The timeout for optional requests: ending a session, checking a session and sending a cancellation. */
export const COURTESY_TIMEOUT_MS = 3_000;

/** Where and how the requests of a session are sent. */
export interface SessionEndpoint {
  url: URL;
  fetch: Fetch;
  /** The session as it is when a request is sent. */
  readonly session: {
    readonly sessionId?: string | undefined;
    readonly protocolVersion?: string | undefined;
  };
}

/** Ends the session at the server. Rejects if the request fails. */
export async function endSession(endpoint: SessionEndpoint): Promise<void> {
  await sendSessionRequest(endpoint, "DELETE");
}

/**
 * Returns the error of a rejected request: a `SessionLostError` if the server no longer knows the session, detected by type (S9), and
 * otherwise `error` itself.
 * @param sessionId the one that was sent with the rejected request
 * @param isBound whether the request belonged to a session
 * @param hasWorked whether a request in the session has had a result
 */
export async function explainRejection(
  error: unknown,
  sessionId: string | undefined,
  isBound: boolean,
  hasWorked: boolean,
  endpoint: SessionEndpoint,
): Promise<unknown> {
  const refusal = judgeRefusal(error, hasWorked);
  if (!isBound || refusal.verdict === "kept") return error;
  if (
    refusal.verdict === "doubtful" &&
    (sessionId === undefined || (await isSessionAlive(endpoint)))
  )
    return error;
  return new SessionLostError(refusal.httpStatus, error);
}

/** A server that knows the session answers a ping; otherwise it rejects the ping as well. */
export async function isSessionAlive(endpoint: SessionEndpoint): Promise<boolean> {
  const ping = { jsonrpc: "2.0", id: "ping", method: "ping" };
  const answer = await sendSessionRequest(endpoint, "POST", ping).catch(() => null);
  if (!answer) return true;
  if (answer.status === 400 || answer.status === 404 || answer.status === 410) return false;
  const error = readErrorBody(answer.text);
  return !error || judgeError(error, true) === "kept";
}

/** The maximum length of a response that is read, in characters. The response to a ping is short. */
const MAX_ANSWER = 10_000;

/** Sends a request about the session. Returns the HTTP status and the beginning of a JSON body. */
async function sendSessionRequest(
  { url, fetch, session }: SessionEndpoint,
  method: "DELETE" | "POST",
  message?: object,
): Promise<{ status: number; text: string }> {
  const { sessionId = "", protocolVersion } = session;
  const headers = new Headers({ "mcp-session-id": sessionId });
  if (protocolVersion !== undefined) headers.set("mcp-protocol-version", protocolVersion);
  const signal = AbortSignal.timeout(COURTESY_TIMEOUT_MS);
  const init: RequestInit = { method, headers, redirect: "manual", signal };
  if (message) {
    headers.set("content-type", "application/json");
    headers.set("accept", "application/json, text/event-stream");
    init.body = JSON.stringify(message);
  }
  const response = await leaveTrace(() => fetch(url, init));
  const isJson = /json/i.test(response.headers.get("content-type") ?? "");
  if (isJson)
    return { status: response.status, text: (await response.text()).slice(0, MAX_ANSWER) };
  await response.body?.cancel();
  return { status: response.status, text: "" };
}

/** Probes a URL for an MCP server, without credentials and without leaving a session open. */
import { cleanDetail } from "#oauth/errors.ts";
import type { Fetch } from "#oauth/ports.ts";
import { connect } from "./connect.ts";
import type { ServerInfo } from "./connect.ts";
import type { Credentials, Refusal } from "./credentials.ts";
import type { Era } from "../protocol-era.ts";
import type { Failure } from "../failure.ts";

export type ProbeAnswer =
  /** The server gave a valid MCP response. Its tools may still require credentials. */
  | { kind: "open"; era: Era; protocolVersion: string; serverInfo: ServerInfo | null }
  | {
      kind: "unauthorized";
      status: 401 | 403;
      wwwAuthenticate: string | null;
      /** The beginning of the body. It can contain values that were sent. */
      text: string | null;
    }
  /** The response was not MCP. `detail` is a message for the user; redirects are not followed. */
  | { kind: "not-mcp"; httpStatus: number | null; redirectsTo: string | null; detail: string }
  /** There was no response that allows a conclusion about the server: a network error, a timeout or a 5xx response of a gateway. */
  | { kind: "unreachable"; cause: Failure };

/** An HTTP exchange of the probe. */
export interface ProbeExchange {
  /** The URL without query and fragment. */
  url: string;
  /** Null if no response was received. */
  httpStatus: number | null;
  durationMs: number;
}

export interface ProbeTarget {
  url: string;
  fetch: Fetch;
  /** Configured headers, sent only to this URL's origin. */
  headers?: Record<string, string>;
  /** The timeout of the whole probe, in milliseconds. */
  timeoutMs: number;
  clientInfo?: { name: string; version: string };
  signal?: AbortSignal;
  onExchange?: (exchange: ProbeExchange) => void;
}

/** Probes a URL in the same way in which a connection is opened. Never throws because of the server or the network. */
export async function probeServer(target: ProbeTarget): Promise<ProbeAnswer> {
  const exchanges: Exchange[] = [];
  const connection = await connect(
    {
      url: target.url,
      fetch: observe(target.fetch, exchanges, target.onExchange),
      credentials: giveOnly(target.headers ?? {}),
      timeoutMs: target.timeoutMs,
      clientInfo: target.clientInfo ?? { name: "Gatehouse", version: "1.0.0" },
      signal: target.signal,
    },
    null,
  );
  if (connection.kind === "failed") return explain(connection.failure, exchanges);
  const { era, protocolVersion, serverInfo } = connection.session;
  await connection.close();
  return { kind: "open", era, protocolVersion, serverInfo };
}

interface Exchange {
  httpStatus: number;
  contentType: string;
  /** The redirect target without its query string, which may contain secrets. */
  redirectsTo: string | null;
  /** The beginning of the body of a rejection. */
  text: string | null;
}

class Unauthorized {
  readonly refusal: Refusal;

  constructor(refusal: Refusal) {
    this.refusal = refusal;
  }
}

function giveOnly(headers: Record<string, string>): Credentials {
  return {
    headers: async () => ({ kind: "headers", headers }),
    refused: async (refusal) => ({ stop: new Unauthorized(refusal) }),
  };
}

function observe(fetch: Fetch, exchanges: Exchange[], report: ProbeTarget["onExchange"]): Fetch {
  return async (input, init) => {
    const { origin, pathname } = new URL(input);
    const startedAt = performance.now();
    let httpStatus: number | null = null;
    try {
      const { response, text } = await readBeginning(await fetch(input, init));
      httpStatus = response.status;
      exchanges.push({
        text,
        httpStatus,
        contentType: response.headers.get("content-type") ?? "",
        redirectsTo: readTarget(response, input),
      });
      return response;
    } finally {
      const durationMs = Math.round(performance.now() - startedAt);
      report?.({ url: origin + pathname, httpStatus, durationMs });
    }
  };
}

/** Reads the first part of the body of a rejection, and returns a response that still has all of it. */
async function readBeginning(
  response: Response,
): Promise<{ response: Response; text: string | null }> {
  const { status, statusText, headers, body } = response;
  if ((status !== 401 && status !== 403) || !body) return { response, text: null };
  const [copy, whole] = body.tee();
  const reader = copy.getReader();
  const { value } = await reader.read();
  // Ends when the other copy has ended, too.
  reader.cancel().catch(() => undefined);
  const text = value ? new TextDecoder().decode(value.subarray(0, mostBytesRead)) : null;
  return { response: new Response(whole, { status, statusText, headers }), text };
}

const mostBytesRead = 4_096;

function explain(failure: Failure, exchanges: readonly Exchange[]): ProbeAnswer {
  const last = exchanges.at(-1);
  switch (failure.kind) {
    case "refused": {
      if (!(failure.stop instanceof Unauthorized)) return { kind: "unreachable", cause: failure };
      const { status, wwwAuthenticate } = failure.stop.refusal;
      const text = exchanges.findLast(({ httpStatus }) => httpStatus === status)?.text ?? null;
      return { kind: "unauthorized", status, wwwAuthenticate, text };
    }
    case "protocol-error":
      return describeNonsense(failure.message, last);
    case "unreachable":
      if (failure.httpStatus === null || failure.retryable)
        return { kind: "unreachable", cause: failure };
      return describeNonsense(failure.message, last);
    default:
      return { kind: "unreachable", cause: failure };
  }
}

/** @param said may be text from the server, which can contain values that were sent to it */
function describeNonsense(said: string, last: Exchange | undefined): ProbeAnswer {
  const message = cleanDetail(said);
  if (!last) return { kind: "not-mcp", httpStatus: null, redirectsTo: null, detail: message };
  const { httpStatus, redirectsTo } = last;
  return { kind: "not-mcp", httpStatus, redirectsTo, detail: describeAnswer(last, message) };
}

function describeAnswer(last: Exchange, otherwise: string): string {
  if (last.redirectsTo)
    return `The address redirects to ${last.redirectsTo}. If that is the MCP server, use its address.`;
  if (last.httpStatus === 404)
    return "Nothing was found at this address (HTTP 404). Check the path.";
  if (last.httpStatus === 405) return "The address does not accept MCP messages (HTTP 405).";
  if (last.httpStatus < 300 && last.contentType.startsWith("text/html")) {
    return "A web page answered, not an MCP server. Check the path.";
  }
  return otherwise;
}

function readTarget({ status, headers }: Response, from: string | URL): string | null {
  const location = headers.get("location");
  if (location === null || status < 300 || status > 399) return null;
  const target = URL.parse(location, from);
  return target && target.origin + target.pathname;
}

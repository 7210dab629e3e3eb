/** Finds out what answers at a URL, without credentials and without leaving a session behind. */
import { cleanDetail } from "#oauth/errors.ts";
import type { Fetch } from "#oauth/ports.ts";
import { connect } from "./connect.ts";
import type { ServerInfo } from "./connect.ts";
import type { Credentials, Refusal } from "./credentials.ts";
import type { Era } from "../protocol-era.ts";
import type { Failure } from "../failure.ts";

export type ProbeAnswer =
  /** A real MCP answer. Its tools may still want credentials. */
  | { kind: "open"; era: Era; protocolVersion: string; serverInfo: ServerInfo | null }
  | { kind: "unauthorized"; status: 401 | 403; wwwAuthenticate: string | null }
  /** Something answered, but not as an MCP server does. `detail` is for people; a redirect is not followed. */
  | { kind: "not-mcp"; httpStatus: number | null; redirectsTo: string | null; detail: string }
  /** No answer that says anything about the server: network trouble, a timeout, a gateway's 5xx. */
  | { kind: "unreachable"; cause: Failure };

/** One HTTP exchange of the probe. */
export interface ProbeExchange {
  /** Without query and fragment. */
  url: string;
  /** Null when no answer came. */
  httpStatus: number | null;
  durationMs: number;
}

export interface ProbeTarget {
  url: string;
  fetch: Fetch;
  /** Configured headers, for this URL's origin only. */
  headers?: Record<string, string>;
  /** For the whole probe. */
  timeoutMs: number;
  clientInfo?: { name: string; version: string };
  signal?: AbortSignal;
  onExchange?: (exchange: ProbeExchange) => void;
}

/** Probes a URL: negotiates as a real connection does, and says what it met. Never throws for what is at the other end. */
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
  if (connection.kind === "failed") return explain(connection.failure, exchanges.at(-1));
  const { era, protocolVersion, serverInfo } = connection.session;
  await connection.close();
  return { kind: "open", era, protocolVersion, serverInfo };
}

interface Exchange {
  httpStatus: number;
  contentType: string;
  /** Without its query, which may hold secrets. */
  redirectsTo: string | null;
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
      const response = await fetch(input, init);
      httpStatus = response.status;
      exchanges.push({
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

function explain(failure: Failure, last: Exchange | undefined): ProbeAnswer {
  switch (failure.kind) {
    case "refused": {
      if (!(failure.stop instanceof Unauthorized)) return { kind: "unreachable", cause: failure };
      const { status, wwwAuthenticate } = failure.stop.refusal;
      return { kind: "unauthorized", status, wwwAuthenticate };
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

/** @param said may be the server's own words, which may repeat what it was sent */
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

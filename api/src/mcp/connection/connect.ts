/** Opens and closes a connection to an MCP server of either era. */
import { Client } from "@modelcontextprotocol/client";
import type { ClientCapabilities, PriorDiscovery } from "@modelcontextprotocol/client";
import type { Fetch } from "#oauth/ports.ts";
import { createCredentialedFetch } from "./credentials.ts";
import type { Credentials, ReportRefusal } from "./credentials.ts";
import { eraOf } from "../protocol-era.ts";
import type { Era, EraVerdict, ListName } from "../protocol-era.ts";
import { classifyFailure } from "./classify-error.ts";
import { notSent, redactFailure, shortenMessage } from "../failure.ts";
import type { Failure } from "../failure.ts";
import { outputValidator } from "../json-schema/json-schema.ts";
import { createServerStream } from "./server-stream.ts";
import type { ServerStreams } from "./server-stream.ts";
import { createHttpTransport, createSseTransport } from "./create-transport.ts";
import type { McpTransport } from "./transport.ts";

export interface ServerInfo {
  name: string;
  title: string | null;
  version: string;
}

/** An open connection. Only the modules in `mcp/` use `client`. */
export interface Session {
  readonly client: Client;
  readonly era: Era;
  readonly protocolVersion: string;
  /** Null if the server does not identify itself, or was not asked because its era was known. */
  readonly serverInfo: ServerInfo | null;
  /** The timeout of requests without their own, in milliseconds. */
  readonly timeoutMs: number;
  /** Removes credentials that were sent to the server from text that it returns. */
  readonly redact: (text: string) => string;
  readonly reportRefusal: ReportRefusal;
}

export interface ConnectTarget {
  /** The URL of the MCP endpoint, http or https. */
  url: string;
  fetch: Fetch;
  /**
   * The fetch function for streams that stay open as long as the connection, without limits on total size and duration. Defaults to
   * `fetch`.
   */
  streamFetch?: Fetch | undefined;
  /** The limits for the server's standing stream, which carries notifications. If omitted, no standing stream is opened. */
  standing?: ServerStreams | undefined;
  credentials: Credentials;
  /** The timeout in milliseconds for connecting, and for each request without its own. */
  timeoutMs: number;
  clientInfo: { name: string; version: string };
  /** Aborting cancels the connection attempt immediately. */
  signal?: AbortSignal | undefined;
}

export interface OpenConnection {
  kind: "connected";
  session: Session;
  /** The result of the negotiation, for use by the next connection. */
  verdict: EraVerdict;
  /** The number of JSON-RPC results that have been received. */
  results(): number;
  /** Ends a legacy session at the server. Takes a few seconds at most. */
  close(): Promise<void>;
}

export type Connection = OpenConnection | { kind: "failed"; failure: Failure };

/**
 * Connects to a server: with the era in `known` if it is given, otherwise after negotiation, and over HTTP+SSE if the server supports
 * nothing newer (MCP 2025-11-25, transports, backwards compatibility). Never throws because of the server or the network. After a failure
 * no connection remains open.
 */
export async function connect(
  target: ConnectTarget,
  known: EraVerdict | null,
): Promise<Connection> {
  const url = new URL(target.url);
  const { redact, discovery, reportRefusal, ...fetches } = createCredentialedFetch(target);
  const account = { redact, reportRefusal };
  using limit = startLimit(target);
  const trySse = () => attempt(target, createSseTransport(url, fetches), sse, account, limit);
  if (known?.overSse) return await trySse();
  const standing = target.standing ? createServerStream(target.standing) : null;
  const open = async (discoveryMs: number) => {
    const transport = createHttpTransport(url, fetches, { standing, discoveryMs });
    const connection = await attempt(target, transport, known, account, limit);
    return { connection, isDoubtful: transport.isDiscoveryInconclusive };
  };
  const tentative = await open(Math.min(DISCOVERY_MS, target.timeoutMs * DISCOVERY_SHARE));
  const { connection: first } = tentative;
  // A modern server that was slow, or rejected an old token, does not know `initialize`.
  if (tentative.isDoubtful && isProtocolError(first) && !limit.isOver()) {
    discovery.isTentative = false;
    const { connection: second } = await open(target.timeoutMs);
    if (second.kind === "connected" || !isProtocolError(second)) return second;
  }
  if (first.kind === "connected" || !isRefusedPost(first.failure) || limit.isOver()) return first;
  const second = await trySse();
  // The error of the newer transport is more informative, unless the server of the older one requires credentials.
  const isTelling = second.kind === "connected" || second.failure.kind === "refused";
  return isTelling || limit.isAborted() ? second : first;
}

/** The part of the time for connecting that `server/discover` gets at most, and its maximum, so that time is left for `initialize`. */
const DISCOVERY_SHARE = 0.4;
const DISCOVERY_MS = 5_000;

function isProtocolError(connection: Connection): boolean {
  return connection.kind === "failed" && connection.failure.kind === "protocol-error";
}

const sse: EraVerdict = { era: "legacy", protocolVersion: "2024-11-05", overSse: true };

/**
 * Whether the failure is typical of an HTTP+SSE server, which does not accept messages at this URL but at one that its stream announces.
 */
function isRefusedPost(failure: Failure): boolean {
  if (failure.kind !== "unreachable") return false;
  return failure.httpStatus === 400 || failure.httpStatus === 404 || failure.httpStatus === 405;
}

/**
 * One timeout for negotiation, handshake and credentials. The SDK's own timeout applies to each request separately and not to
 * notifications.
 */
interface Limit extends Disposable {
  isLate(): boolean;
  isAborted(): boolean;
  isOver(): boolean;
  /** Closes `transport` when the timeout is reached or the caller aborts. Disposing the result ends the monitoring. */
  watch(transport: McpTransport): Disposable;
}

function startLimit({ timeoutMs, signal }: ConnectTarget): Limit {
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(), timeoutMs);
  const over = signal ? AbortSignal.any([signal, late.signal]) : late.signal;
  return {
    isLate: () => late.signal.aborted,
    isAborted: () => signal?.aborted ?? false,
    isOver: () => over.aborted,
    watch(transport) {
      const abandon = () => transport.abandon();
      over.addEventListener("abort", abandon, { once: true });
      return { [Symbol.dispose]: () => over.removeEventListener("abort", abandon) };
    },
    [Symbol.dispose]: () => clearTimeout(timer),
  };
}

/** The client capabilities that are declared to servers: elicitation, but neither sampling nor roots. */
const capabilities: ClientCapabilities = { elicitation: { form: {}, url: {} } };

async function attempt(
  target: ConnectTarget,
  transport: McpTransport,
  known: EraVerdict | null,
  account: Pick<Session, "redact" | "reportRefusal">,
  limit: Limit,
): Promise<Connection> {
  const client = new Client(target.clientInfo, {
    versionNegotiation: { mode: "auto" },
    capabilities,
    // Elicitations are handled in execute.ts. Without a handler they result in a typed error.
    inputRequired: { autoFulfill: false },
    jsonSchemaValidator: outputValidator,
  });
  using _ = limit.watch(transport);
  try {
    target.signal?.throwIfAborted();
    const prior = known ? { prior: toPrior(known) } : {};
    await client.connect(transport, { timeout: target.timeoutMs, ...prior });
    target.signal?.throwIfAborted();
  } catch (error) {
    await transport.close();
    if (limit.isAborted()) return { kind: "failed", failure: { kind: "cancelled" } };
    const message = `The server did not answer within ${target.timeoutMs / 1000} s.`;
    if (limit.isLate()) return { kind: "failed", failure: notSent(message) };
    const failure = classifyFailure(error, "connect");
    if (!failure) throw error;
    return { kind: "failed", failure: redactFailure(failure, account.redact) };
  }
  const session = describeSession(client, target.timeoutMs, account);
  return {
    kind: "connected",
    session,
    verdict: describeVerdict(session, known?.overSse),
    results: () => transport.results,
    close: async () => {
      await transport.close();
      await client.close();
    },
  };
}

function describeSession(
  client: Client,
  timeoutMs: number,
  account: Pick<Session, "redact" | "reportRefusal">,
): Session {
  const protocolVersion = client.getNegotiatedProtocolVersion() ?? "";
  const info = client.getServerVersion();
  return {
    client,
    era: eraOf(protocolVersion),
    protocolVersion,
    serverInfo: info?.name
      ? {
          name: shortenMessage(info.name),
          title: info.title ? shortenMessage(info.title) : null,
          version: shortenMessage(info.version),
        }
      : null,
    timeoutMs,
    ...account,
  };
}

const lists: readonly ListName[] = ["tools", "resources", "prompts"];

function describeVerdict(
  { client, era, protocolVersion }: Session,
  overSse: true | undefined,
): EraVerdict {
  const verdict: EraVerdict = { era, protocolVersion };
  if (overSse) verdict.overSse = overSse;
  if (era === "modern") {
    const capabilities = client.getServerCapabilities();
    verdict.tellsChangesOf = lists.filter((list) => capabilities?.[list]?.listChanged === true);
  }
  return verdict;
}

/** Only the era data is shared, because other discovery results may be specific to an account. */
function toPrior({ era, protocolVersion, tellsChangesOf = [] }: EraVerdict): PriorDiscovery {
  if (era === "legacy") return { kind: "legacy" };
  const told = tellsChangesOf.map((list) => [list, { listChanged: true }]);
  const capabilities = { tools: {}, ...Object.fromEntries(told) };
  return { kind: "modern", discover: { supportedVersions: [protocolVersion], capabilities } };
}

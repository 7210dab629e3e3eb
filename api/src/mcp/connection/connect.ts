/** Opens and closes one connection to an MCP server, whatever its era. */
import { Client } from "@modelcontextprotocol/client";
import type { ClientCapabilities, PriorDiscovery } from "@modelcontextprotocol/client";
import type { Fetch } from "#oauth/ports.ts";
import { createCredentialedFetch } from "./credentials.ts";
import type { Credentials } from "./credentials.ts";
import { eraOf } from "../protocol-era.ts";
import type { Era, EraVerdict, ListName } from "../protocol-era.ts";
import { classifyFailure } from "./classify-error.ts";
import { notSent, redactFailure, shortenMessage } from "../failure.ts";
import type { Failure } from "../failure.ts";
import { outputValidator } from "../json-schema/json-schema.ts";
import { createStandingStream } from "./server-stream.ts";
import type { StandingStreams } from "./server-stream.ts";
import { createHttpTransport, createSseTransport } from "./transport.ts";
import type { McpTransport } from "./transport.ts";

export interface ServerInfo {
  name: string;
  title: string | null;
  version: string;
}

/** An open connection. Only the files of this room look at `client`. */
export interface Session {
  readonly client: Client;
  readonly era: Era;
  readonly protocolVersion: string;
  /** Null when the server does not say who it is, or was not asked because its era was known. */
  readonly serverInfo: ServerInfo | null;
  /** For requests that have no timeout of their own. */
  readonly timeoutMs: number;
  /** Takes out credentials that were sent to the server, should it echo them. */
  readonly redact: (text: string) => string;
}

export interface ConnectTarget {
  /** The MCP endpoint, http or https. */
  url: string;
  fetch: Fetch;
  /** For streams that stand as long as the connection: without a bound on their whole length and time. Left out: `fetch`. */
  streamFetch?: Fetch | undefined;
  /** Places for a standing stream, on which the server says what nobody asked for. Left out: none is opened. */
  standing?: StandingStreams | undefined;
  credentials: Credentials;
  /** For the whole of connecting, and for each request that has no timeout of its own. */
  timeoutMs: number;
  clientInfo: { name: string; version: string };
  /** Aborting gives the connection up at once. */
  signal?: AbortSignal | undefined;
}

export interface OpenConnection {
  kind: "connected";
  session: Session;
  /** What the next connection can be made by. */
  verdict: EraVerdict;
  /** How many JSON-RPC results came so far. */
  results(): number;
  /** Ends a legacy session at the server; takes a few seconds at most. */
  close(): Promise<void>;
}

export type Connection = OpenConnection | { kind: "failed"; failure: Failure };

/**
 * Connects, by `known` without asking the server for its era, else negotiating; over HTTP+SSE where the server has nothing else (MCP
 * 2025-11-25, transports, backwards compatibility). Never throws for what a server or the network does; on failure nothing stays open.
 */
export async function connect(
  target: ConnectTarget,
  known: EraVerdict | null,
): Promise<Connection> {
  const url = new URL(target.url);
  const { redact, ...fetches } = createCredentialedFetch(target);
  using limit = startLimit(target);
  const trySse = () => attempt(target, createSseTransport(url, fetches), sse, redact, limit);
  if (known?.overSse) return await trySse();
  const standing = target.standing ? createStandingStream(target.standing) : null;
  const transport = createHttpTransport(url, fetches, standing);
  const first = await attempt(target, transport, known, redact, limit);
  if (first.kind === "connected" || !isRefusedPost(first.failure) || limit.isOver()) return first;
  const second = await trySse();
  // What the newer way met says more, unless the older one led to a server that wants credentials.
  const isTelling = second.kind === "connected" || second.failure.kind === "refused";
  return isTelling || limit.isAborted() ? second : first;
}

const sse: EraVerdict = { era: "legacy", protocolVersion: "2024-11-05", overSse: true };

/** As a server does that takes messages at another address, which its stream names. */
function isRefusedPost(failure: Failure): boolean {
  if (failure.kind !== "unreachable") return false;
  return failure.httpStatus === 400 || failure.httpStatus === 404 || failure.httpStatus === 405;
}

/** One deadline over negotiation, handshake and credentials: the SDK's own runs per request and skips notifications. */
interface Limit extends Disposable {
  isLate(): boolean;
  isAborted(): boolean;
  isOver(): boolean;
  /** Gives `transport` up when time is up or the caller aborts; returns what ends that. */
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

/** What servers may ask of us: questions to the person, but no sampling and no files. */
const capabilities: ClientCapabilities = { elicitation: { form: {}, url: {} } };

async function attempt(
  target: ConnectTarget,
  transport: McpTransport,
  known: EraVerdict | null,
  redact: Session["redact"],
  limit: Limit,
): Promise<Connection> {
  const client = new Client(target.clientInfo, {
    versionNegotiation: { mode: "auto" },
    capabilities,
    // Questions are put by execute.ts; where nobody is there to answer, one comes back as a typed error.
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
    return { kind: "failed", failure: redactFailure(failure, redact) };
  }
  const session = describeSession(client, target.timeoutMs, redact);
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

function describeSession(client: Client, timeoutMs: number, redact: Session["redact"]): Session {
  const protocolVersion = client.getNegotiatedProtocolVersion() ?? "";
  const info = client.getServerVersion();
  return {
    client,
    era: eraOf(protocolVersion),
    protocolVersion,
    serverInfo: info
      ? {
          name: shortenMessage(info.name),
          title: info.title ? shortenMessage(info.title) : null,
          version: shortenMessage(info.version),
        }
      : null,
    timeoutMs,
    redact,
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

/** The verdict alone: what else a discovery says may be for one account's eyes, so it is not shared. */
function toPrior({ era, protocolVersion, tellsChangesOf = [] }: EraVerdict): PriorDiscovery {
  if (era === "legacy") return { kind: "legacy" };
  const told = tellsChangesOf.map((list) => [list, { listChanged: true }]);
  const capabilities = { tools: {}, ...Object.fromEntries(told) };
  return { kind: "modern", discover: { supportedVersions: [protocolVersion], capabilities } };
}

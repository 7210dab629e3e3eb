/** Opens and closes one connection to an MCP server, whatever its era. */
import { Client } from "@modelcontextprotocol/client";
import type { PriorDiscovery } from "@modelcontextprotocol/client";
import type { Fetch } from "../oauth/ports.ts";
import { createCredentialedFetch } from "./credentials.ts";
import type { Credentials } from "./credentials.ts";
import { eraOf } from "./era-cache.ts";
import type { Era, EraVerdict } from "./era-cache.ts";
import { classifyFailure } from "./errors.ts";
import { notSent, redactFailure, shortenMessage } from "./failure.ts";
import type { Failure } from "./failure.ts";
import { outputValidator } from "./json-schema.ts";
import { McpTransport } from "./transport.ts";

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
  credentials: Credentials;
  /** For the whole of connecting, and for each request that has no timeout of its own. */
  timeoutMs: number;
  clientInfo: { name: string; version: string };
  /** Aborting gives the connection up at once. */
  signal?: AbortSignal | undefined;
}

export type Connection =
  | { kind: "connected"; session: Session; hasAnswered: () => boolean; close: () => Promise<void> }
  | { kind: "failed"; failure: Failure };

/**
 * Connects, by `known` without asking the server for its era, else negotiating. Never throws for what a server or the network does;
 * on failure nothing stays open. `close` ends a legacy session at the server and takes a few seconds at most.
 */
export async function connect(
  target: ConnectTarget,
  known: EraVerdict | null,
): Promise<Connection> {
  const { fetch, redact } = createCredentialedFetch(target);
  const transport = new McpTransport(target.url, fetch);
  const client = new Client(target.clientInfo, {
    versionNegotiation: { mode: "auto" },
    // A tool's question comes back as a typed error while nobody is there to answer it.
    inputRequired: { autoFulfill: false },
    jsonSchemaValidator: outputValidator,
  });
  // One deadline over negotiation, handshake and credentials: the SDK's own runs per request and skips notifications.
  let isLate = false;
  const deadline = setTimeout(() => {
    isLate = true;
    transport.abandon();
  }, target.timeoutMs);
  const onAbort = () => transport.abandon();
  target.signal?.addEventListener("abort", onAbort, { once: true });
  try {
    target.signal?.throwIfAborted();
    const prior = known ? { prior: toPrior(known) } : {};
    await client.connect(transport, { timeout: target.timeoutMs, ...prior });
    target.signal?.throwIfAborted();
  } catch (error) {
    await transport.close();
    if (target.signal?.aborted) return { kind: "failed", failure: { kind: "cancelled" } };
    const message = `The server did not answer within ${target.timeoutMs / 1000} s.`;
    if (isLate) return { kind: "failed", failure: notSent(message) };
    const failure = classifyFailure(error, "connect");
    if (!failure) throw error;
    return { kind: "failed", failure: redactFailure(failure, redact) };
  } finally {
    clearTimeout(deadline);
    target.signal?.removeEventListener("abort", onAbort);
  }
  return {
    kind: "connected",
    session: describeSession(client, target.timeoutMs, redact),
    hasAnswered: () => transport.hasAnswered,
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

/** The verdict alone: what else a discovery says may be for one account's eyes, so it is not shared. */
function toPrior(known: EraVerdict): PriorDiscovery {
  if (known.era === "legacy") return { kind: "legacy" };
  const discover = { supportedVersions: [known.protocolVersion], capabilities: { tools: {} } };
  return { kind: "modern", discover };
}

import { isIP } from "node:net";
import type { LookupFunction } from "node:net";
import { callbackify } from "node:util";
import { Agent, buildConnector } from "undici";
import { EgressError } from "./egress-error.ts";

const CONNECT_TIMEOUT_MS = 10_000;
/**
 * Used for servers that do not specify how long they keep an idle connection (RFC 9112 §9.3). Most
 * keep it for a minute.
 */
const KEEP_ALIVE_MS = 30_000;

/** Resolves a host name to all its addresses; rejects when it has none. */
export type ResolveHost = (
  host: string,
) => Promise<readonly { readonly address: string; readonly family: number }[]>;

/**
 * An undici Agent that checks the address it is about to connect to, so that a name cannot resolve
 * to one address for the check and to another for the connection.
 */
export function createGuardedAgent(
  mayConnect: (address: string) => boolean,
  resolveHost: ResolveHost,
): Agent {
  const connect = buildConnector({
    allowH2: false,
    timeout: CONNECT_TIMEOUT_MS,
    lookup: createGuardedLookup(mayConnect, resolveHost),
  });
  return new Agent({
    // With HTTP/2 undici could resend a request that the server reports as not processed.
    allowH2: false,
    // The guarded fetch has its own time limits: those of undici start at other moments and cannot
    // be distinguished.
    headersTimeout: 0,
    bodyTimeout: 0,
    keepAliveTimeout: KEEP_ALIVE_MS,
    connect(options, callback) {
      // Node does not call the lookup function for a literal address, so it is checked here.
      if (isIP(options.hostname) && !mayConnect(options.hostname)) {
        queueMicrotask(() => callback(forbidAddress(options.hostname), null));
        return;
      }
      connect(options, callback);
    },
  });
}

function createGuardedLookup(
  mayConnect: (address: string) => boolean,
  resolveHost: ResolveHost,
): LookupFunction {
  const resolveChecked = async (host: string) => {
    const found = await resolveHost(host).catch((cause: unknown) => {
      throw new EgressError("DNS_FAILED", `The name ${host} could not be resolved.`, { cause });
    });
    if (found.length === 0) throw new EgressError("DNS_FAILED", `The name ${host} has no address.`);
    // A single forbidden address among public ones indicates an attempt to bypass the check.
    if (!found.every(({ address }) => mayConnect(address))) throw forbidAddress(host);
    return found.map(({ address, family }) => ({ address, family }));
  };
  const resolve = callbackify(resolveChecked);
  return (host, options, callback) => {
    resolve(host, (error, found) => {
      const [first] = found ?? [];
      if (error || !first) callback(error, []);
      else if (options.all) callback(null, found);
      else callback(null, first.address, first.family);
    });
  };
}

function forbidAddress(host: string): EgressError {
  return new EgressError("ADDRESS_FORBIDDEN", `${host} does not have a public address.`);
}

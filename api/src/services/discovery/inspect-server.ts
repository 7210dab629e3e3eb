/** Determines from a server's responses how it authenticates, with each exchange recorded as a step. */
import { type BearerChallenge, findBearerChallenge } from "#oauth/challenge.ts";
import type { DiscoveryCache } from "#oauth/discovery-cache.ts";
import type { DiscoveryFault } from "#oauth/discovery-fault.ts";
import { discover, type DiscoveryAnswer } from "#oauth/discovery.ts";
import type { StepRecorder } from "#oauth/flow-steps.ts";
import type { Fetch } from "#oauth/ports.ts";
import type { ProviderProfiles } from "#oauth/provider-profiles.ts";
import { type ProbeAnswer, probeServer } from "#mcp/connection/probe.ts";
import type { Detection, Inspection } from "./detected-server.ts";
import { describeUnreachable, isForbiddenAddress, judgeProbe } from "./probe-verdict.ts";

/** What is known about the server before it is contacted. */
export interface DetectOptions {
  signal?: AbortSignal | undefined;
  /** The headers that the user entered for the server. They are tried before anything else is asked of the user (regressions I2). */
  headers?: Record<string, string>;
  /** The response in which the server rejected a call, although it may accept the probe. */
  rejection?: { challenge: BearerChallenge | null };
}

export interface InspectOptions extends Omit<DetectOptions, "signal"> {
  steps: StepRecorder;
  fetch: Fetch;
  /** Null: every document is fetched. */
  cache: DiscoveryCache | null;
  /** Whether to request the metadata of every listed authorization server. */
  wantsAll?: boolean;
}

export interface InspectDeps {
  profiles: ProviderProfiles;
  clientInfo: { name: string; version: string };
  /** Null: the URL may be requested. */
  findUrlFault(url: string): { code: string; message: string } | null;
}

const probeTimeoutMs = 10_000;

/** Sends the first message of a connection, without a session being left open. */
export async function probe(
  { clientInfo }: Pick<InspectDeps, "clientInfo">,
  url: string,
  { fetch, steps, headers = {} }: Pick<InspectOptions, "fetch" | "steps" | "headers">,
): Promise<{ answer: ProbeAnswer; challenge: BearerChallenge | null }> {
  const answer = await steps.record(
    "PROBE",
    fetch,
    (recordingFetch) =>
      probeServer({ url, headers, fetch: recordingFetch, timeoutMs: probeTimeoutMs, clientInfo }),
    judgeProbe,
  );
  const challenge =
    answer.kind === "unauthorized" && answer.wwwAuthenticate
      ? findBearerChallenge(new Headers({ "www-authenticate": answer.wwwAuthenticate }))
      : null;
  return { answer, challenge };
}

/** Stops after the probe if there was no response that an MCP server would send. */
export async function inspectServer(
  deps: InspectDeps,
  url: string,
  options: InspectOptions,
): Promise<Inspection> {
  const { steps, headers, rejection } = options;
  const guard = watchForbidden(options.fetch);
  const { fetch } = guard;
  const { answer: probed, challenge: asked } = await probe(deps, url, { fetch, steps });
  const challenge = asked ?? rejection?.challenge ?? null;
  const unknown = { ...nothing, probe: probed };
  const forbidden = guard.message();
  if (forbidden !== null) return { ...unknown, forbidden: true, message: forbidden };
  if (probed.kind === "unreachable")
    return { ...unknown, message: describeUnreachable(probed.cause) };
  if (probed.kind === "not-mcp") {
    const suggestedUrl = await findRedirectTarget(deps, url, probed, { fetch, steps });
    return { ...unknown, message: probed.detail, suggestedUrl };
  }
  const isRejected = probed.kind === "unauthorized" || rejection !== undefined;
  if (isRejected && headers && Object.keys(headers).length > 0) {
    const { answer: accepted } = await probe(deps, url, { fetch, steps, headers });
    if (accepted.kind === "open") return { ...nothing, ...acceptsHeaders, probe: accepted };
  }
  // Requested even if the server accepts the probe: some servers only require OAuth when a tool is called (regressions D3).
  const found = await discover({
    serverUrl: url,
    challenge,
    fetch,
    steps,
    wantsAll: options.wantsAll ?? false,
    assumesQuietly: true,
    mayAssumeOrigin: isRejected,
    profiles: deps.profiles,
    ...(options.cache ? { cache: options.cache } : {}),
  });
  return { ...nothing, probe: probed, reachable: true, ...judgeServer(probed, challenge, found) };
}

const nothing = {
  authType: "UNKNOWN",
  reachable: false,
  forbidden: false,
  discovery: null,
  others: [],
  fault: null,
  suggestedUrl: null,
} satisfies Omit<Inspection, "probe" | "message">;

const acceptsHeaders = {
  authType: "HEADERS",
  reachable: true,
  message: "This server accepts the given headers.",
} as const;

/** Remembers that the egress guard refused an address. */
function watchForbidden(guarded: Fetch): { fetch: Fetch; message(): string | null } {
  let message: string | null = null;
  return {
    message: () => message,
    async fetch(input, init) {
      try {
        return await guarded(input, init);
      } catch (error) {
        if (isForbiddenAddress(error)) message ??= error.message;
        throw error;
      }
    },
  };
}

/**
 * The address that the server redirects to, if an MCP server responds there (regressions I17). A redirect from https to http is not
 * suggested.
 */
export async function findRedirectTarget(
  deps: InspectDeps,
  url: string,
  { redirectsTo }: Extract<ProbeAnswer, { kind: "not-mcp" }>,
  options: Pick<InspectOptions, "fetch" | "steps">,
): Promise<string | null> {
  if (redirectsTo === null || redirectsTo === url || deps.findUrlFault(redirectsTo)) return null;
  if (url.startsWith("https:") && !redirectsTo.startsWith("https:")) return null;
  const { answer } = await probe(deps, redirectsTo, options);
  const isServer =
    answer.kind === "open" || (answer.kind === "unauthorized" && answer.status === 401);
  return isServer ? redirectsTo : null;
}

/** Decides by what discovery found after a response of an MCP server. */
function judgeServer(
  probed: ProbeAnswer,
  challenge: BearerChallenge | null,
  found: DiscoveryAnswer,
): Pick<Inspection, "authType" | "message"> &
  Partial<Pick<Detection, "discovery" | "others">> & {
    fault?: DiscoveryFault;
  } {
  // Assumed endpoints prove nothing: a server that requires an API key also responds with 401 (regressions D2).
  if (found.ok && !found.discovery.metadata.legacy) {
    const { discovery, others } = found;
    return { authType: "OAUTH", message: "This server requires OAuth.", discovery, others };
  }
  const isMeant =
    !found.ok &&
    (found.isNamed ||
      challenge?.resourceMetadata ||
      // A server that rejects the probe and publishes metadata requires OAuth, even if the metadata is faulty.
      (probed.kind === "unauthorized" && isServersFlaw(found.fault)));
  if (!found.ok && isMeant)
    return { authType: "OAUTH", message: found.fault.message, fault: found.fault };
  return probed.kind === "open"
    ? { authType: "NONE", message: "This server requires no credentials." }
    : { authType: "HEADERS", message: "This server requires a key in a header." };
}

function isServersFlaw({ code }: DiscoveryFault): boolean {
  return code === "RESOURCE_METADATA_INVALID" || code === "AUTHORIZATION_SERVER_UNNAMED";
}

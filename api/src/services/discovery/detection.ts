import type { Detection, Inspection } from "./detected-server.ts";
import { type BearerChallenge, findBearerChallenge } from "#oauth/challenge.ts";
import type { DiscoveryCache } from "#oauth/discovery-cache.ts";
import type { DiscoveryFault } from "#oauth/discovery-fault.ts";
import { findListed } from "#oauth/choose-authorization-server.ts";
import { discover, type DiscoverOptions, type DiscoveryAnswer } from "#oauth/discovery.ts";
import type { Fetch } from "#oauth/ports.ts";
import { findProtectedResource } from "#oauth/protected-resource.ts";
import type { ProviderProfiles } from "#oauth/provider-profiles.ts";
import { createStepRecorder, type StepClock, type StepRecorder } from "#oauth/flow-steps.ts";
import { type ProbeAnswer, probeServer } from "#mcp/connection/probe.ts";
import type { Access, Caller } from "../access/access.ts";
import { bindSignal } from "./bind-abort-signal.ts";
import { InputFaults } from "../access/service-error.ts";
import { hasControlCharacters } from "../access/input.ts";
import { describePreview, type ServerPreview } from "./server-preview.ts";
import { describeUnreachable, isForbiddenAddress, judgeProbe } from "./probe-verdict.ts";

/** The options that determine the authorization server and the scopes of a consent. */
export type WalkOptions = Pick<
  DiscoverOptions,
  "steps" | "chosenIssuer" | "forcedIssuer" | "earlierIssuer" | "wantsAll" | "chosenScopes"
>;

/** What is known about the server before it is contacted. */
export interface DetectOptions {
  signal?: AbortSignal | undefined;
  /** The headers that the user entered for the server. They are tried before anything else is asked of the user (regressions I2). */
  headers?: Record<string, string>;
  /** The response in which the server rejected a call, although it may accept the probe. */
  rejection?: { challenge: BearerChallenge | null };
}

export interface Detector {
  checkUrl(faults: InputFaults, field: string, url: string): void;
  /** Null: the URL may be requested. The code is that of the egress guard, or TOO_LONG. */
  findUrlFault(url: string): { code: string; message: string } | null;
  /** @throws the reason of the signal */
  detect(url: string, options?: DetectOptions): Promise<Detection>;
  /**
   * The work behind `detect`, with each exchange recorded as a step. Stops after the probe if there
   * was no response that an MCP server would send.
   * @param options.cache null: every document is fetched
   */
  inspect(
    url: string,
    options: {
      steps: StepRecorder;
      fetch: Fetch;
      cache: DiscoveryCache | null;
      /** Whether to request the metadata of every listed authorization server. */
      wantsAll?: boolean;
    } & Omit<DetectOptions, "signal">,
  ): Promise<Inspection>;
  /**
   * Runs a probe and, if the server requires OAuth, discovery. Each exchange is recorded as a step.
   */
  walk(
    url: string,
    options: WalkOptions & { signal?: AbortSignal | undefined },
  ): Promise<{ probe: ProbeAnswer; challenge: BearerChallenge | null; answer: DiscoveryAnswer }>;
  /**
   * Requests the server's metadata again and returns whether it names authorization servers without
   * `issuer`. False if the response is no such metadata, or there was none.
   */
  hasMovedFrom(url: string, issuer: string, challenge: BearerChallenge | null): Promise<boolean>;
  /** Requires ADMIN, because it is used before a server is created. */
  preview(
    caller: Caller | null,
    input: { workspaceId: string; url: string },
    signal?: AbortSignal,
  ): Promise<ServerPreview>;
}

export interface DetectorDeps {
  access: Access;
  fetchFor(scope: { serverUrl: string; headers?: Record<string, string> }): Fetch;
  findUrlFault(url: string): { code: string; message: string } | null;
  cache: DiscoveryCache;
  profiles: ProviderProfiles;
  clock: StepClock;
  clientInfo: { name: string; version: string };
  redirectUri: string;
  metadataDocumentUrl: string | null;
}

const acceptsHeaders = {
  authType: "HEADERS",
  reachable: true,
  forbidden: false,
  message: "This server accepts the given headers.",
} as const;

function isServersFlaw({ code }: DiscoveryFault): boolean {
  return code === "RESOURCE_METADATA_INVALID" || code === "AUTHORIZATION_SERVER_UNNAMED";
}

const probeTimeoutMs = 10_000;
const silent = { onStep: () => undefined };

export function createDetector(deps: DetectorDeps): Detector {
  async function probe(
    url: string,
    fetch: Fetch,
    steps: StepRecorder,
    headers: Record<string, string> = {},
  ) {
    const answer = await steps.record(
      "PROBE",
      fetch,
      (recordingFetch) =>
        probeServer({
          url,
          headers,
          fetch: recordingFetch,
          timeoutMs: probeTimeoutMs,
          clientInfo: deps.clientInfo,
        }),
      judgeProbe,
    );
    const challenge =
      answer.kind === "unauthorized" && answer.wwwAuthenticate
        ? findBearerChallenge(new Headers({ "www-authenticate": answer.wwwAuthenticate }))
        : null;
    return { answer, challenge };
  }

  return {
    findUrlFault(url) {
      if (hasControlCharacters(url))
        return { code: "NOT_A_URL", message: "A URL has no control characters." };
      if (url.length > 2_048)
        return { code: "TOO_LONG", message: "A URL has at most 2,048 characters." };
      return deps.findUrlFault(url);
    },

    checkUrl(faults, field, url) {
      const fault = this.findUrlFault(url);
      if (fault) faults.add(field, fault.message);
    },

    async walk(url, { signal, ...options }) {
      const fetch = bindSignal(deps.fetchFor({ serverUrl: url }), signal);
      const { answer: probed, challenge } = await probe(url, fetch, options.steps);
      const answer = await discover({
        ...options,
        serverUrl: url,
        challenge,
        fetch,
        cache: deps.cache,
        profiles: deps.profiles,
      });
      return { probe: probed, challenge, answer };
    },

    async hasMovedFrom(url, issuer, challenge) {
      // In any case: the next consent must not use the cached metadata.
      deps.cache.forget(issuer);
      const found = await findProtectedResource({
        serverUrl: new URL(url),
        challengedUrl: challenge?.resourceMetadata ?? null,
        fetch: deps.fetchFor({ serverUrl: url }),
        steps: createStepRecorder({ ...silent, clock: deps.clock }),
      });
      return (
        found.kind === "found" &&
        found.authorizationServers.length > 0 &&
        findListed(found.authorizationServers, issuer, deps) === undefined
      );
    },

    async detect(url, { signal, ...known } = {}) {
      const steps = createStepRecorder({ ...silent, clock: deps.clock });
      const {
        probe: _probe,
        fault: _fault,
        ...detection
      } = await this.inspect(url, {
        steps,
        fetch: bindSignal(deps.fetchFor({ serverUrl: url }), signal),
        cache: deps.cache,
        ...known,
      });
      signal?.throwIfAborted();
      return detection;
    },

    async inspect(url, { steps, fetch: guarded, cache, wantsAll = false, headers, rejection }) {
      let forbidden: string | null = null;
      const fetch: Fetch = async (input, init) => {
        try {
          return await guarded(input, init);
        } catch (error) {
          if (isForbiddenAddress(error)) forbidden ??= error.message;
          throw error;
        }
      };
      const { answer: probed, challenge: asked } = await probe(url, fetch, steps);
      const challenge = asked ?? rejection?.challenge ?? null;
      const nothing = {
        probe: probed,
        authType: "UNKNOWN" as const,
        reachable: false,
        discovery: null,
        others: [],
        fault: null,
      };
      if (forbidden !== null) return { ...nothing, forbidden: true, message: forbidden };
      if (probed.kind === "not-mcp" || probed.kind === "unreachable")
        return {
          ...nothing,
          forbidden: false,
          message: probed.kind === "not-mcp" ? probed.detail : describeUnreachable(probed.cause),
        };
      const isRejected = probed.kind === "unauthorized" || rejection !== undefined;
      if (isRejected && headers && Object.keys(headers).length > 0) {
        const { answer: accepted } = await probe(url, fetch, steps, headers);
        if (accepted.kind === "open") return { ...nothing, ...acceptsHeaders, probe: accepted };
      }
      // Requested even if the server accepts the probe: some servers only require OAuth when a tool
      // is called (regressions D3).
      const found = await discover({
        serverUrl: url,
        challenge,
        fetch,
        steps,
        wantsAll,
        assumesQuietly: true,
        mayAssumeOrigin: isRejected,
        profiles: deps.profiles,
        ...(cache ? { cache } : {}),
      });
      const reached = { probe: probed, reachable: true, forbidden: false, others: [], fault: null };
      // Assumed endpoints prove nothing: a server that requires an API key also responds with 401
      // (regressions D2).
      if (found.ok && !found.discovery.metadata.legacy)
        return {
          ...reached,
          authType: "OAUTH",
          message: "This server asks for OAuth.",
          discovery: found.discovery,
          others: found.others,
        };
      const isMeant =
        !found.ok &&
        (found.isNamed ||
          challenge?.resourceMetadata ||
          // A server that rejects the probe and publishes metadata requires OAuth, even if the
          // metadata is faulty.
          (probed.kind === "unauthorized" && isServersFlaw(found.fault)));
      if (!found.ok && isMeant)
        return {
          ...reached,
          authType: "OAUTH",
          message: found.fault.message,
          discovery: null,
          fault: found.fault,
        };
      return probed.kind === "open"
        ? {
            ...reached,
            authType: "NONE",
            message: "This server is open to everybody.",
            discovery: null,
          }
        : {
            ...reached,
            authType: "HEADERS",
            message: "This server asks for a key in a header.",
            discovery: null,
          };
    },

    async preview(caller, { workspaceId, url }, signal) {
      await deps.access.requireWorkspace(caller, workspaceId, "administer");
      const faults = new InputFaults();
      this.checkUrl(faults, "url", url);
      faults.throwIfAny();
      const inspection = await this.inspect(url, {
        steps: createStepRecorder({ ...silent, clock: deps.clock }),
        fetch: bindSignal(deps.fetchFor({ serverUrl: url }), signal),
        cache: deps.cache,
        wantsAll: true,
      });
      const { metadataDocumentUrl, redirectUri } = deps;
      return {
        ...describePreview(inspection, metadataDocumentUrl),
        url,
        workspaceId,
        checkedAt: deps.clock.now(),
        redirectUri,
      };
    },
  };
}

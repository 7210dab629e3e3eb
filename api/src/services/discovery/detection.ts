import type { Detection, Inspection } from "./detected-server.ts";
import type { BearerChallenge } from "#oauth/challenge.ts";
import type { DiscoveryCache } from "#oauth/discovery-cache.ts";
import { findListed } from "#oauth/choose-authorization-server.ts";
import { discover, type DiscoverOptions, type DiscoveryAnswer } from "#oauth/discovery.ts";
import type { Fetch } from "#oauth/ports.ts";
import { findProtectedResource } from "#oauth/protected-resource.ts";
import type { ProviderProfiles } from "#oauth/provider-profiles.ts";
import { createStepRecorder, type StepClock } from "#oauth/flow-steps.ts";
import type { ProbeAnswer } from "#mcp/connection/probe.ts";
import type { Access, Caller } from "../access/access.ts";
import { bindSignal } from "./bind-abort-signal.ts";
import { InputFaults } from "../access/service-error.ts";
import { hasControlCharacters } from "../access/input.ts";
import { describePreview, type ServerPreview } from "./server-preview.ts";
import {
  type DetectOptions,
  findRedirectTarget,
  inspectServer,
  type InspectOptions,
  probe,
} from "./inspect-server.ts";

/** The options that determine the authorization server and the scopes of a consent. */
export type WalkOptions = Pick<
  DiscoverOptions,
  | "steps"
  | "chosenIssuer"
  | "forcedIssuer"
  | "earlierIssuer"
  | "trustedIssuer"
  | "wantsAll"
  | "chosenScopes"
>;

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
  inspect(url: string, options: InspectOptions): Promise<Inspection>;
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
  hasMovedFrom(
    server: { url: string; oauthTrustedIssuer: string | null },
    issuer: string,
    challenge: BearerChallenge | null,
  ): Promise<boolean>;
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

/** A consent for an address that only redirects could not be used (regressions I17). */
function failRedirect(target: string): DiscoveryAnswer {
  const message = `The server's address redirects to ${target}. Enter that address in the server's settings.`;
  const fault = { code: "ADDRESS_REDIRECTS", message, retryable: false } as const;
  return { ok: false, fault, isNamed: false };
}

const silent = { onStep: () => undefined };

export function createDetector(deps: DetectorDeps): Detector {
  return {
    findUrlFault(url) {
      if (hasControlCharacters(url))
        return { code: "NOT_A_URL", message: "A URL cannot contain control characters." };
      if (url.length > 2_048)
        return { code: "TOO_LONG", message: "A URL can have at most 2,048 characters." };
      return deps.findUrlFault(url);
    },

    checkUrl(faults, field, url) {
      const fault = this.findUrlFault(url);
      if (fault) faults.add(field, fault.message);
    },

    async walk(url, { signal, ...options }) {
      const fetch = bindSignal(deps.fetchFor({ serverUrl: url }), signal);
      const { steps } = options;
      const { answer: probed, challenge } = await probe(deps, url, { fetch, steps });
      const target =
        probed.kind === "not-mcp" &&
        (await findRedirectTarget(deps, url, probed, { fetch, steps }));
      if (target) return { probe: probed, challenge, answer: failRedirect(target) };
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

    async hasMovedFrom({ url, oauthTrustedIssuer: trustedIssuer }, issuer, challenge) {
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
        findListed(found.authorizationServers, issuer, { ...deps, trustedIssuer }) === undefined
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

    inspect: (url, options) => inspectServer(deps, url, options),

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
        ...describePreview(url, inspection, metadataDocumentUrl),
        url,
        workspaceId,
        checkedAt: deps.clock.now(),
        redirectUri,
      };
    },
  };
}

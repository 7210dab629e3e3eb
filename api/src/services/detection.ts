import { type BearerChallenge, findBearerChallenge } from "../oauth/challenge.ts";
import type { DiscoveryCache } from "../oauth/discovery-cache.ts";
import { discover, type Discovery, type DiscoveryAnswer } from "../oauth/discovery.ts";
import type { Fetch } from "../oauth/ports.ts";
import { chooseRegistration } from "../oauth/registration.ts";
import { createStepRecorder, type StepClock, type StepRecorder } from "../oauth/steps.ts";
import { type ProbeAnswer, probeServer } from "../mcp/probe.ts";
import type { Access, Caller } from "./access.ts";
import { InputFaults } from "./errors.ts";
import { hasControlCharacters } from "./input.ts";

/** What was learnt about a URL without credentials. */
export interface Detection {
  /** UNKNOWN: nothing answered as an MCP server does. */
  authType: "UNKNOWN" | "NONE" | "HEADERS" | "OAUTH";
  reachable: boolean;
  /** The address is one that Gatehouse may not go to. */
  forbidden: boolean;
  /** One sentence for a person. */
  message: string;
  /** With OAUTH, unless discovery broke: then `message` says where. */
  discovery: Discovery | null;
}

export interface ServerPreview extends Detection {
  url: string;
  workspaceId: string;
  checkedAt: Date;
  issuer: string | null;
  scopes: string[];
  clientRegistration: "PRE_REGISTERED" | "CLIENT_ID_METADATA_DOCUMENT" | "DYNAMIC" | null;
  clientRequired: boolean;
  redirectUri: string;
}

export interface Detector {
  checkUrl(faults: InputFaults, field: string, url: string): void;
  detect(url: string): Promise<Detection>;
  /** A probe and, where the server asks for OAuth, discovery; each exchange is a step. */
  walk(
    url: string,
    options: { steps: StepRecorder; chosenIssuer: string | null },
  ): Promise<{ probe: ProbeAnswer; challenge: BearerChallenge | null; answer: DiscoveryAnswer }>;
  /** Needs ADMIN, for it is what comes before creating. */
  preview(
    caller: Caller | null,
    input: { workspaceId: string; url: string },
  ): Promise<ServerPreview>;
}

export interface DetectorDeps {
  access: Access;
  fetchFor(scope: { serverUrl: string; headers?: Record<string, string> }): Fetch;
  findUrlFault(url: string): { message: string } | null;
  cache: DiscoveryCache;
  clock: StepClock;
  clientInfo: { name: string; version: string };
  redirectUri: string;
  metadataDocumentUrl: string | null;
}

const probeTimeoutMs = 10_000;
const silent = { onStep: () => undefined };

export function createDetector(deps: DetectorDeps): Detector {
  async function probe(url: string, fetch: Fetch, steps: StepRecorder) {
    const answer = await steps.record(
      "PROBE",
      fetch,
      (recordingFetch) =>
        probeServer({
          url,
          fetch: recordingFetch,
          timeoutMs: probeTimeoutMs,
          clientInfo: deps.clientInfo,
        }),
      ({ kind }) => ({ outcome: kind === "open" || kind === "unauthorized" ? "OK" : "FAILED" }),
    );
    const challenge =
      answer.kind === "unauthorized" && answer.wwwAuthenticate
        ? findBearerChallenge(new Headers({ "www-authenticate": answer.wwwAuthenticate }))
        : null;
    return { answer, challenge };
  }

  return {
    checkUrl(faults, field, url) {
      const fault = hasControlCharacters(url)
        ? { message: "A URL has no control characters." }
        : url.length > 2_048
          ? { message: "A URL has at most 2,048 characters." }
          : deps.findUrlFault(url);
      if (fault) faults.add(field, fault.message);
    },

    async walk(url, { steps, chosenIssuer }) {
      const fetch = deps.fetchFor({ serverUrl: url });
      const { answer: probed, challenge } = await probe(url, fetch, steps);
      const answer = await discover({
        serverUrl: url,
        challenge,
        fetch,
        steps,
        chosenIssuer,
        cache: deps.cache,
      });
      return { probe: probed, challenge, answer };
    },

    async detect(url) {
      const steps = createStepRecorder({ ...silent, clock: deps.clock });
      let forbidden: string | null = null;
      const guarded = deps.fetchFor({ serverUrl: url });
      const fetch: Fetch = async (input, init) => {
        try {
          return await guarded(input, init);
        } catch (error) {
          if (isForbiddenAddress(error)) forbidden ??= error.message;
          throw error;
        }
      };
      const { answer: probed, challenge } = await probe(url, fetch, steps);
      if (forbidden !== null)
        return {
          authType: "UNKNOWN",
          reachable: false,
          forbidden: true,
          message: forbidden,
          discovery: null,
        };
      if (probed.kind === "not-mcp" || probed.kind === "unreachable")
        return {
          authType: "UNKNOWN",
          reachable: false,
          forbidden: false,
          message: probed.kind === "not-mcp" ? probed.detail : describeUnreachable(probed.cause),
          discovery: null,
        };
      // Asked even where the server lets everybody in: some want OAuth only when a tool is called (regressions D3).
      const found = await discover({ serverUrl: url, challenge, fetch, steps, cache: deps.cache });
      const reached = { reachable: true, forbidden: false };
      // Endpoints that were merely assumed prove nothing: an API key's server answers 401 as well (regressions D2).
      if (found.ok && !found.discovery.metadata.legacy)
        return {
          ...reached,
          authType: "OAUTH",
          message: "This server asks for OAuth.",
          discovery: found.discovery,
        };
      if (challenge?.resourceMetadata && !found.ok)
        return { ...reached, authType: "OAUTH", message: found.fault.message, discovery: null };
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

    async preview(caller, { workspaceId, url }) {
      await deps.access.requireWorkspace(caller, workspaceId, "administer");
      const faults = new InputFaults();
      this.checkUrl(faults, "url", url);
      faults.throwIfAny();
      const detection = await this.detect(url);
      const registration =
        detection.discovery &&
        chooseRegistration({
          preRegistered: null,
          discovery: detection.discovery,
          metadataDocumentUrl: deps.metadataDocumentUrl,
          steps: createStepRecorder({ ...silent, clock: deps.clock }),
        }).kind;
      return {
        ...detection,
        url,
        workspaceId,
        checkedAt: deps.clock.now(),
        issuer: detection.discovery?.issuer ?? null,
        scopes: detection.discovery?.scopes ?? [],
        clientRegistration:
          registration === "DYNAMIC" || registration === "CLIENT_ID_METADATA_DOCUMENT"
            ? registration
            : null,
        clientRequired: registration === "CLIENT_REQUIRED",
        redirectUri: deps.redirectUri,
      };
    },
  };
}

/** The guarded fetch's own error, told by its code: this room does not import it. */
function isForbiddenAddress(error: unknown): error is Error {
  return (
    error instanceof Error &&
    "code" in error &&
    (error.code === "ADDRESS_FORBIDDEN" || error.code === "HOST_FORBIDDEN")
  );
}

function describeUnreachable(
  cause: Extract<ProbeAnswer, { kind: "unreachable" }>["cause"],
): string {
  return "message" in cause ? cause.message : "The server did not answer.";
}

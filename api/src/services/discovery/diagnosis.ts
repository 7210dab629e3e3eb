import { planRegistration } from "#oauth/dynamic-registration.ts";
import type { Discovery } from "#oauth/discovery.ts";
import type { Fetch } from "#oauth/ports.ts";
import { noteRedirectFault } from "#oauth/redirect-uri.ts";
import { chooseRegistration } from "#oauth/registration.ts";
import type { StepClock, StepRecorder } from "#oauth/flow-steps.ts";
import type { Access, Caller } from "../access/access.ts";
import { adviseOn } from "./diagnosis-advice.ts";
import { describeOption } from "./authorization-server-option.ts";
import { bindSignal } from "./bind-abort-signal.ts";
import { pickAuthorizationServer } from "./pick-authorization-server.ts";
import type { Detector } from "./detection.ts";
import { createDiagnosisRecord } from "./diagnosis-record.ts";
import { findBehavior } from "./diagnosed-behavior.ts";
import { writeReport } from "./diagnosis-report.ts";
import type { ServerDiagnosis } from "./server-diagnosis.ts";
import { InputFaults } from "../access/service-error.ts";
import { type RateLimiter, requireRate } from "../access/rate-limit.ts";

/**
 * A dry run: the code of a real flow, up to the point where something would be registered, stored
 * or requested from the user.
 */
export interface Diagnosis {
  /**
   * Requires MEMBER.
   * @throws ServiceError RATE_LIMITED with `retryAfterMs`, and BAD_USER_INPUT for an invalid URL. A
   * host that Gatehouse is not allowed to connect to is a result, not an error.
   */
  diagnose(
    caller: Caller | null,
    input: { workspaceId: string; url: string },
    signal?: AbortSignal,
  ): Promise<ServerDiagnosis>;
}

export interface DiagnosisDeps {
  access: Access;
  detector: Pick<Detector, "findUrlFault" | "inspect">;
  fetchFor(scope: { serverUrl: string }): Fetch;
  limiter: RateLimiter;
  clock: StepClock;
  redirectUri: string;
  metadataDocumentUrl: string | null;
  /** For all exchanges together, in milliseconds; the default is 45 s. */
  deadlineMs?: number;
}

interface ClientPlan {
  discovery: Discovery;
  ok: boolean;
  /** Null: a client must be registered manually. */
  kind: "CLIENT_ID_METADATA_DOCUMENT" | "DYNAMIC" | null;
}

/** These faults of a URL are results of a diagnosis; all others are input errors. */
const diagnosable = ["PRIVATE_ADDRESS", "HOST_NOT_ALLOWED"];

export function createDiagnosis(deps: DiagnosisDeps): Diagnosis {
  const { access, detector, limiter, redirectUri, metadataDocumentUrl } = deps;

  function requireUrl(url: string): void {
    const fault = detector.findUrlFault(url);
    if (!fault || diagnosable.includes(fault.code)) return;
    const faults = new InputFaults();
    faults.add("url", fault.message);
    faults.throwIfAny();
  }

  /** Plans the client that a consent at one authorization server would use. */
  function planClient(discovery: Discovery, steps: StepRecorder): ClientPlan {
    const choice = chooseRegistration({
      preRegistered: null,
      discovery,
      metadataDocumentUrl,
      steps,
    });
    if (choice.kind === "CLIENT_ID_METADATA_DOCUMENT")
      return { discovery, ok: true, kind: choice.kind };
    if (choice.kind !== "DYNAMIC") return { discovery, ok: false, kind: null };
    const plan = planRegistration(discovery.metadata, steps);
    if (plan.ok)
      steps.note(
        "CLIENT_REGISTRATION",
        "SKIPPED",
        "Gatehouse would register a client here (dynamic registration). Nothing was sent.",
        plan.endpoint,
      );
    return { discovery, ok: plan.ok, kind: choice.kind };
  }

  /**
   * Plans the client for the authorization server that a consent would use, or for the first usable
   * one if the user would have to choose.
   */
  function planConsent(found: readonly Discovery[], steps: StepRecorder): ClientPlan | null {
    if (found.length === 0) return null;
    const describe = (one: Discovery) => describeOption(one, null, metadataDocumentUrl);
    const pick = pickAuthorizationServer(found, describe, steps);
    if (pick.kind === "one") return planClient(pick.discovery, steps);
    const plans = found
      .filter((one) => describe(one).clientRegistration !== null)
      .map((one) => planClient(one, steps));
    return plans.find(({ ok }) => ok) ?? plans[0] ?? null;
  }

  return {
    async diagnose(maybeCaller, { workspaceId, url }, signal) {
      const caller = await access.requireWorkspace(maybeCaller, workspaceId, "use");
      requireUrl(url);
      await requireRate(
        limiter,
        caller.userId,
        "Too many diagnoses are running. Try again in a moment.",
      );
      const record = createDiagnosisRecord(deps.clock);
      const found = await detector.inspect(url, {
        steps: record.steps,
        fetch: record.watch(
          bindSignal(deps.fetchFor({ serverUrl: url }), signal),
          deps.deadlineMs ?? 45_000,
        ),
        // The diagnosis uses current documents only, and does not cache them.
        cache: null,
        wantsAll: true,
      });
      const { authType, fault, probe } = found;
      const working = found.discovery ? [found.discovery, ...found.others] : [];
      const insecure = working.length > 0 ? noteRedirectFault(redirectUri, record.steps) : null;
      const client = insecure ? null : planConsent(working, record.steps);
      const discovery = client?.discovery ?? found.discovery;
      const connectable = authType === "NONE" || client?.ok === true;
      const clientRequired = client?.ok === false && client.kind === null;
      const advice = connectable
        ? null
        : adviseOn({
            url,
            authType,
            probe,
            fault,
            issuer: discovery?.issuer ?? null,
            clientRequired,
            redirectUri,
            redirectFault: insecure,
            broken: record.findBroken(),
          });
      const diagnosis = {
        authType,
        connectable,
        clientRegistration: client?.ok ? client.kind : null,
        issuer: discovery?.issuer ?? null,
        scopes: discovery?.scopes ?? [],
        authorizationServers: working.map((one) => describeOption(one, null, metadataDocumentUrl)),
        steps: record.taken,
        fault: advice?.fault ?? null,
        advice: advice?.text ?? null,
        behavior: findBehavior({ authType, probe, fault, clientRequired }),
      };
      return { ...diagnosis, report: writeReport(url, diagnosis) };
    },
  };
}

import type { Database, OAuthFlow } from "@gatehouse/prisma";
import {
  type AuthorizationServer,
  authorizationServerSchema,
} from "#oauth/authorization-server.ts";
import { type CallbackReading, readCallback } from "#oauth/callback.ts";
import type { Fetch, SignAssertion } from "#oauth/ports.ts";
import type { ProviderProfiles } from "#oauth/provider-profiles.ts";
import { recordSteps, type StepClock, type StepRecorder } from "#oauth/flow-steps.ts";
import { exchangeCode } from "#oauth/token-exchange.ts";
import type { ClientStore } from "#storage/client-store.ts";
import type { FlowStore, TakenFlow } from "#storage/flow-store.ts";
import type { IssuerRefusalStore } from "#storage/issuer-refusal-store.ts";
import { type Access, type Caller, consentAction } from "../access/access.ts";
import type { BackgroundTasks } from "#async/background-tasks.ts";
import {
  type Connection,
  type ReceivedTokens,
  receiveTokens,
  type Refusal,
} from "./store-grant.ts";
import { noteRefusedParameter } from "./refused-parameters.ts";
import { measureConsent } from "./consent-duration.ts";
import { ServiceError } from "../access/service-error.ts";
import type { Revocation } from "../grant/revocation.ts";

export type CallbackAnswer =
  /** `redirectTo`: a path in the web app, in REDIRECT mode. */
  | { kind: "finished"; flowId: string; ok: boolean; redirectTo: string | null }
  /** Nobody is signed in. `held`: a new callback was stored, and only this browser receives the secret that is required to finish it. */
  | { kind: "sign-in-first"; held: { secret: string; ttlMs: number } | null }
  /** The state was never issued, or its attempt has been deleted. */
  | { kind: "unknown" };

/** Handles the redirect from the authorization server. Every result identifies the attempt (regressions C5). */
export interface Callback {
  finish(request: { query: URLSearchParams; viewer: Caller | null }): Promise<CallbackAnswer>;
  /** `heldSecret`: the secret that this browser received with `sign-in-first`, or null. */
  resume(request: { heldSecret: string | null; viewer: Caller | null }): Promise<CallbackAnswer>;
}

export interface CallbackDeps {
  db: Database;
  access: Access;
  flows: FlowStore;
  clients: ClientStore;
  connection: Connection;
  issuerRefusals: IssuerRefusalStore;
  revocation: Revocation;
  background: BackgroundTasks;
  signAssertion: SignAssertion;
  profiles: Pick<ProviderProfiles, "deviationsOf">;
  fetchFor(scope: { serverUrl: string }): Fetch;
  clock: StepClock;
  hashState(state: string): Uint8Array<ArrayBuffer>;
  randomToken(): string;
}

/** How long a callback is stored until its user signs in, in milliseconds. */
const heldTtlMs = 2 * 60_000;

export function createCallback(deps: CallbackDeps): Callback {
  const { flows } = deps;

  return {
    async finish({ query, viewer }) {
      // With more than one state parameter, readCallback rejects the request. A single one is still required to find the attempt.
      const state = query.get("state");
      const flow = state ? await flows.findByState(deps.hashState(state)) : null;
      if (!flow) return { kind: "unknown" };
      if (viewer) return proceed(deps, flow, query, viewer);
      const secret = deps.randomToken();
      const held = {
        query: query.toString(),
        secretHash: deps.hashState(secret),
        ttlMs: heldTtlMs,
      };
      if (!(await flows.hold(flow.id, held)))
        return { kind: "finished", flowId: flow.id, ok: false, redirectTo: null };
      return { kind: "sign-in-first", held: { secret, ttlMs: heldTtlMs } };
    },
    async resume({ heldSecret, viewer }) {
      // Never identified by the attempt's ID: the user who started the attempt knows it and must not be able to finish the consent of
      // another user (regressions A1).
      const secretHash = heldSecret === null ? null : deps.hashState(heldSecret);
      const flow = secretHash && (await flows.findByHeldSecret(secretHash));
      if (!flow) return { kind: "unknown" };
      if (!viewer) return { kind: "sign-in-first", held: null };
      const query = await flows.readHeld(flow.id, secretHash);
      if (query === null)
        return {
          kind: "finished",
          flowId: flow.id,
          ok: flow.status === "SUCCEEDED",
          redirectTo: null,
        };
      return proceed(deps, flow, new URLSearchParams(query), viewer);
    },
  };
}

/** Checks membership, role, server and settings again, because they may have changed while the user was at the authorization server. */
async function checkAgain(
  { access, db }: CallbackDeps,
  flow: TakenFlow,
  viewer: Caller,
): Promise<Refusal | null> {
  if (flow.userId !== viewer.userId) return { error: "WRONG_USER", detail: null };
  if (!flow.serverId) return { error: "SERVER_GONE", detail: null };
  try {
    const { server } = await access.requireServer(viewer, flow.serverId, ({ credentialScope }) =>
      consentAction(credentialScope),
    );
    const unchanged = server.configVersion === flow.configVersion;
    return unchanged ? null : { error: "SETTINGS_CHANGED", detail: null };
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error;
    const exists = await db.mcpServer.count({ where: { id: flow.serverId, deletedAt: null } });
    return { error: exists === 0 ? "SERVER_GONE" : "FORBIDDEN", detail: null };
  }
}

/** Checks the parameters of the callback, and records the consent and the callback as steps. */
function readAnswer(
  flow: TakenFlow,
  query: URLSearchParams,
  metadata: AuthorizationServer,
  steps: StepRecorder,
): CallbackReading {
  const reading = readCallback(query, metadata);
  const noteConsent = (outcome: "OK" | "FAILED", detail: string): void =>
    steps.note("CONSENT", outcome, detail, metadata.authorizationEndpoint, measureConsent(flow));
  if (reading.kind === "refused") {
    noteConsent("FAILED", "No usable code was returned.");
    steps.note("CALLBACK", "FAILED", reading.detail ?? reading.error, flow.redirectUri);
  } else {
    noteConsent("OK", "The authorization server sent a code.");
    const detail = "State, user and issuer are as expected.";
    steps.note("CALLBACK", "OK", detail, flow.redirectUri);
  }
  return reading;
}

/** Exchanges the code of the callback for tokens. */
async function exchange(
  deps: CallbackDeps,
  flow: TakenFlow,
  query: URLSearchParams,
  steps: StepRecorder,
): Promise<ReceivedTokens> {
  const metadata = authorizationServerSchema.parse(flow.authorizationServer);
  const reading = readAnswer(flow, query, metadata, steps);
  if (reading.kind === "refused") {
    await noteRefusedParameter(
      deps.issuerRefusals,
      flow,
      metadata.issuer,
      reading.errorCode,
      steps,
    );
    return reading;
  }
  const client = flow.clientId ? await deps.clients.find(flow.clientId) : null;
  if (!client || !flow.serverId || flow.openCodeVerifier === null || flow.redirectUri === null)
    return { kind: "refused", error: "SETTINGS_CHANGED", detail: null };
  const { ownerId, resource, profile } = flow;
  const { issuer } = metadata;
  // A revocation in progress could end the new grant at a server that revokes by user and client.
  await deps.revocation.hold({ ownerId, issuer, clientId: client.clientId });
  const outcome = await exchangeCode({
    tokenEndpoint: metadata.tokenEndpoint,
    issuer,
    client,
    signAssertion: deps.signAssertion,
    code: reading.code,
    codeVerifier: flow.openCodeVerifier,
    redirectUri: flow.redirectUri,
    resource,
    deviations: deps.profiles.deviationsOf(profile),
    supportedAuthMethods: metadata.tokenEndpointAuthMethodsSupported,
    fetch: deps.fetchFor({ serverUrl: resource ?? issuer }),
    steps,
  });
  const refusedCode =
    outcome.kind === "refused"
      ? outcome.errorCode
      : outcome.kind === "tokens" && outcome.resource !== resource
        ? "invalid_target"
        : null;
  await noteRefusedParameter(deps.issuerRefusals, flow, issuer, refusedCode, steps);
  return receiveTokens(deps.clients, client, outcome, {
    flow,
    serverId: flow.serverId,
    grantType: "AUTHORIZATION_CODE",
    issuer,
    metadata,
    profile,
    requestedScopes: flow.requestedScopes,
  });
}

/** After the state has been consumed the attempt cannot be repeated: the result is a grant or a reason for the failure. */
async function complete(
  deps: CallbackDeps,
  flow: TakenFlow,
  query: URLSearchParams,
  viewer: Caller,
): Promise<Refusal | null> {
  const steps = recordSteps(deps.clock);
  const refused = await checkAgain(deps, flow, viewer);
  if (refused) {
    steps.note("CALLBACK", "FAILED", refused.error, flow.redirectUri);
    await deps.flows.addSteps(flow.id, steps.taken);
    return refused;
  }
  const received = await exchange(deps, flow, query, steps);
  if (received.kind === "refused") {
    await deps.flows.addSteps(flow.id, steps.taken);
    return received;
  }
  // In the background, so that a failure to write the steps does not lose the tokens.
  deps.background.start("steps of a consent", () => deps.flows.addSteps(flow.id, steps.taken));
  return deps.connection.store(received.grant, received.client);
}

/** Finishes an attempt for the user who is signed in. */
async function proceed(
  deps: CallbackDeps,
  flow: OAuthFlow,
  query: URLSearchParams,
  viewer: Caller,
): Promise<CallbackAnswer> {
  const redirectTo = flow.mode === "REDIRECT" ? flow.returnTo : null;
  let refusal: Refusal | null = { error: "AUTHORIZATION_SERVER_ERROR", detail: null };
  try {
    const taken = await deps.flows.take(flow.id);
    if (!taken) {
      // The attempt was already used, cancelled or expired. Its record contains the result, or will when the concurrent callback has
      // finished.
      refusal = null;
      return { kind: "finished", flowId: flow.id, ok: false, redirectTo };
    }
    refusal = await complete(deps, taken, query, viewer);
  } finally {
    // An attempt that has already finished is not changed.
    if (refusal) await deps.flows.finish(flow.id, "FAILED", refusal.error, refusal.detail);
  }
  if (refusal === null) {
    deps.connection.closeOlderAttempts(flow);
    deps.connection.discoverTools(flow);
  }
  return { kind: "finished", flowId: flow.id, ok: refusal === null, redirectTo };
}

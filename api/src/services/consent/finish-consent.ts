import type { Database, OAuthFlow } from "@gatehouse/prisma";
import { authorizationServerSchema } from "#oauth/authorization-server.ts";
import { readCallback } from "#oauth/callback.ts";
import type { Fetch, GrantClient, SignAssertion } from "#oauth/ports.ts";
import type { ProviderProfiles } from "#oauth/provider-profiles.ts";
import { createStepRecorder, type Step, type StepClock, type StepRecorder } from "#oauth/steps.ts";
import { exchangeCode } from "#oauth/token-endpoint.ts";
import type { ClientStore } from "#storage/client-store.ts";
import type { FlowStore, TakenFlow } from "#storage/flow-store.ts";
import type { ConsentedGrant } from "#storage/grant-lifecycle.ts";
import { type Access, type Caller, consentAction } from "../access/access.ts";
import type { Background } from "#async/background-tasks.ts";
import type { Connection, Refusal } from "./store-grant.ts";
import { measureConsent } from "./consent-duration.ts";
import { ServiceError } from "../access/service-error.ts";
import type { Revocation } from "../grant/revocation.ts";

export type CallbackAnswer =
  /** `redirectTo`: a path of the application, in REDIRECT mode. */
  | { kind: "finished"; flowId: string; ok: boolean; redirectTo: string | null }
  /** Nobody is signed in. `held`: a new callback is held, and this browser alone receives the secret that finishes it. */
  | { kind: "sign-in-first"; held: { secret: string; ttlMs: number } | null }
  /** A state that was never given out, or so long ago that it is forgotten. */
  | { kind: "unknown" };

/** Takes over when the authorization server sends the person back. Every outcome names the attempt (regressions C5). */
export interface Callback {
  finish(request: { query: URLSearchParams; viewer: Caller | null }): Promise<CallbackAnswer>;
  /** `heldSecret`: what this browser received with `sign-in-first`; null when it received none. */
  resume(request: { heldSecret: string | null; viewer: Caller | null }): Promise<CallbackAnswer>;
}

export interface CallbackDeps {
  db: Database;
  access: Access;
  flows: FlowStore;
  clients: ClientStore;
  connection: Connection;
  revocation: Revocation;
  background: Background;
  signAssertion: SignAssertion;
  profiles: Pick<ProviderProfiles, "deviationsOf">;
  fetchFor(scope: { serverUrl: string }): Fetch;
  clock: StepClock;
  hashState(state: string): Uint8Array<ArrayBuffer>;
  randomToken(): string;
}

/** How long a callback waits for its user to sign in. */
const heldTtlMs = 2 * 60_000;

export function createCallback(deps: CallbackDeps): Callback {
  const { db, access, flows } = deps;

  /** Membership, role, server and settings again: all of them may have changed while the person was away. */
  async function checkAgain(flow: TakenFlow, viewer: Caller): Promise<Refusal | null> {
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

  async function exchange(
    flow: TakenFlow,
    query: URLSearchParams,
    steps: StepRecorder,
  ): Promise<{ refusal: Refusal } | { grant: ConsentedGrant; client: GrantClient }> {
    const metadata = authorizationServerSchema.parse(flow.authorizationServer);
    const reading = readCallback(query, metadata);
    const noteConsent = (outcome: "OK" | "FAILED", detail: string): void =>
      steps.note("CONSENT", outcome, detail, metadata.authorizationEndpoint, measureConsent(flow));
    if (reading.kind === "refused") {
      noteConsent("FAILED", "No code that may be used came back.");
      steps.note("CALLBACK", "FAILED", describeRefusal(reading), flow.redirectUri);
      return { refusal: reading };
    }
    noteConsent("OK", "The authorization server sent a code.");
    const detail = "State, user and issuer are the expected ones.";
    steps.note("CALLBACK", "OK", detail, flow.redirectUri);
    const client = flow.clientId ? await deps.clients.find(flow.clientId) : null;
    if (!client || !flow.serverId || flow.openCodeVerifier === null || flow.redirectUri === null)
      return { refusal: { error: "SETTINGS_CHANGED", detail: null } };
    const { ownerId } = flow;
    // What is being revoked through this client "by user and client" would end what is granted now.
    await deps.revocation.hold({ ownerId, issuer: metadata.issuer, clientId: client.clientId });
    const outcome = await exchangeCode({
      tokenEndpoint: metadata.tokenEndpoint,
      issuer: metadata.issuer,
      client,
      signAssertion: deps.signAssertion,
      code: reading.code,
      codeVerifier: flow.openCodeVerifier,
      redirectUri: flow.redirectUri,
      resource: flow.resource,
      deviations: deps.profiles.deviationsOf(flow.profile),
      fetch: deps.fetchFor({ serverUrl: flow.resource ?? metadata.issuer }),
      steps,
    });
    if (
      outcome.kind === "refused" &&
      (outcome.errorCode === "invalid_client" || outcome.errorCode === "unauthorized_client")
    )
      await deps.clients.retire(client.id);
    if (outcome.kind !== "tokens")
      return { refusal: { error: "TOKEN_EXCHANGE_FAILED", detail: outcome.detail } };
    const { tokens } = outcome;
    return {
      client,
      grant: {
        flowId: flow.id,
        workspaceId: flow.workspaceId,
        serverId: flow.serverId,
        configVersion: flow.configVersion,
        ownerId: flow.ownerId,
        connectedById: flow.userId,
        grantType: "AUTHORIZATION_CODE",
        clientRowId: client.id,
        issuer: metadata.issuer,
        tokenEndpoint: metadata.tokenEndpoint,
        revocationEndpoint: metadata.revocationEndpoint,
        resource: flow.resource,
        profile: flow.profile,
        requestedScopes: flow.requestedScopes,
        // RFC 6749 §5.1: no scope in the answer means the one asked for.
        grantedScopes: tokens.scopes ?? flow.requestedScopes,
        accessToken: tokens.accessToken,
        refreshToken: tokens.refreshToken,
        expiresInMs: tokens.expiresInMs,
        refreshExpiresInMs: tokens.refreshExpiresInMs,
      },
    };
  }

  /** After the state is taken nothing goes back: the outcome is a grant, or a reason. */
  async function complete(
    flow: TakenFlow,
    query: URLSearchParams,
    viewer: Caller,
  ): Promise<Refusal | null> {
    const taken: Step[] = [];
    const steps = createStepRecorder({ onStep: (step) => taken.push(step), clock: deps.clock });
    const refused = await checkAgain(flow, viewer);
    if (refused) {
      steps.note("CALLBACK", "FAILED", refused.error, flow.redirectUri);
      await flows.addSteps(flow.id, taken);
      return refused;
    }
    const exchanged = await exchange(flow, query, steps);
    if ("refusal" in exchanged) {
      await flows.addSteps(flow.id, taken);
      return exchanged.refusal;
    }
    // After the tokens are safe: a step that cannot be written must not cost them.
    deps.background.start("steps of a consent", () => flows.addSteps(flow.id, taken));
    return deps.connection.store(exchanged.grant, exchanged.client);
  }

  async function proceed(
    flow: OAuthFlow,
    query: URLSearchParams,
    viewer: Caller,
  ): Promise<CallbackAnswer> {
    const redirectTo = flow.mode === "REDIRECT" ? flow.returnTo : null;
    let refusal: Refusal | null = { error: "AUTHORIZATION_SERVER_ERROR", detail: null };
    try {
      const taken = await flows.take(flow.id);
      // Used, cancelled or run out: its record says which, or will when the callback that took it is done.
      if (!taken) refusal = null;
      else refusal = await complete(taken, query, viewer);
      if (!taken) return { kind: "finished", flowId: flow.id, ok: false, redirectTo };
    } finally {
      // Of an attempt that is over already, nothing is changed.
      if (refusal) await flows.finish(flow.id, "FAILED", refusal.error, refusal.detail);
    }
    if (refusal === null) deps.connection.discoverTools(flow);
    return { kind: "finished", flowId: flow.id, ok: refusal === null, redirectTo };
  }

  return {
    async finish({ query, viewer }) {
      // Twice the state is no state: readCallback refuses it, but there must be one to find the attempt by.
      const state = query.get("state");
      const flow = state ? await flows.findByState(deps.hashState(state)) : null;
      if (!flow) return { kind: "unknown" };
      if (viewer) return proceed(flow, query, viewer);
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
      // Never an id: the user who started the attempt knows those, and must not finish a stranger's consent (regression A1).
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
      return proceed(flow, new URLSearchParams(query), viewer);
    },
  };
}

function describeRefusal({ error, detail }: Refusal): string {
  return detail ?? error;
}

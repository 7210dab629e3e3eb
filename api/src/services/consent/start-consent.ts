import type { Changes } from "#events/changes.ts";
import type { Database, McpServer, OAuthFlow, OAuthFlowMode, OAuthGrant } from "@gatehouse/prisma";
import { authorizationServerSchema } from "#oauth/authorization-server.ts";
import { buildAuthorizationRequest } from "#oauth/authorization-request.ts";
import { chooseSentResource } from "#oauth/provider-deviations.ts";
import { unionScopes } from "#oauth/scopes.ts";
import type { Fetch } from "#oauth/ports.ts";
import { noteRedirectFault } from "#oauth/redirect-uri.ts";
import type { Refresher } from "#oauth/refresher.ts";
import { createStepRecorder, type Step, type StepClock } from "#oauth/flow-steps.ts";
import type { FlowStore } from "#storage/flow-store.ts";
import type { GrantLifecycle } from "#storage/grant-lifecycle.ts";
import { type Access, type Caller, consentAction, ownerOf } from "../access/access.ts";
import type { AuthorizationServerOption } from "../discovery/authorization-server-option.ts";
import { pickAuthorizationServer } from "../discovery/pick-authorization-server.ts";
import { checkIssuer, describeFault, keepScopes, readSettings } from "./consent-target.ts";
import type { ClientCredentials } from "./client-credentials.ts";
import { connectsItself } from "../grant/connects-itself.ts";
import type { Clients } from "./client-registration.ts";
import type { Detector } from "../discovery/detection.ts";
import { InputFaults, notFound, ServiceError } from "../access/service-error.ts";
import { checkReturnTo } from "../access/input.ts";
import { type RateLimiter, requireRate } from "../access/rate-limit.ts";
import type { Revocation } from "../grant/revocation.ts";

export interface StartInput {
  serverId: string;
  mode: OAuthFlowMode;
  returnTo: string | null;
  force: boolean;
  /** The issuer of the authorization server that the user selected. Null to use the only suitable one. */
  issuer: string | null;
}

export type StartAnswer =
  | { __typename: "OAuthStarted"; flow: OAuthFlow; authorizationUrl: string }
  | { __typename: "OAuthAlreadyConnected"; serverId: string }
  | {
      __typename: "OAuthClientRequired";
      message: string;
      issuer: string | null;
      redirectUri: string;
    }
  | {
      __typename: "OAuthAuthorizationServerRequired";
      message: string;
      authorizationServers: AuthorizationServerOption[];
    }
  | { __typename: "OAuthDiscoveryFailed"; message: string; flow: OAuthFlow };

/** Consent attempts, from their start to the redirect to the authorization server. `finish-consent.ts` handles the callback. */
export interface Consent {
  /** @param signal aborts when the caller disconnects; discovery then ends and the attempt fails */
  start(caller: Caller | null, input: StartInput, signal?: AbortSignal): Promise<StartAnswer>;
  /**
   * Connects the workspace's account with client credentials, in an admin's name, if it should be connected and is not. There is one
   * attempt at a time in a process. Returns false if the attempt failed; its record contains the reason.
   */
  connectItself(server: McpServer, userId: string): Promise<boolean>;
  cancel(caller: Caller | null, flowId: string): Promise<OAuthFlow>;
  disconnect(caller: Caller | null, serverId: string): Promise<void>;
  /** Returns null if the attempt does not belong to the caller. */
  findFlow(caller: Caller | null, flowId: string): Promise<OAuthFlow | null>;
}

export interface ConsentDeps {
  db: Database;
  access: Access;
  flows: FlowStore;
  grants: GrantLifecycle;
  clients: Clients;
  clientCredentials: ClientCredentials;
  detector: Detector;
  refresher: Refresher;
  revocation: Revocation;
  fetchFor(scope: { serverUrl: string }): Fetch;
  /** Limits the rate of attempts, because each one sends requests to external servers. */
  limiter: RateLimiter;
  clock: StepClock;
  randomToken(): string;
  hashState(state: string): Uint8Array<ArrayBuffer>;
  redirectUri: string;
  changes: Pick<Changes, "server">;
}

/** The expiry of an attempt is fixed and independent of other updates of its row (regressions C1). */
const flowTtlMs = 10 * 60_000;

export function createConsent(deps: ConsentDeps): Consent {
  const { db, access, flows } = deps;
  /** The attempts with client credentials in progress, by server and settings. */
  const ownAttempts = new Map<string, Promise<boolean>>();
  const keyOf = (server: McpServer) => `${server.id} ${server.configVersion}`;

  function findGrant(server: McpServer, ownerId: string): Promise<OAuthGrant | null> {
    return db.oAuthGrant.findUnique({
      where: { serverId_ownerId: { serverId: server.id, ownerId } },
    });
  }

  /** Returns true if the stored grant works, after a refresh if necessary. */
  async function isConnected(
    server: McpServer,
    ownerId: string,
    issuer: string | null,
  ): Promise<boolean> {
    const grant = await findGrant(server, ownerId);
    if (grant?.state !== "CONNECTED") return false;
    // The user selected a different authorization server.
    if (issuer !== null && issuer !== grant.issuer) return false;
    const answer = await deps.refresher.accessToken(grant.id);
    // Transient errors never send a user to the consent page.
    return answer.kind === "token" || answer.kind === "transient";
  }

  async function fail(
    flow: OAuthFlow,
    steps: readonly Step[],
    message: string,
  ): Promise<OAuthFlow> {
    await flows.addSteps(flow.id, steps);
    await flows.finish(flow.id, "FAILED", "DISCOVERY_FAILED", message);
    return (await flows.find(flow.id)) ?? flow;
  }

  /** Performs discovery, obtains a client and builds the authorization request, before the user is redirected. */
  async function prepare(
    flow: OAuthFlow,
    server: McpServer,
    ownerId: string,
    chosenIssuer: string | null,
    taken: Step[],
    signal: AbortSignal | undefined,
  ): Promise<StartAnswer> {
    const failed = async (message: string): Promise<StartAnswer> => ({
      __typename: "OAuthDiscoveryFailed",
      message,
      flow: await fail(flow, taken, message),
    });
    const steps = createStepRecorder({ onStep: (step) => taken.push(step), clock: deps.clock });
    const grant = await findGrant(server, ownerId);
    const { answer } = await deps.detector.walk(server.url, {
      steps,
      signal,
      ...readSettings(server),
      ...(chosenIssuer === null ? {} : { chosenIssuer }),
      // A user who disconnected the account may have chosen the wrong authorization server, and is asked again.
      earlierIssuer: grant?.reason === "DISCONNECTED_BY_USER" ? null : (grant?.issuer ?? null),
      wantsAll: true,
    });
    if (!answer.ok) return failed(describeFault(answer.fault, server));
    if (server.oauthGrantType !== "CLIENT_CREDENTIALS") {
      const insecure = noteRedirectFault(deps.redirectUri, steps);
      if (insecure) return failed(insecure);
    }

    const pick = pickAuthorizationServer(
      [answer.discovery, ...answer.others],
      (one) => deps.clients.describe(server, one),
      steps,
    );
    if (pick.kind === "several") {
      const message = "This server can be signed in to at several places. Choose one.";
      await flows.addSteps(flow.id, taken);
      await flows.finish(flow.id, "CANCELLED", null, message);
      const { authorizationServers } = pick;
      return { __typename: "OAuthAuthorizationServerRequired", message, authorizationServers };
    }
    const { discovery } = pick;
    const fetch = deps.fetchFor({ serverUrl: server.url });
    const obtained = await deps.clients.obtain(server, discovery, fetch, steps);
    if (obtained.kind === "failed") return failed(obtained.message);
    if (obtained.kind === "required") {
      await fail(flow, taken, obtained.message);
      return {
        __typename: "OAuthClientRequired",
        message: obtained.message,
        issuer: discovery.issuer,
        redirectUri: deps.redirectUri,
      };
    }

    // A late revocation for this client must not end the new grant.
    const { issuer } = discovery;
    await deps.revocation.settle({ ownerId, issuer, clientId: obtained.client.clientId });

    const requestedScopes = unionScopes(discovery.scopes, keepScopes(grant, issuer));
    const deviations = discovery.profile?.deviations ?? {};
    const resource = chooseSentResource(discovery.resource, deviations);
    if (server.oauthGrantType === "CLIENT_CREDENTIALS") {
      const refusal = await deps.clientCredentials.connect({
        flow,
        server,
        discovery,
        client: obtained.client,
        requestedScopes,
        resource,
        fetch,
        steps,
        taken,
      });
      return refusal === null
        ? { __typename: "OAuthAlreadyConnected", serverId: server.id }
        : {
            __typename: "OAuthDiscoveryFailed",
            message: `The workspace could not authenticate itself (${refusal.detail ?? refusal.error}).`,
            flow: (await flows.find(flow.id)) ?? flow,
          };
    }
    const request = await buildAuthorizationRequest({
      authorizationServer: discovery.metadata,
      clientId: obtained.client.clientId,
      redirectUri: deps.redirectUri,
      scopes: requestedScopes,
      resource,
      deviations,
      randomToken: deps.randomToken,
    });
    await flows.addSteps(flow.id, taken);
    const prepared = await flows.prepare(flow.id, {
      stateHash: deps.hashState(request.state),
      codeVerifier: request.codeVerifier,
      clientRowId: obtained.client.id,
      authorizationServer: authorizationServerSchema.parse(discovery.metadata),
      resource,
      profile: discovery.profile?.name ?? null,
      requestedScopes,
      redirectUri: deps.redirectUri,
    });
    if (!prepared) {
      const message = "The attempt was ended meanwhile. Start again.";
      const over = (await flows.find(flow.id)) ?? flow;
      return { __typename: "OAuthDiscoveryFailed", message, flow: over };
    }
    return { __typename: "OAuthStarted", flow: prepared, authorizationUrl: request.url };
  }

  async function attempt(
    server: McpServer,
    who: { userId: string; ownerId: string },
    input: Pick<StartInput, "mode" | "returnTo" | "issuer">,
    signal?: AbortSignal,
  ): Promise<StartAnswer> {
    const flow = await flows.create({
      mode: input.mode,
      returnTo: input.returnTo,
      ...who,
      workspaceId: server.workspaceId,
      serverId: server.id,
      configVersion: server.configVersion,
      ttlMs: flowTtlMs,
    });
    const taken: Step[] = [];
    try {
      return await prepare(flow, server, who.ownerId, input.issuer, taken, signal);
    } catch (error) {
      await fail(flow, taken, "Something went wrong inside Gatehouse.");
      throw error;
    }
  }

  async function attemptItself(server: McpServer, userId: string): Promise<boolean> {
    const ownerId = server.workspaceId;
    if (!connectsItself(server, await findGrant(server, ownerId))) return true;
    const input = { mode: "POPUP", returnTo: null, issuer: null } as const;
    const answer = await attempt(server, { userId, ownerId }, input);
    return answer.__typename === "OAuthAlreadyConnected";
  }

  return {
    async start(maybeCaller, input, signal) {
      const { caller, server } = await access.requireServer(
        maybeCaller,
        input.serverId,
        ({ credentialScope }) => consentAction(credentialScope),
      );
      await requireRate(deps.limiter, caller.userId, "Too many attempts at once. Wait a moment.");
      const faults = new InputFaults();
      const returnTo = checkReturnTo(faults, input.returnTo);
      if (server.authType !== "OAUTH" && server.authType !== "UNKNOWN")
        faults.add(
          "serverId",
          "This server does not ask for OAuth; there is nothing to consent to.",
        );
      checkIssuer(faults, server, input.issuer);
      faults.throwIfAny();
      const ownerId = ownerOf(server, caller);
      // The attempt in progress may result in the grant that is requested.
      await ownAttempts.get(keyOf(server))?.catch(() => false);
      if (!input.force && (await isConnected(server, ownerId, input.issuer)))
        return { __typename: "OAuthAlreadyConnected", serverId: server.id };
      return attempt(server, { userId: caller.userId, ownerId }, { ...input, returnTo }, signal);
    },

    connectItself(server, userId) {
      const key = keyOf(server);
      const underWay =
        ownAttempts.get(key) ??
        attemptItself(server, userId).finally(() => ownAttempts.delete(key));
      ownAttempts.set(key, underWay);
      return underWay;
    },

    async cancel(caller, flowId) {
      const flow = await this.findFlow(caller, flowId);
      if (!flow) {
        if (!caller) throw new ServiceError("UNAUTHENTICATED", "Sign in first.");
        throw notFound("attempt");
      }
      // Users can cancel their own attempts even after leaving the workspace. An API token needs the permission that starting an attempt
      // requires.
      if (caller?.apiToken) await access.requireWorkspace(caller, flow.workspaceId, "connect");
      await flows.finish(flow.id, "CANCELLED");
      return (await flows.find(flow.id)) ?? flow;
    },

    async disconnect(maybeCaller, serverId) {
      const { caller, server } = await access.requireServer(
        maybeCaller,
        serverId,
        ({ credentialScope }) => consentAction(credentialScope),
      );
      const ownerId = ownerOf(server, caller);
      await deps.grants.end({ serverId, ownerId }, "DISCONNECTED_BY_USER", caller.userId);
      deps.revocation.kick();
      await db.toolCatalog.deleteMany({ where: { serverId, ownerId } });
      deps.changes.server(serverId);
    },

    async findFlow(caller, flowId) {
      const flow = caller && (await flows.find(flowId));
      if (!flow || flow.userId !== caller.userId) return null;
      // Users can read their own attempts even after leaving the workspace. An API token can read only those of its workspace.
      return caller.apiToken && caller.apiToken.workspaceId !== flow.workspaceId ? null : flow;
    },
  };
}

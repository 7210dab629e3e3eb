import type { Database, McpServer, OAuthFlow, OAuthFlowMode } from "@gatehouse/prisma";
import { authorizationServerSchema } from "../oauth/authorization-server.ts";
import { buildAuthorizationRequest } from "../oauth/authorization-request.ts";
import { unionScopes } from "../oauth/scopes.ts";
import type { Fetch } from "../oauth/ports.ts";
import type { Refresher } from "../oauth/refresher.ts";
import { createStepRecorder, type Step, type StepClock } from "../oauth/steps.ts";
import type { FlowStore } from "../storage/flow-store.ts";
import type { GrantLifecycle } from "../storage/grant-lifecycle.ts";
import { type Access, type Caller, consentAction, ownerOf } from "./access.ts";
import type { Clients } from "./clients.ts";
import type { Detector } from "./detection.ts";
import { InputFaults, notFound, ServiceError } from "./errors.ts";
import { checkReturnTo } from "./input.ts";
import type { Revocation } from "./revocation.ts";

export interface StartInput {
  serverId: string;
  mode: OAuthFlowMode;
  returnTo: string | null;
  force: boolean;
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
  | { __typename: "OAuthDiscoveryFailed"; message: string; flow: OAuthFlow };

/** Attempts at consent, from the click to the authorization server; `callback.ts` takes over when it comes back. */
export interface Consent {
  start(caller: Caller | null, input: StartInput): Promise<StartAnswer>;
  cancel(caller: Caller | null, flowId: string): Promise<OAuthFlow>;
  disconnect(caller: Caller | null, serverId: string): Promise<void>;
  /** Null unless it is the caller's own. */
  findFlow(caller: Caller | null, flowId: string): Promise<OAuthFlow | null>;
}

export interface ConsentDeps {
  db: Database;
  access: Access;
  flows: FlowStore;
  grants: GrantLifecycle;
  clients: Clients;
  detector: Detector;
  refresher: Refresher;
  revocation: Revocation;
  fetchFor(scope: { serverUrl: string }): Fetch;
  clock: StepClock;
  randomToken(): string;
  hashState(state: string): Uint8Array<ArrayBuffer>;
  redirectUri: string;
}

/** An attempt has an expiry of its own, whatever else is written to its row (regressions C1). */
const flowTtlMs = 10 * 60_000;

export function createConsent(deps: ConsentDeps): Consent {
  const { db, access, flows } = deps;

  /** True when what is stored works, refreshed if need be. */
  async function isConnected(server: McpServer, ownerId: string): Promise<boolean> {
    const grant = await db.oAuthGrant.findUnique({
      where: { serverId_ownerId: { serverId: server.id, ownerId } },
      select: { id: true, state: true },
    });
    if (grant?.state !== "CONNECTED") return false;
    const answer = await deps.refresher.accessToken(grant.id);
    // Trouble that passes is no reason to send anybody to a consent page.
    return answer.kind === "token" || answer.kind === "transient";
  }

  /** What was granted and what a 403 asked for since: a step-up never loses a scope. */
  async function heldScopes(server: McpServer, ownerId: string): Promise<string[]> {
    const grant = await db.oAuthGrant.findUnique({
      where: { serverId_ownerId: { serverId: server.id, ownerId } },
    });
    return grant?.reason === "INSUFFICIENT_SCOPE"
      ? unionScopes(grant.requestedScopes, grant.grantedScopes, grant.challengedScopes)
      : [];
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

  /** Discovery, a client, the request: what must be known before the person is sent away. */
  async function prepare(
    flow: OAuthFlow,
    server: McpServer,
    ownerId: string,
    taken: Step[],
  ): Promise<StartAnswer> {
    const failed = async (message: string): Promise<StartAnswer> => ({
      __typename: "OAuthDiscoveryFailed",
      message,
      flow: await fail(flow, taken, message),
    });
    const steps = createStepRecorder({ onStep: (step) => taken.push(step), clock: deps.clock });
    const { answer } = await deps.detector.walk(server.url, {
      steps,
      chosenIssuer: server.oauthClientId ? server.oauthIssuer : null,
    });
    if (!answer.ok) return failed(answer.fault.message);

    const { discovery } = answer;
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

    const requestedScopes = unionScopes(discovery.scopes, await heldScopes(server, ownerId));
    const request = await buildAuthorizationRequest({
      authorizationServer: discovery.metadata,
      clientId: obtained.client.clientId,
      redirectUri: deps.redirectUri,
      scopes: requestedScopes,
      resource: discovery.resource,
      randomToken: deps.randomToken,
    });
    await flows.addSteps(flow.id, taken);
    const prepared = await flows.prepare(flow.id, {
      stateHash: deps.hashState(request.state),
      codeVerifier: request.codeVerifier,
      clientRowId: obtained.client.id,
      authorizationServer: authorizationServerSchema.parse(discovery.metadata),
      resource: discovery.resource,
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

  return {
    async start(maybeCaller, input) {
      const { caller, server } = await access.requireServer(
        maybeCaller,
        input.serverId,
        ({ credentialScope }) => consentAction(credentialScope),
      );
      const faults = new InputFaults();
      const returnTo = checkReturnTo(faults, input.returnTo);
      if (server.authType !== "OAUTH" && server.authType !== "UNKNOWN")
        faults.add(
          "serverId",
          "This server does not ask for OAuth; there is nothing to consent to.",
        );
      faults.throwIfAny();
      const ownerId = ownerOf(server, caller);
      if (!input.force && (await isConnected(server, ownerId)))
        return { __typename: "OAuthAlreadyConnected", serverId: server.id };

      const flow = await flows.create({
        mode: input.mode,
        returnTo,
        userId: caller.userId,
        ownerId,
        workspaceId: server.workspaceId,
        serverId: server.id,
        configVersion: server.configVersion,
        ttlMs: flowTtlMs,
      });
      const taken: Step[] = [];
      try {
        return await prepare(flow, server, ownerId, taken);
      } catch (error) {
        await fail(flow, taken, "Something went wrong inside Gatehouse.");
        throw error;
      }
    },

    async cancel(caller, flowId) {
      const flow = await this.findFlow(caller, flowId);
      if (!flow) {
        if (!caller) throw new ServiceError("UNAUTHENTICATED", "Sign in first.");
        throw notFound("attempt");
      }
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
      const grant = await deps.grants.end(
        { serverId, ownerId },
        "DISCONNECTED_BY_USER",
        caller.userId,
      );
      await db.toolCatalog.deleteMany({ where: { serverId, ownerId } });
      if (grant) deps.revocation.revokeLater([grant]);
    },

    async findFlow(caller, flowId) {
      const flow = caller && (await flows.find(flowId));
      return flow && flow.userId === caller.userId ? flow : null;
    },
  };
}

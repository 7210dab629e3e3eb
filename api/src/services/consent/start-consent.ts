import type { McpServer, OAuthFlow, OAuthFlowMode } from "@gatehouse/prisma";
import type { Changes } from "#events/changes.ts";
import type { Refresher } from "#oauth/refresher.ts";
import { recordSteps } from "#oauth/flow-steps.ts";
import type { GrantLifecycle } from "#storage/grant-lifecycle.ts";
import { type Access, type Caller, consentAction, ownerOf } from "../access/access.ts";
import { checkReturnTo } from "../access/input.ts";
import { type RateLimiter, requireRate } from "../access/rate-limit.ts";
import { InputFaults, notFound, ServiceError } from "../access/service-error.ts";
import { needsClientCredentials } from "../grant/needs-client-credentials.ts";
import { checkIssuer } from "./consent-target.ts";
import { type AttemptDeps, failFlow, findGrant, type StartAnswer } from "./consent-attempt.ts";
import { prepareAuthorization } from "./prepare-authorization.ts";

export interface StartInput {
  serverId: string;
  mode: OAuthFlowMode;
  returnTo: string | null;
  force: boolean;
  /** The issuer of the authorization server that the user selected. Null to use the only suitable one. */
  issuer: string | null;
}

/** Consent attempts, from their start to the redirect to the authorization server. `finish-consent.ts` handles the callback. */
export interface Consent {
  /** @param signal aborts when the caller disconnects; discovery then ends and the attempt fails */
  start(caller: Caller | null, input: StartInput, signal?: AbortSignal): Promise<StartAnswer>;
  /**
   * Connects the workspace's account with client credentials, in an admin's name, if it should be connected and is not. There is one
   * attempt at a time in a process. Returns false if the attempt failed; its record contains the reason.
   */
  connectWithClientCredentials(server: McpServer, userId: string): Promise<boolean>;
  cancel(caller: Caller | null, flowId: string): Promise<OAuthFlow>;
  disconnect(caller: Caller | null, serverId: string): Promise<void>;
  /** Returns null if the attempt does not belong to the caller. */
  findFlow(caller: Caller | null, flowId: string): Promise<OAuthFlow | null>;
}

export interface ConsentDeps extends AttemptDeps {
  access: Access;
  grants: GrantLifecycle;
  refresher: Refresher;
  /** Limits the rate of attempts, because each one sends requests to external servers. */
  limiter: RateLimiter;
  changes: Pick<Changes, "server">;
}

/** The expiry of an attempt is fixed and independent of other updates of its row (regressions C1). */
const flowTtlMs = 10 * 60_000;

export function createConsent(deps: ConsentDeps): Consent {
  const { db, access, flows } = deps;
  /** The attempts with client credentials in progress, by server and settings. */
  const ownAttempts = new Map<string, Promise<boolean>>();
  const keyOf = (server: McpServer) => `${server.id} ${server.configVersion}`;

  return {
    async start(maybeCaller, input, signal) {
      const { caller, server } = await access.requireServer(
        maybeCaller,
        input.serverId,
        ({ credentialScope }) => consentAction(credentialScope),
      );
      await requireRate(
        deps.limiter,
        caller.userId,
        "Too many attempts are in progress. Try again in a moment.",
      );
      const faults = new InputFaults();
      const returnTo = checkReturnTo(faults, input.returnTo);
      if (server.authType !== "OAUTH" && server.authType !== "UNKNOWN")
        faults.add("serverId", "This server does not require OAuth.");
      checkIssuer(faults, server, input.issuer);
      faults.throwIfAny();
      const ownerId = ownerOf(server, caller);
      // The attempt in progress may result in the grant that is requested.
      await ownAttempts.get(keyOf(server))?.catch(() => false);
      if (!input.force && (await isConnected(deps, server, ownerId, input.issuer)))
        return { __typename: "OAuthAlreadyConnected", serverId: server.id };
      return attemptConsent(
        deps,
        server,
        { userId: caller.userId, ownerId },
        { ...input, returnTo },
        signal,
      );
    },

    connectWithClientCredentials(server, userId) {
      const key = keyOf(server);
      const underWay =
        ownAttempts.get(key) ??
        attemptClientCredentials(deps, server, userId).finally(() => ownAttempts.delete(key));
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
      await flows.cancelOlder({ serverId, ownerId, userId: caller.userId }, new Date());
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

/** Returns true if the stored grant works, after a refresh if necessary. */
async function isConnected(
  { db, refresher }: ConsentDeps,
  server: McpServer,
  ownerId: string,
  issuer: string | null,
): Promise<boolean> {
  const grant = await findGrant(db, server, ownerId);
  if (grant?.state !== "CONNECTED") return false;
  // The user selected a different authorization server.
  if (issuer !== null && issuer !== grant.issuer) return false;
  const answer = await refresher.accessToken(grant.id);
  // Transient errors never send a user to the consent page.
  return answer.kind === "token" || answer.kind === "transient";
}

/** Creates an attempt and prepares it. An unexpected error ends the attempt and is thrown. */
async function attemptConsent(
  deps: ConsentDeps,
  server: McpServer,
  who: { userId: string; ownerId: string },
  input: Pick<StartInput, "mode" | "returnTo" | "issuer">,
  signal?: AbortSignal,
): Promise<StartAnswer> {
  const flow = await deps.flows.create({
    mode: input.mode,
    returnTo: input.returnTo,
    ...who,
    workspaceId: server.workspaceId,
    serverId: server.id,
    configVersion: server.configVersion,
    ttlMs: flowTtlMs,
  });
  const steps = recordSteps(deps.clock);
  const { ownerId } = who;
  const { issuer } = input;
  try {
    return await prepareAuthorization(deps, { flow, server, ownerId, issuer, steps }, signal);
  } catch (error) {
    await failFlow(deps.flows, flow, steps, "An internal error occurred.");
    throw error;
  }
}

/** Connects the workspace's account with client credentials. Returns false if the attempt failed. */
async function attemptClientCredentials(
  deps: ConsentDeps,
  server: McpServer,
  userId: string,
): Promise<boolean> {
  const ownerId = server.workspaceId;
  if (!needsClientCredentials(server, await findGrant(deps.db, server, ownerId))) return true;
  const input = { mode: "POPUP", returnTo: null, issuer: null } as const;
  const answer = await attemptConsent(deps, server, { userId, ownerId }, input);
  return answer.__typename === "OAuthAlreadyConnected";
}

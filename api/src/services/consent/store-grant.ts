import type { Changes } from "#events/changes.ts";
import type { OAuthFlow, OAuthFlowError } from "@gatehouse/prisma";
import type { GrantClient } from "#oauth/ports.ts";
import type { ExchangeOutcome } from "#oauth/token-exchange.ts";
import type { OAuthReason } from "#oauth/state.ts";
import type { Step, StepClock } from "#oauth/flow-steps.ts";
import type { ClientStore } from "#storage/client-store.ts";
import type { FlowStore } from "#storage/flow-store.ts";
import type { ConsentedGrant } from "#storage/connect-grant.ts";
import type { GrantLifecycle } from "#storage/grant-lifecycle.ts";
import type { BackgroundTasks } from "#async/background-tasks.ts";
import type { Catalogs } from "../catalog/catalogs.ts";
import type { Revocation } from "../grant/revocation.ts";

/** The reason that an attempt failed. `detail` may be shown to the user. */
export interface Refusal {
  error: OAuthFlowError;
  detail: string | null;
}

/** The token request of an attempt, for all grant types. */
type TokenRequest = Pick<
  ConsentedGrant,
  "serverId" | "grantType" | "issuer" | "profile" | "requestedScopes"
> & {
  flow: Pick<OAuthFlow, "id" | "workspaceId" | "configVersion" | "ownerId" | "userId">;
  metadata: Pick<ConsentedGrant, "tokenEndpoint" | "revocationEndpoint">;
};

export type ReceivedTokens =
  | ({ kind: "refused" } & Refusal)
  | { kind: "issued"; grant: ConsentedGrant; client: GrantClient };

/** Reads the response of a token endpoint. A client that the authorization server rejected is not used again. */
export async function receiveTokens(
  clients: Pick<ClientStore, "retire" | "setAuthMethod">,
  client: GrantClient,
  outcome: ExchangeOutcome,
  { flow, metadata, ...request }: TokenRequest,
): Promise<ReceivedTokens> {
  if (
    outcome.kind === "refused" &&
    (outcome.errorCode === "invalid_client" || outcome.errorCode === "unauthorized_client")
  )
    await clients.retire(client.id);
  if (outcome.kind !== "tokens")
    return { kind: "refused", error: "TOKEN_EXCHANGE_FAILED", detail: outcome.detail };
  const { tokenEndpointAuthMethod, resource } = outcome;
  if (tokenEndpointAuthMethod !== client.tokenEndpointAuthMethod)
    await clients.setAuthMethod(client.id, tokenEndpointAuthMethod);
  const { scopes, ...tokens } = outcome.tokens;
  return {
    kind: "issued",
    client,
    grant: {
      ...request,
      ...tokens,
      resource,
      flowId: flow.id,
      workspaceId: flow.workspaceId,
      configVersion: flow.configVersion,
      ownerId: flow.ownerId,
      connectedById: flow.userId,
      clientRowId: client.id,
      tokenEndpoint: metadata.tokenEndpoint,
      revocationEndpoint: metadata.revocationEndpoint,
      // RFC 6749 §5.1: if the response contains no scope, it equals the requested one.
      grantedScopes: scopes ?? request.requestedScopes,
    },
  };
}

/** Processes the tokens that an authorization server issued, for all grant types. */
export interface Connection {
  /** Stores the issued tokens, or revokes them if they cannot be stored. Returns null if they were stored and the attempt has succeeded. */
  store(grant: ConsentedGrant, client: GrantClient): Promise<Refusal | null>;
  /** Requests the list of tools in the background, as the last step of a successful attempt. */
  discoverTools(flow: Pick<OAuthFlow, "id" | "serverId" | "ownerId">): void;
  /** Closes the user's older attempts in the background, after a successful one. */
  closeOlderAttempts(flow: Pick<OAuthFlow, "serverId" | "ownerId" | "userId" | "startedAt">): void;
}

export interface ConnectionDeps {
  flows: FlowStore;
  grants: GrantLifecycle;
  catalogs: Catalogs;
  revocation: Revocation;
  background: BackgroundTasks;
  clock: StepClock;
  changes: Pick<Changes, "flow" | "server">;
  /** Deletes client registrations that are no longer used after a grant moved to a newer one. Runs in the background. */
  retireRegistrations(serverId: string): void;
}

/** The reasons that issued tokens could not be stored, for the event log and the attempt. */
const refusals = {
  "settings-changed": { reason: "SETTINGS_CHANGED", error: "SETTINGS_CHANGED" },
  "server-gone": { reason: "DISCONNECTED_BY_USER", error: "SERVER_GONE" },
  "no-member": { reason: "MEMBER_REMOVED", error: "FORBIDDEN" },
  // The attempt was cancelled or has expired, which its record already states.
  "attempt-over": { reason: null, error: "SETTINGS_CHANGED" },
} as const satisfies Record<
  Exclude<Awaited<ReturnType<GrantLifecycle["connect"]>>["kind"], "connected">,
  { reason: OAuthReason | null; error: OAuthFlowError }
>;

export function createConnection(deps: ConnectionDeps): Connection {
  return {
    async store(grant, client) {
      const revoke = (reason: OAuthReason | null) =>
        deps.revocation.revokeOrphan(
          { ...grant, client },
          { workspaceId: grant.workspaceId, actorId: grant.connectedById, reason },
        );
      let stored: Awaited<ReturnType<GrantLifecycle["connect"]>>;
      try {
        stored = await deps.grants.connect(grant);
      } catch (error) {
        // If the tokens were stored after all, they belong to the grant and are kept.
        revoke(null);
        throw error;
      }
      deps.changes.flow(grant.flowId);
      if (stored.kind === "connected") {
        if (stored.serverChanged) deps.changes.server(grant.serverId);
        // If the grant replaced one at another authorization server, the tokens of that grant are waiting for revocation.
        deps.revocation.kick();
        deps.retireRegistrations(grant.serverId);
        return null;
      }
      const { reason, error } = refusals[stored.kind];
      revoke(reason);
      return { error, detail: null };
    },

    closeOlderAttempts({ serverId, ownerId, userId, startedAt }) {
      if (serverId === null) return;
      deps.background.start("closing of older attempts", () =>
        deps.flows.cancelOlder({ serverId, ownerId, userId }, startedAt),
      );
    },

    discoverTools({ id, serverId, ownerId }) {
      if (serverId === null) return;
      deps.background.start("tool discovery", async () => {
        const at = deps.clock.now().toISOString();
        const startedMs = deps.clock.monotonicMs();
        const answer = await deps.catalogs.discover(serverId, ownerId);
        const step: Step = {
          kind: "TOOL_DISCOVERY",
          outcome: answer.kind === "tools" ? "OK" : "FAILED",
          url: answer.url,
          httpStatus: answer.httpStatus,
          durationMs: Math.round(deps.clock.monotonicMs() - startedMs),
          detail: answer.kind === "tools" ? `${answer.tools.length} tools.` : answer.message,
          at,
        };
        await deps.flows.addSteps(id, [step]);
      });
    },
  };
}

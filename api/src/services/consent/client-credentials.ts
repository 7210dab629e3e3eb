import type { McpServer, OAuthFlow } from "@gatehouse/prisma";
import type { Discovery } from "#oauth/discovery.ts";
import type { Fetch, GrantClient, SignAssertion } from "#oauth/ports.ts";
import type { Step, StepRecorder } from "#oauth/flow-steps.ts";
import { requestClientToken } from "#oauth/token-endpoint.ts";
import type { ClientStore } from "#storage/client-store.ts";
import type { FlowStore } from "#storage/flow-store.ts";
import type { Connection, Refusal } from "./store-grant.ts";

/** Connects without a user: the workspace authenticates as itself (RFC 6749 §4.4), if `oauthGrantType` is CLIENT_CREDENTIALS. */
export interface ClientCredentials {
  /** Makes one token request and ends the attempt. Returns null if the account is connected. */
  connect(attempt: ClientCredentialsAttempt): Promise<Refusal | null>;
}

export interface ClientCredentialsAttempt {
  flow: OAuthFlow;
  server: McpServer;
  discovery: Discovery;
  client: GrantClient;
  requestedScopes: readonly string[];
  resource: string | null;
  fetch: Fetch;
  steps: StepRecorder;
  /** The steps that have been recorded so far. */
  taken: readonly Step[];
}

export interface ClientCredentialsDeps {
  flows: FlowStore;
  clients: ClientStore;
  connection: Connection;
  signAssertion: SignAssertion;
}

export function createClientCredentials(deps: ClientCredentialsDeps): ClientCredentials {
  const { flows } = deps;

  /** Returns null if the grant was stored, otherwise the reason for the failure. */
  async function obtain(attempt: ClientCredentialsAttempt): Promise<Refusal | null> {
    const { flow, server, discovery, client, resource } = attempt;
    const { issuer, metadata, profile } = discovery;
    // RFC 6749 §4.4: only for confidential clients.
    if (client.tokenEndpointAuthMethod === "none") {
      const detail =
        "The authorization server takes none of the ways in which this client can authenticate itself.";
      attempt.steps.note("TOKEN_EXCHANGE", "FAILED", detail, issuer);
      return { error: "TOKEN_EXCHANGE_FAILED", detail };
    }
    // This grant type issues no refresh tokens, so offline_access would have no effect.
    const requestedScopes = attempt.requestedScopes.filter((scope) => scope !== "offline_access");
    const outcome = await requestClientToken({
      tokenEndpoint: metadata.tokenEndpoint,
      issuer,
      client,
      signAssertion: deps.signAssertion,
      scopes: requestedScopes,
      resource,
      deviations: profile?.deviations ?? {},
      fetch: attempt.fetch,
      steps: attempt.steps,
    });
    if (
      outcome.kind === "refused" &&
      (outcome.errorCode === "invalid_client" || outcome.errorCode === "unauthorized_client")
    )
      await deps.clients.retire(client.id);
    if (outcome.kind !== "tokens")
      return { error: "TOKEN_EXCHANGE_FAILED", detail: outcome.detail };
    const { tokens } = outcome;
    return deps.connection.store(
      {
        flowId: flow.id,
        workspaceId: flow.workspaceId,
        serverId: server.id,
        configVersion: flow.configVersion,
        ownerId: flow.ownerId,
        connectedById: flow.userId,
        grantType: "CLIENT_CREDENTIALS",
        clientRowId: client.id,
        issuer,
        tokenEndpoint: metadata.tokenEndpoint,
        revocationEndpoint: metadata.revocationEndpoint,
        resource,
        profile: profile?.name ?? null,
        requestedScopes,
        // RFC 6749 §5.1: if the response contains no scope, it equals the requested one.
        grantedScopes: tokens.scopes ?? requestedScopes,
        accessToken: tokens.accessToken,
        refreshToken: null,
        expiresInMs: tokens.expiresInMs,
        refreshExpiresInMs: null,
      },
      client,
    );
  }

  return {
    async connect(attempt) {
      const refusal = await obtain(attempt);
      await flows.addSteps(attempt.flow.id, attempt.taken);
      if (refusal === null) deps.connection.discoverTools(attempt.flow);
      else await flows.finish(attempt.flow.id, "FAILED", refusal.error, refusal.detail);
      return refusal;
    },
  };
}

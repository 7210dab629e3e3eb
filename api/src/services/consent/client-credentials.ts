import { requestClientToken } from "#oauth/token-exchange.ts";
import type { Attempt, AuthorizationTarget, AttemptDeps, StartAnswer } from "./consent-attempt.ts";
import { receiveTokens, type Refusal } from "./store-grant.ts";

/**
 * Connects without a user: the workspace authenticates as itself (RFC 6749 §4.4), if `oauthGrantType` is CLIENT_CREDENTIALS. Makes one
 * token request and ends the attempt.
 */
export async function connectWithClientCredentials(
  deps: AttemptDeps,
  attempt: Attempt,
  target: AuthorizationTarget,
): Promise<StartAnswer> {
  const { flows, connection } = deps;
  const { flow, server } = attempt;
  const refusal = await obtainGrant(deps, attempt, target);
  await flows.addSteps(flow.id, attempt.steps.taken);
  if (refusal === null) {
    connection.discoverTools(flow);
    return { __typename: "OAuthAlreadyConnected", serverId: server.id };
  }
  await flows.finish(flow.id, "FAILED", refusal.error, refusal.detail);
  return {
    __typename: "OAuthDiscoveryFailed",
    message: `The workspace could not authenticate (${refusal.detail ?? refusal.error}).`,
    flow: (await flows.find(flow.id)) ?? flow,
  };
}

/** Returns null if the grant was stored, otherwise the reason for the failure. */
async function obtainGrant(
  deps: AttemptDeps,
  { flow, server, steps }: Attempt,
  { discovery, client, requestedScopes, resource }: AuthorizationTarget,
): Promise<Refusal | null> {
  const { issuer, metadata, profile } = discovery;
  // RFC 6749 §4.4: only for confidential clients.
  if (client.tokenEndpointAuthMethod === "none") {
    const detail =
      "The authorization server supports no authentication method that this client can use.";
    steps.note("TOKEN_EXCHANGE", "FAILED", detail, issuer);
    return { error: "TOKEN_EXCHANGE_FAILED", detail };
  }
  // This grant type issues no refresh tokens, so offline_access would have no effect.
  const scopes = requestedScopes.filter((scope) => scope !== "offline_access");
  const outcome = await requestClientToken({
    tokenEndpoint: metadata.tokenEndpoint,
    issuer,
    client,
    signAssertion: deps.signAssertion,
    scopes,
    resource,
    deviations: profile?.deviations ?? {},
    supportedAuthMethods: metadata.tokenEndpointAuthMethodsSupported,
    fetch: deps.fetchFor({ serverUrl: server.url }),
    steps,
  });
  const received = await receiveTokens(deps.clientStore, client, outcome, {
    flow,
    serverId: server.id,
    grantType: "CLIENT_CREDENTIALS",
    issuer,
    metadata,
    profile: profile?.name ?? null,
    requestedScopes: scopes,
  });
  return received.kind === "refused"
    ? received
    : deps.connection.store(received.grant, received.client);
}

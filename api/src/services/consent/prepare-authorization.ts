import type { OAuthGrant } from "@gatehouse/prisma";
import { buildAuthorizationRequest } from "#oauth/authorization-request.ts";
import { authorizationServerSchema } from "#oauth/authorization-server.ts";
import { chooseSentResource } from "#oauth/provider-deviations.ts";
import { noteRedirectFault } from "#oauth/redirect-uri.ts";
import { unionScopes } from "#oauth/scopes.ts";
import type { AuthorizationServerOption } from "../discovery/authorization-server-option.ts";
import { pickAuthorizationServer } from "../discovery/pick-authorization-server.ts";
import { connectWithClientCredentials } from "./client-credentials.ts";
import {
  type Attempt,
  type AttemptDeps,
  type AuthorizationTarget,
  failFlow,
  findGrant,
  type StartAnswer,
} from "./consent-attempt.ts";
import { describeFault, keepScopes, readSettings } from "./consent-target.ts";
import { leaveOutRefused } from "./refused-parameters.ts";

/**
 * Performs discovery, obtains a client and builds the authorization request, before the user is redirected. With client credentials, it
 * connects the account instead.
 * @param signal aborts when the caller disconnects; discovery then ends and the attempt fails
 */
export async function prepareAuthorization(
  deps: AttemptDeps,
  attempt: Attempt,
  signal: AbortSignal | undefined,
): Promise<StartAnswer> {
  const { flow, server, ownerId, steps } = attempt;
  const failed = async (message: string, offeredIssuer?: string): Promise<StartAnswer> => ({
    __typename: "OAuthDiscoveryFailed",
    message,
    flow: await failFlow(deps.flows, flow, steps, message, offeredIssuer),
  });
  const grant = await findGrant(deps.db, server, ownerId);
  const { answer } = await discover(deps, attempt, grant, signal);
  if (!answer.ok) return failed(describeFault(answer.fault, server), answer.fault.offeredIssuer);
  if (server.oauthGrantType !== "CLIENT_CREDENTIALS") {
    const insecure = noteRedirectFault(deps.redirectUri, steps);
    if (insecure) return failed(insecure);
  }

  const pick = pickAuthorizationServer(
    [answer.discovery, ...answer.others],
    (one) => deps.clients.describe(server, one),
    steps,
  );
  if (pick.kind === "several") return requireChoice(deps, attempt, pick.authorizationServers);
  const { discovery } = pick;
  const fetch = deps.fetchFor({ serverUrl: server.url });
  const obtained = await deps.clients.obtain(server, discovery, fetch, steps);
  if (obtained.kind === "failed") return failed(obtained.message);
  if (obtained.kind === "required") {
    await failFlow(deps.flows, flow, steps, obtained.message);
    return {
      __typename: "OAuthClientRequired",
      message: obtained.message,
      issuer: discovery.issuer,
      redirectUri: deps.redirectUri,
    };
  }

  // A late revocation for this client must not end the new grant.
  const { issuer } = discovery;
  const { client } = obtained;
  await deps.revocation.settle({ ownerId, issuer, clientId: client.clientId });

  const wanted = {
    requestedScopes: unionScopes(discovery.scopes, keepScopes(grant, issuer)),
    resource: chooseSentResource(discovery.resource, discovery.profile?.deviations ?? {}),
  };
  const refusals = await deps.issuerRefusals.read(server.workspaceId, issuer);
  const sent = leaveOutRefused(refusals, wanted, issuer, steps);
  const target: AuthorizationTarget = { discovery, client, ...sent };
  return server.oauthGrantType === "CLIENT_CREDENTIALS"
    ? connectWithClientCredentials(deps, attempt, target)
    : requestAuthorization(deps, attempt, target);
}

/** Finds the authorization servers of the MCP server. */
function discover(
  deps: AttemptDeps,
  { server, issuer, steps }: Attempt,
  grant: OAuthGrant | null,
  signal: AbortSignal | undefined,
) {
  return deps.detector.walk(server.url, {
    steps,
    signal,
    ...readSettings(server),
    ...(issuer === null ? {} : { chosenIssuer: issuer }),
    // A user who disconnected the account may have chosen the wrong authorization server, and is asked again.
    earlierIssuer: grant?.reason === "DISCONNECTED_BY_USER" ? null : (grant?.issuer ?? null),
    wantsAll: true,
  });
}

/** Ends the attempt, because the user must first choose one of several authorization servers. */
async function requireChoice(
  { flows }: AttemptDeps,
  { flow, steps }: Attempt,
  authorizationServers: AuthorizationServerOption[],
): Promise<StartAnswer> {
  const message = "This server has several authorization servers. Choose one.";
  await flows.addSteps(flow.id, steps.taken);
  await flows.finish(flow.id, "CANCELLED", null, message);
  return { __typename: "OAuthAuthorizationServerRequired", message, authorizationServers };
}

/** Builds the URL that the user is redirected to, and stores the parameters that the callback is checked against. */
async function requestAuthorization(
  deps: AttemptDeps,
  { flow, steps }: Attempt,
  { discovery, client, requestedScopes, resource }: AuthorizationTarget,
): Promise<StartAnswer> {
  const { flows, redirectUri } = deps;
  const request = await buildAuthorizationRequest({
    authorizationServer: discovery.metadata,
    clientId: client.clientId,
    redirectUri,
    scopes: requestedScopes,
    resource,
    deviations: discovery.profile?.deviations ?? {},
    randomToken: deps.randomToken,
  });
  await flows.addSteps(flow.id, steps.taken);
  const prepared = await flows.prepare(flow.id, {
    stateHash: deps.hashState(request.state),
    codeVerifier: request.codeVerifier,
    clientRowId: client.id,
    authorizationServer: authorizationServerSchema.parse(discovery.metadata),
    resource,
    profile: discovery.profile?.name ?? null,
    requestedScopes,
    redirectUri,
  });
  if (!prepared) {
    const message = "The attempt has already ended. Start again.";
    const over = (await flows.find(flow.id)) ?? flow;
    return { __typename: "OAuthDiscoveryFailed", message, flow: over };
  }
  return { __typename: "OAuthStarted", flow: prepared, authorizationUrl: request.url };
}

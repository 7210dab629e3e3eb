import type { Database, McpServer, OAuthFlow, OAuthGrant } from "@gatehouse/prisma";
import { buildAuthorizationRequest } from "#oauth/authorization-request.ts";
import { authorizationServerSchema } from "#oauth/authorization-server.ts";
import type { Discovery } from "#oauth/discovery.ts";
import type { Fetch, GrantClient } from "#oauth/ports.ts";
import { chooseSentResource } from "#oauth/provider-deviations.ts";
import { noteRedirectFault } from "#oauth/redirect-uri.ts";
import { unionScopes } from "#oauth/scopes.ts";
import {
  createStepRecorder,
  type Step,
  type StepClock,
  type StepRecorder,
} from "#oauth/flow-steps.ts";
import type { FlowStore } from "#storage/flow-store.ts";
import type { AuthorizationServerOption } from "../discovery/authorization-server-option.ts";
import type { Detector } from "../discovery/detection.ts";
import { pickAuthorizationServer } from "../discovery/pick-authorization-server.ts";
import type { Revocation } from "../grant/revocation.ts";
import type { ClientCredentials } from "./client-credentials.ts";
import type { Clients } from "./client-registration.ts";
import { describeFault, keepScopes, readSettings } from "./consent-target.ts";

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

export interface PrepareDeps {
  db: Database;
  flows: FlowStore;
  clients: Clients;
  clientCredentials: ClientCredentials;
  detector: Detector;
  revocation: Revocation;
  fetchFor(scope: { serverUrl: string }): Fetch;
  clock: StepClock;
  randomToken(): string;
  hashState(state: string): Uint8Array<ArrayBuffer>;
  redirectUri: string;
}

/** A consent attempt that has been created but not yet prepared. */
export interface Attempt {
  flow: OAuthFlow;
  server: McpServer;
  ownerId: string;
  /** The issuer of the authorization server that the user selected, or null. */
  issuer: string | null;
  /** The steps that have been recorded so far. */
  taken: Step[];
}

/** The parameters of an authorization or of a request for client credentials. */
interface AuthorizationTarget {
  discovery: Discovery;
  client: GrantClient;
  requestedScopes: string[];
  resource: string | null;
}

/**
 * Performs discovery, obtains a client and builds the authorization request, before the user is redirected. With client credentials, it
 * connects the account instead.
 * @param signal aborts when the caller disconnects; discovery then ends and the attempt fails
 */
export async function prepareAuthorization(
  deps: PrepareDeps,
  attempt: Attempt,
  signal: AbortSignal | undefined,
): Promise<StartAnswer> {
  const { flow, server, ownerId, taken } = attempt;
  const failed = async (message: string): Promise<StartAnswer> => ({
    __typename: "OAuthDiscoveryFailed",
    message,
    flow: await failFlow(deps.flows, flow, taken, message),
  });
  const steps = createStepRecorder({ onStep: (step) => taken.push(step), clock: deps.clock });
  const grant = await findGrant(deps.db, server, ownerId);
  const { answer } = await discover(deps, attempt, grant, steps, signal);
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
  if (pick.kind === "several") return requireChoice(deps, attempt, pick.authorizationServers);
  const { discovery } = pick;
  const fetch = deps.fetchFor({ serverUrl: server.url });
  const obtained = await deps.clients.obtain(server, discovery, fetch, steps);
  if (obtained.kind === "failed") return failed(obtained.message);
  if (obtained.kind === "required") {
    await failFlow(deps.flows, flow, taken, obtained.message);
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

  const target: AuthorizationTarget = {
    discovery,
    client,
    requestedScopes: unionScopes(discovery.scopes, keepScopes(grant, issuer)),
    resource: chooseSentResource(discovery.resource, discovery.profile?.deviations ?? {}),
  };
  return server.oauthGrantType === "CLIENT_CREDENTIALS"
    ? connectWithClientCredentials(deps, attempt, target, fetch, steps)
    : requestAuthorization(deps, attempt, target);
}

/** Finds the authorization servers of the MCP server. */
function discover(
  deps: PrepareDeps,
  { server, issuer }: Attempt,
  grant: OAuthGrant | null,
  steps: StepRecorder,
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
  { flows }: PrepareDeps,
  { flow, taken }: Attempt,
  authorizationServers: AuthorizationServerOption[],
): Promise<StartAnswer> {
  const message = "This server can be signed in to at several places. Choose one.";
  await flows.addSteps(flow.id, taken);
  await flows.finish(flow.id, "CANCELLED", null, message);
  return { __typename: "OAuthAuthorizationServerRequired", message, authorizationServers };
}

async function connectWithClientCredentials(
  { clientCredentials, flows }: PrepareDeps,
  { flow, server, taken }: Attempt,
  target: AuthorizationTarget,
  fetch: Fetch,
  steps: StepRecorder,
): Promise<StartAnswer> {
  const refusal = await clientCredentials.connect({
    flow,
    server,
    ...target,
    fetch,
    steps,
    taken,
  });
  if (refusal === null) return { __typename: "OAuthAlreadyConnected", serverId: server.id };
  return {
    __typename: "OAuthDiscoveryFailed",
    message: `The workspace could not authenticate itself (${refusal.detail ?? refusal.error}).`,
    flow: (await flows.find(flow.id)) ?? flow,
  };
}

/** Builds the URL that the user is redirected to, and stores the parameters that the callback is checked against. */
async function requestAuthorization(
  deps: PrepareDeps,
  { flow, taken }: Attempt,
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
  await flows.addSteps(flow.id, taken);
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
    const message = "The attempt was ended meanwhile. Start again.";
    const over = (await flows.find(flow.id)) ?? flow;
    return { __typename: "OAuthDiscoveryFailed", message, flow: over };
  }
  return { __typename: "OAuthStarted", flow: prepared, authorizationUrl: request.url };
}

/** Ends an attempt that could not be prepared. Returns its row. */
export async function failFlow(
  flows: FlowStore,
  flow: OAuthFlow,
  steps: readonly Step[],
  message: string,
): Promise<OAuthFlow> {
  await flows.addSteps(flow.id, steps);
  await flows.finish(flow.id, "FAILED", "DISCOVERY_FAILED", message);
  return (await flows.find(flow.id)) ?? flow;
}

export function findGrant(
  db: Database,
  server: McpServer,
  ownerId: string,
): Promise<OAuthGrant | null> {
  return db.oAuthGrant.findUnique({
    where: { serverId_ownerId: { serverId: server.id, ownerId } },
  });
}

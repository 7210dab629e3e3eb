import type { Database, McpServer, OAuthFlow, OAuthGrant } from "@gatehouse/prisma";
import type { Discovery } from "#oauth/discovery.ts";
import type { Fetch, GrantClient, SignAssertion } from "#oauth/ports.ts";
import type { RecordedSteps, StepClock } from "#oauth/flow-steps.ts";
import type { ClientStore } from "#storage/client-store.ts";
import type { FlowStore } from "#storage/flow-store.ts";
import type { IssuerRefusalStore } from "#storage/issuer-refusal-store.ts";
import type { AuthorizationServerOption } from "../discovery/authorization-server-option.ts";
import type { Detector } from "../discovery/detection.ts";
import type { Revocation } from "../grant/revocation.ts";
import type { Clients } from "./client-registration.ts";
import type { Connection } from "./store-grant.ts";

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

/** The dependencies of an attempt until the user is redirected, or until the account is connected with client credentials. */
export interface AttemptDeps {
  db: Database;
  flows: FlowStore;
  clients: Clients;
  clientStore: ClientStore;
  issuerRefusals: IssuerRefusalStore;
  connection: Connection;
  signAssertion: SignAssertion;
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
  steps: RecordedSteps;
}

/** The parameters of an authorization or of a request for client credentials. */
export interface AuthorizationTarget {
  discovery: Discovery;
  client: GrantClient;
  requestedScopes: string[];
  resource: string | null;
}

/**
 * Ends an attempt that could not be prepared. Returns its row.
 * @param offeredIssuer an issuer that an admin can trust, so that the next attempt succeeds
 */
export async function failFlow(
  flows: FlowStore,
  flow: OAuthFlow,
  steps: RecordedSteps,
  message: string,
  offeredIssuer?: string,
): Promise<OAuthFlow> {
  await flows.addSteps(flow.id, steps.taken);
  if (offeredIssuer !== undefined) await flows.offerIssuer(flow.id, offeredIssuer);
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

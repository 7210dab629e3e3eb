import type { McpServer } from "@gatehouse/prisma";
import type { Discovery } from "../oauth/discovery.ts";
import { registerClient } from "../oauth/dynamic-registration.ts";
import type { Fetch, GrantClient } from "../oauth/ports.ts";
import { chooseRegistration } from "../oauth/registration.ts";
import type { StepRecorder } from "../oauth/steps.ts";
import type { ClientStore } from "../storage/client-store.ts";
import type { ServerSecrets } from "../storage/server-secrets.ts";

export type ClientAnswer =
  | { kind: "client"; client: GrantClient }
  /** Someone must register a client by hand. */
  | { kind: "required"; message: string }
  /** A client cannot be had now, or not as things are set. */
  | { kind: "failed"; message: string };

/** Finds or makes the client for a consent. */
export interface Clients {
  obtain(
    server: McpServer,
    discovery: Discovery,
    fetch: Fetch,
    steps: StepRecorder,
  ): Promise<ClientAnswer>;
}

export interface ClientsDeps {
  store: ClientStore;
  secrets: ServerSecrets;
  redirectUri: string;
  publicUrl: string;
  metadataDocumentUrl: string | null;
}

const noRegistrationFields = {
  clientSecretExpiresAt: null,
  registrationAccessToken: null,
  registrationClientUri: null,
};

export function createClients(deps: ClientsDeps): Clients {
  const { store, redirectUri } = deps;
  /** Registrations under way: consents that start together share one (regressions R10). */
  const registering = new Map<string, Promise<ClientAnswer>>();

  async function registerAnew(
    server: McpServer,
    discovery: Discovery,
    fetch: Fetch,
    steps: StepRecorder,
  ): Promise<ClientAnswer> {
    const answer = await registerClient({
      authorizationServer: discovery.metadata,
      redirectUri,
      publicUrl: deps.publicUrl,
      fetch,
      steps,
    });
    if (!answer.ok)
      return answer.fault.code === "REGISTRATION_REFUSED"
        ? { kind: "required", message: answer.fault.message }
        : { kind: "failed", message: answer.fault.message };
    const client = await store.add({
      kind: "DYNAMIC",
      serverId: server.id,
      issuer: discovery.issuer,
      redirectUri,
      ...answer.client,
    });
    return { kind: "client", client };
  }

  return {
    async obtain(server, discovery, fetch, steps) {
      const choice = chooseRegistration({
        preRegistered: server.oauthClientId
          ? {
              clientId: server.oauthClientId,
              clientSecret: deps.secrets.openClientSecret(server),
              issuer: server.oauthIssuer,
            }
          : null,
        discovery,
        metadataDocumentUrl: deps.metadataDocumentUrl,
        steps,
      });
      const key = { serverId: server.id, issuer: discovery.issuer, redirectUri };
      switch (choice.kind) {
        case "CLIENT_REQUIRED":
          return {
            kind: "required",
            message: `${discovery.issuer} registers no clients by itself. Register one there, with the redirect URI shown, and enter its client id in the server's settings.`,
          };
        case "ISSUER_MISMATCH":
          return {
            kind: "failed",
            message: `The client id in the settings belongs to ${choice.pinnedIssuer}, but the server now names ${choice.issuer}. Enter a client id of that authorization server.`,
          };
        case "AUTH_METHOD_UNSUPPORTED":
          return {
            kind: "failed",
            message: `The authorization server takes no way of authentication that this client has (it takes: ${choice.supported.join(", ") || "none"}).`,
          };
        case "DYNAMIC": {
          const known = await store.findValid({ ...key, kind: "DYNAMIC" });
          if (known) {
            steps.note(
              "CLIENT_REGISTRATION",
              "SKIPPED",
              "Registered at an earlier consent.",
              choice.registrationEndpoint,
            );
            return { kind: "client", client: known };
          }
          const lock = JSON.stringify(key);
          const underWay =
            registering.get(lock) ??
            registerAnew(server, discovery, fetch, steps).finally(() => registering.delete(lock));
          registering.set(lock, underWay);
          return underWay;
        }
        case "PRE_REGISTERED":
        case "CLIENT_ID_METADATA_DOCUMENT": {
          const { kind, clientId, clientSecret, tokenEndpointAuthMethod } = choice;
          const known = await store.findValid({ ...key, kind });
          if (
            known?.clientId === clientId &&
            known.clientSecret === clientSecret &&
            known.tokenEndpointAuthMethod === tokenEndpointAuthMethod
          )
            return { kind: "client", client: known };
          const client = await store.add({
            kind,
            ...key,
            clientId,
            clientSecret,
            tokenEndpointAuthMethod,
            ...noRegistrationFields,
          });
          return { kind: "client", client };
        }
      }
    },
  };
}

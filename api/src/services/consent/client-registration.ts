import type { McpServer } from "@gatehouse/prisma";
import { defaultSigningAlgorithm } from "#oauth/client-assertion.ts";
import type { Discovery } from "#oauth/discovery.ts";
import { registerClient } from "#oauth/dynamic-registration.ts";
import type { Clock, Fetch, GrantClient, Sleep, SigningKey } from "#oauth/ports.ts";
import { chooseRegistration, type PreRegisteredClient } from "#oauth/registration.ts";
import type { StepRecorder } from "#oauth/flow-steps.ts";
import type { ClientStore } from "#storage/client-store.ts";
import type { ServerSecrets } from "#storage/server-secrets.ts";
import {
  type AuthorizationServerOption,
  describeOption,
} from "../discovery/authorization-server-option.ts";

export type ClientAnswer =
  | { kind: "client"; client: GrantClient }
  /** A client must be registered manually. */
  | { kind: "required"; message: string }
  /** No client can be obtained at this time, or with the current settings. */
  | { kind: "failed"; message: string };

/** Finds or registers the client for a consent. */
export interface Clients {
  obtain(
    server: McpServer,
    discovery: Discovery,
    fetch: Fetch,
    steps: StepRecorder,
  ): Promise<ClientAnswer>;
  /** Describes the authorization server and the kind of client that `obtain` would use there. */
  describe(server: McpServer, discovery: Discovery): AuthorizationServerOption;
}

export interface ClientsDeps {
  store: ClientStore;
  secrets: ServerSecrets;
  redirectUri: string;
  publicUrl: string;
  metadataDocumentUrl: string | null;
  clock: Clock;
  sleep: Sleep;
}

/** Longer than two requests to a registration endpoint. If a process dies during registration, other processes wait for this time. */
const leaseMs = 90_000;
const waitMs = 30_000;
const pollMs = 250;

const noRegistrationFields = {
  clientSecretExpiresAt: null,
  registrationAccessToken: null,
  registrationClientUri: null,
};

export function createClients(deps: ClientsDeps): Clients {
  const { store, redirectUri } = deps;
  /** The registrations in progress in this process. Concurrent consents share one (regressions R10). */
  const registering = new Map<string, Promise<ClientAnswer>>();

  async function findKnown(
    server: McpServer,
    { issuer, metadata }: Discovery,
    steps: StepRecorder,
  ): Promise<ClientAnswer | null> {
    const key = { serverId: server.id, issuer, redirectUri, kind: "DYNAMIC" as const };
    const client = await store.findValid(key);
    if (!client) return null;
    const where = metadata.registrationEndpoint ?? issuer;
    steps.note("CLIENT_REGISTRATION", "SKIPPED", "Registered at an earlier consent.", where);
    return { kind: "client", client };
  }

  /** Ensures that only one process registers a client; the others then find the result. */
  async function registerOnce(
    server: McpServer,
    discovery: Discovery,
    fetch: Fetch,
    steps: StepRecorder,
  ): Promise<ClientAnswer> {
    const startedMs = deps.clock.monotonicMs();
    for (;;) {
      const leaseId = await store.leaseRegistration(server.id, leaseMs);
      if (leaseId !== null) {
        try {
          return (
            (await findKnown(server, discovery, steps)) ??
            (await registerAnew(server, discovery, fetch, steps))
          );
        } finally {
          await store.releaseRegistration(server.id, leaseId);
        }
      }
      if (deps.clock.monotonicMs() - startedMs > waitMs) {
        const message = "A client is being registered for another attempt. Try again in a moment.";
        steps.note("CLIENT_REGISTRATION", "FAILED", message, discovery.issuer);
        return { kind: "failed", message };
      }
      await deps.sleep(pollMs);
    }
  }

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
      scopes: discovery.scopes,
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
      signingKey: null,
      ...answer.client,
    });
    return { kind: "client", client };
  }

  return {
    describe: (server, discovery) =>
      describeOption(discovery, readPreRegistered(deps.secrets, server), deps.metadataDocumentUrl),

    async obtain(server, discovery, fetch, steps) {
      const choice = chooseRegistration({
        preRegistered: readPreRegistered(deps.secrets, server),
        discovery,
        metadataDocumentUrl: deps.metadataDocumentUrl,
        steps,
      });
      const key = { serverId: server.id, issuer: discovery.issuer, redirectUri };
      switch (choice.kind) {
        case "CLIENT_REQUIRED":
          return {
            kind: "required",
            message: `${discovery.issuer} does not support automatic client registration. Register a client there with the redirect URI shown, and enter its client ID in the server's settings.`,
          };
        case "ISSUER_MISMATCH":
          return {
            kind: "failed",
            message: `The client ID in the settings belongs to ${choice.pinnedIssuer}, but the server now specifies ${choice.issuer}. Enter a client ID of that authorization server.`,
          };
        case "AUTH_METHOD_UNSUPPORTED":
          return {
            kind: "failed",
            message: `The authorization server supports no authentication method that this client can use (it supports: ${choice.supported.join(", ") || "none"}).`,
          };
        case "DYNAMIC": {
          const known = await findKnown(server, discovery, steps);
          if (known) return known;
          const lock = JSON.stringify(key);
          const underWay =
            registering.get(lock) ??
            registerOnce(server, discovery, fetch, steps).finally(() => registering.delete(lock));
          registering.set(lock, underWay);
          return underWay;
        }
        case "PRE_REGISTERED":
        case "CLIENT_ID_METADATA_DOCUMENT": {
          const { kind, clientId, clientSecret, signingKey, tokenEndpointAuthMethod } = choice;
          const known = await store.findValid({ ...key, kind });
          if (
            known?.clientId === clientId &&
            known.clientSecret === clientSecret &&
            known.privateKey === (signingKey?.privateKey ?? null) &&
            known.signingAlgorithm === (signingKey?.algorithm ?? null) &&
            known.tokenEndpointAuthMethod === tokenEndpointAuthMethod
          )
            return { kind: "client", client: known };
          const client = await store.add({
            kind,
            ...key,
            clientId,
            clientSecret,
            signingKey,
            tokenEndpointAuthMethod,
            ...noRegistrationFields,
          });
          return { kind: "client", client };
        }
      }
    },
  };
}

function readPreRegistered(secrets: ServerSecrets, server: McpServer): PreRegisteredClient | null {
  if (!server.oauthClientId) return null;
  return {
    clientId: server.oauthClientId,
    clientSecret: secrets.openClientSecret(server),
    signingKey: readSigningKey(secrets, server),
    issuer: server.oauthIssuer,
  };
}

function readSigningKey(secrets: ServerSecrets, server: McpServer): SigningKey | null {
  const privateKey = secrets.openPrivateKey(server);
  const algorithm = server.oauthSigningAlgorithm ?? defaultSigningAlgorithm;
  return privateKey === null ? null : { privateKey, algorithm };
}

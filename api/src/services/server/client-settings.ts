import type { McpServer, OAuthGrantType } from "@gatehouse/prisma";
import { defaultSigningAlgorithm, findSigningKeyFault } from "#oauth/client-assertion.ts";
import type { ServerSecrets } from "#storage/server-secrets.ts";
import type { InputFaults } from "../access/service-error.ts";
import type { ServerSettings } from "./server-settings.ts";

/** A manually registered client with its decrypted secrets, and its use. */
export interface ClientSettings {
  grantType: OAuthGrantType;
  clientId: string | null;
  clientSecret: string | null;
  /** PKCS #8 in PEM. */
  privateKey: string | null;
  /** Null if and only if there is no private key. */
  signingAlgorithm: string | null;
}

export const noClient: ClientSettings = {
  grantType: "AUTHORIZATION_CODE",
  clientId: null,
  clientSecret: null,
  privateKey: null,
  signingAlgorithm: null,
};

const maxKeyLength = 16_384;

export function readClient(secrets: ServerSecrets, server: McpServer): ClientSettings {
  return {
    grantType: server.oauthGrantType,
    clientId: server.oauthClientId,
    clientSecret: secrets.openClientSecret(server),
    privateKey: secrets.openPrivateKey(server),
    signingAlgorithm: server.oauthSigningAlgorithm,
  };
}

/** Applies the input to the stored client. */
export function mergeClient(stored: ClientSettings, input: ServerSettings): ClientSettings {
  const merge = <T>(entered: T | null | undefined, kept: T | null): T | null =>
    entered === undefined ? kept : entered;
  const clientId = merge(input.oauthClientId, stored.clientId);
  // Secret and key belong to a client id: a different client id starts without them.
  const kept = clientId === stored.clientId ? stored : noClient;
  const privateKey = merge(input.oauthPrivateKey?.trim() ?? input.oauthPrivateKey, kept.privateKey);
  const algorithm = merge(input.oauthSigningAlgorithm, kept.signingAlgorithm);
  return {
    grantType: merge(input.oauthGrantType, stored.grantType) ?? noClient.grantType,
    clientId,
    clientSecret: merge(input.oauthClientSecret, kept.clientSecret),
    privateKey,
    signingAlgorithm: privateKey === null ? null : (algorithm ?? defaultSigningAlgorithm),
  };
}

/**
 * Validates a client as it will be stored.
 * @param settings.credentialScope as it will be stored
 */
export async function checkClient(
  faults: InputFaults,
  input: ServerSettings,
  client: ClientSettings,
  settings: Pick<McpServer, "credentialScope">,
): Promise<void> {
  if (client.clientId === null) {
    if (input.oauthClientSecret != null)
      faults.add("oauthClientSecret", "A client secret requires a client ID.");
    if (input.oauthPrivateKey != null)
      faults.add("oauthPrivateKey", "A private key requires a client ID.");
  }
  await checkSigningKey(faults, input, client);
  if (client.grantType !== "CLIENT_CREDENTIALS") return;
  if (settings.credentialScope !== "WORKSPACE")
    faults.add("credentialScope", "Client credentials require the credential scope WORKSPACE.");
  if (client.clientId === null)
    faults.add("oauthClientId", "Client credentials require a client ID.");
  else if (client.clientSecret === null && client.privateKey === null)
    faults.add("oauthClientSecret", "Client credentials require a client secret or a private key.");
}

async function checkSigningKey(
  faults: InputFaults,
  input: ServerSettings,
  { privateKey, signingAlgorithm: algorithm }: ClientSettings,
): Promise<void> {
  if (privateKey === null || algorithm === null) {
    if (input.oauthSigningAlgorithm != null)
      faults.add("oauthSigningAlgorithm", "A signing algorithm requires a private key.");
    return;
  }
  // Stored values were validated when they were entered.
  if (input.oauthPrivateKey == null && input.oauthSigningAlgorithm === undefined) return;
  if (privateKey.length > maxKeyLength) {
    faults.add("oauthPrivateKey", "Enter at most 16,384 characters.");
    return;
  }
  const fault = await findSigningKeyFault({ privateKey, algorithm });
  if (fault === null) return;
  // If only the algorithm was entered, a fault of the stored key is reported for the algorithm.
  const isOfKey = fault.part === "privateKey" && input.oauthPrivateKey != null;
  faults.add(isOfKey ? "oauthPrivateKey" : "oauthSigningAlgorithm", fault.message);
}

export function isSameClient(a: ClientSettings, b: ClientSettings): boolean {
  return (
    a.grantType === b.grantType &&
    a.clientId === b.clientId &&
    a.clientSecret === b.clientSecret &&
    a.privateKey === b.privateKey &&
    a.signingAlgorithm === b.signingAlgorithm
  );
}

/**
 * The columns to write. Undefined leaves a column unchanged, so that unchanged values are not
 * sealed again.
 */
export function sealClient(
  secrets: ServerSecrets,
  serverId: string,
  stored: ClientSettings,
  client: ClientSettings,
) {
  const { grantType, clientId, clientSecret, privateKey, signingAlgorithm } = client;
  const ifChanged = <K extends keyof ClientSettings, T>(key: K, write: () => T): T | undefined =>
    client[key] === stored[key] ? undefined : write();
  return {
    oauthGrantType: ifChanged("grantType", () => grantType),
    oauthClientId: ifChanged("clientId", () => clientId),
    oauthClientSecret: ifChanged("clientSecret", () =>
      clientSecret === null ? null : secrets.sealClientSecret(serverId, clientSecret),
    ),
    oauthPrivateKey: ifChanged("privateKey", () =>
      privateKey === null ? null : secrets.sealPrivateKey(serverId, privateKey),
    ),
    oauthSigningAlgorithm: ifChanged("signingAlgorithm", () => signingAlgorithm),
  };
}

import type {
  CredentialScope,
  OAuthGrantType,
  UpdateMcpServerInput,
} from "../../graphql/generated/graphql.ts";
import { toHeaderInputs, type HeaderField } from "../../lib/header-fields.ts";

export type SettingsValues = {
  name: string;
  url: string;
  enabled: boolean;
  credentialScope: CredentialScope;
  requestTimeoutSeconds: number;
  headers: HeaderField[];
  oauthClientId: string;
  oauthGrantType: OAuthGrantType;
  /** Empty: the stored one stays; null: it is taken away. */
  oauthClientSecret: string | null;
  /** The same. */
  oauthPrivateKey: string | null;
  /** Empty: the API's own default. */
  oauthSigningAlgorithm: string;
  oauthIssuer: string;
  /** Empty: the one that the server names. */
  oauthAuthorizationServer: string;
  /** Separated by blanks; empty: those that the server names. */
  oauthScopes: string;
};

/** A field left out stays as it is, null clears it: so only what differs is sent, and an emptied text as null. */
export function readChanges(
  before: SettingsValues,
  after: SettingsValues,
): Omit<UpdateMcpServerInput, "id"> {
  const changes: Omit<UpdateMcpServerInput, "id"> = {};
  if (after.name !== before.name) changes.name = after.name;
  if (after.url !== before.url) changes.url = after.url;
  if (after.enabled !== before.enabled) changes.enabled = after.enabled;
  if (after.credentialScope !== before.credentialScope)
    changes.credentialScope = after.credentialScope;
  if (after.requestTimeoutSeconds !== before.requestTimeoutSeconds) {
    changes.requestTimeoutMs = Math.round(after.requestTimeoutSeconds * 1_000);
  }
  if (after.oauthClientId !== before.oauthClientId)
    changes.oauthClientId = after.oauthClientId.trim() || null;
  if (after.oauthIssuer !== before.oauthIssuer)
    changes.oauthIssuer = after.oauthIssuer.trim() || null;
  if (after.oauthAuthorizationServer !== before.oauthAuthorizationServer)
    changes.oauthAuthorizationServer = after.oauthAuthorizationServer.trim() || null;
  if (after.oauthScopes !== before.oauthScopes) {
    const scopes = after.oauthScopes.split(/\s+/).filter(Boolean);
    changes.oauthScopes = scopes.length > 0 ? scopes : null;
  }
  if (after.oauthGrantType !== before.oauthGrantType) changes.oauthGrantType = after.oauthGrantType;
  if (after.oauthClientSecret !== "") changes.oauthClientSecret = after.oauthClientSecret;
  if (after.oauthPrivateKey !== "") changes.oauthPrivateKey = after.oauthPrivateKey;
  if (after.oauthSigningAlgorithm !== before.oauthSigningAlgorithm)
    changes.oauthSigningAlgorithm = after.oauthSigningAlgorithm.trim() || null;
  const names = (fields: HeaderField[]) => fields.map((field) => field.name).join("\n");
  if (
    names(after.headers) !== names(before.headers) ||
    after.headers.some((field) => field.value !== "")
  ) {
    changes.headers = toHeaderInputs(after.headers);
  }
  return changes;
}

/** Chooses the client with which an account is connected. */
import { chooseAuthMethod } from "./client-authentication.ts";
import type { PreRegisteredAuthMethod } from "./client-authentication.ts";
import type { Discovery } from "./discovery.ts";
import { isMetadataDocumentUrl } from "./metadata-document.ts";
import type { SigningKey } from "./ports.ts";
import type { StepRecorder } from "./flow-steps.ts";

/** A client that was registered manually at the authorization server. */
export interface PreRegisteredClient {
  clientId: string;
  clientSecret: string | null;
  /** For private_key_jwt; null: none. */
  signingKey: SigningKey | null;
  /** The issuer that the client belongs to; null: pinned at the first consent. */
  issuer: string | null;
}

export type RegistrationChoice =
  | {
      kind: "PRE_REGISTERED";
      clientId: string;
      clientSecret: string | null;
      signingKey: SigningKey | null;
      tokenEndpointAuthMethod: PreRegisteredAuthMethod;
    }
  | {
      kind: "CLIENT_ID_METADATA_DOCUMENT";
      /** The URL of the document. */
      clientId: string;
      clientSecret: null;
      signingKey: null;
      tokenEndpointAuthMethod: "none";
    }
  | { kind: "DYNAMIC"; registrationEndpoint: string }
  /** A client must be registered manually. */
  | { kind: "CLIENT_REQUIRED" }
  /** The pre-registered client belongs to another issuer and is never used for this one. */
  | { kind: "ISSUER_MISMATCH"; pinnedIssuer: string; issuer: string }
  /**
   * The authorization server supports no authentication method that the pre-registered client can
   * use.
   */
  | { kind: "AUTH_METHOD_UNSUPPORTED"; supported: string[] };

/**
 * The order is: pre-registered client, metadata document, dynamic registration, manual
 * registration. Sends nothing.
 */
export function chooseRegistration(options: {
  preRegistered: PreRegisteredClient | null;
  discovery: Discovery;
  /** Null: there is no document that an authorization server could fetch. */
  metadataDocumentUrl: string | null;
  steps: StepRecorder;
}): RegistrationChoice {
  const { preRegistered, discovery, metadataDocumentUrl, steps } = options;
  const { metadata, issuer } = discovery;
  if (preRegistered) {
    const choice = usePreRegistered(preRegistered, discovery);
    if (choice.kind === "PRE_REGISTERED") {
      steps.note("CLIENT_REGISTRATION", "OK", "The manually registered client is used.");
    } else {
      const detail =
        choice.kind === "ISSUER_MISMATCH"
          ? "The manually registered client belongs to a different authorization server."
          : "The manually registered client cannot authenticate here.";
      steps.note("CLIENT_REGISTRATION", "FAILED", detail, issuer);
    }
    return choice;
  }
  if (metadata.clientIdMetadataDocumentSupported) {
    if (isMetadataDocumentUrl(metadataDocumentUrl)) {
      const detail = "The client ID metadata document is used, without registration.";
      steps.note("CLIENT_REGISTRATION", "OK", detail, metadataDocumentUrl);
      return {
        kind: "CLIENT_ID_METADATA_DOCUMENT",
        clientId: metadataDocumentUrl,
        clientSecret: null,
        signingKey: null,
        tokenEndpointAuthMethod: "none",
      };
    }
    const detail =
      "A client ID metadata document cannot be used, because this Gatehouse is not public.";
    steps.note("CLIENT_REGISTRATION", "SKIPPED", detail);
  }
  if (metadata.registrationEndpoint !== null) {
    return { kind: "DYNAMIC", registrationEndpoint: metadata.registrationEndpoint };
  }
  const detail =
    "The authorization server does not support automatic registration. A client must be registered manually.";
  steps.note("CLIENT_REGISTRATION", "FAILED", detail, issuer);
  return { kind: "CLIENT_REQUIRED" };
}

function usePreRegistered(client: PreRegisteredClient, discovery: Discovery): RegistrationChoice {
  const { clientId, clientSecret, signingKey } = client;
  const { issuer, metadata, profile } = discovery;
  if (client.issuer !== null && client.issuer !== issuer) {
    return { kind: "ISSUER_MISMATCH", pinnedIssuer: client.issuer, issuer };
  }
  const supported =
    metadata.tokenEndpointAuthMethodsSupported ??
    profile?.deviations["authentication-methods"] ??
    null;
  const held = { hasSecret: clientSecret !== null, hasPrivateKey: signingKey !== null };
  const method = chooseAuthMethod(held, supported);
  return method === null
    ? { kind: "AUTH_METHOD_UNSUPPORTED", supported: [...(supported ?? [])] }
    : {
        kind: "PRE_REGISTERED",
        clientId,
        // Left out if the method does not use it, so that a request cannot contain two credentials.
        clientSecret: method === "none" || method === "private_key_jwt" ? null : clientSecret,
        signingKey: method === "private_key_jwt" ? signingKey : null,
        tokenEndpointAuthMethod: method,
      };
}

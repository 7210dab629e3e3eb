import { generateKeyPairSync, randomBytes } from "node:crypto";
import { errors, type Configuration, type JWK } from "oidc-provider";
import { renderErrorPage } from "../pages/error-page.ts";
import type { MemoryStore } from "./memory-store.ts";
import { supportedScopes } from "./scopes.ts";

export type MetadataDocumentFetch = NonNullable<Configuration["fetch"]>;

/** A protected resource that this authorization server issues tokens for (RFC 8707). */
export interface ProtectedResource {
  readonly resource: string;
  readonly name: string;
  readonly scopes: readonly string[];
}

interface ProviderOptions {
  readonly store: MemoryStore;
  readonly resources: readonly ProtectedResource[];
  readonly accessTokenTtlSeconds: number;
  /** How client id metadata documents are read; without it they are not supported. */
  readonly fetchMetadataDocument: MetadataDocumentFetch | undefined;
}

const daySeconds = 24 * 60 * 60;

const refuseToFetch: MetadataDocumentFetch = () => {
  throw new Error("the sandbox makes no outgoing requests");
};

function createSigningKey(): JWK {
  // EC: an RSA key would take most of the sandbox's start.
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  return { ...(privateKey.export({ format: "jwk" }) as JWK), alg: "ES256", use: "sig" };
}

/**
 * Settings that make oidc-provider strict in the ways that matter to an MCP client: PKCE for all,
 * one audience per token, a refresh token that works once and takes the grant with it when reused.
 */
export function createProviderConfiguration(options: ProviderOptions): Configuration {
  const { store, resources, accessTokenTtlSeconds, fetchMetadataDocument } = options;
  return {
    adapter: store.adapter,
    jwks: { keys: [createSigningKey()] },
    fetch: fetchMetadataDocument ?? refuseToFetch,
    scopes: supportedScopes,
    responseTypes: ["code"],
    clientAuthMethods: ["none", "client_secret_basic", "client_secret_post", "private_key_jwt"],
    clientDefaults: {
      grant_types: ["authorization_code", "refresh_token"],
      id_token_signed_response_alg: "ES256",
      response_types: ["code"],
      token_endpoint_auth_method: "client_secret_basic",
    },
    enabledJWA: { idTokenSigningAlgValues: ["ES256"] },
    pkce: { required: () => true },
    rotateRefreshToken: () => true,
    // A connection belongs to the person, not to the browser that happened to consent.
    expiresWithSession: () => false,
    features: {
      clientCredentials: { enabled: true },
      devInteractions: { enabled: false },
      dPoP: { enabled: false },
      pushedAuthorizationRequests: { enabled: false },
      rpInitiatedLogout: { enabled: false },
      userinfo: { enabled: false },
      registration: { enabled: true },
      registrationManagement: { enabled: true },
      revocation: {
        enabled: true,
        allowedPolicy: (_ctx, client, token) => token.clientId === client.clientId,
      },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo(_ctx, indicator) {
          const found = resources.find(({ resource }) => resource === indicator);
          if (!found) throw new errors.InvalidTarget();
          return { scope: found.scopes.join(" "), audience: found.resource };
        },
      },
      ...(fetchMetadataDocument && {
        clientIdMetadataDocument: { enabled: true, ack: "draft-02" },
      }),
    },
    ttl: {
      AccessToken: accessTokenTtlSeconds,
      AuthorizationCode: 60,
      ClientCredentials: accessTokenTtlSeconds,
      Grant: 14 * daySeconds,
      IdToken: 60 * 60,
      Interaction: 60 * 60,
      RefreshToken: 14 * daySeconds,
      Session: daySeconds,
    },
    cookies: {
      keys: [randomBytes(32).toString("base64url")],
      names: { session: "acme_id", interaction: "acme_interaction", resume: "acme_resume" },
    },
    clientBasedCORS: () => false,
    findAccount: (_ctx, login) => ({ accountId: login, claims: () => ({ sub: login }) }),
    interactions: { url: (_ctx, interaction) => `/interaction/${interaction.uid}` },
    routes: {
      authorization: "/authorize",
      registration: "/register",
      revocation: "/revoke",
      token: "/token",
    },
    renderError(ctx, out) {
      ctx.type = "html";
      ctx.body = renderErrorPage(out.error_description ?? out.error);
    },
  };
}

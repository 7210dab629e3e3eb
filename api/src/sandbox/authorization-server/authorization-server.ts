import { randomUUID } from "node:crypto";
import type { RequestListener } from "node:http";
import { type JWK, Provider } from "oidc-provider";
import type { TrafficRecorder } from "../traffic.ts";
import type { FaultInjector } from "../faults.ts";
import type { HomePage } from "../pages/home-page.ts";
import { createAccountRoutes } from "./account-routes.ts";
import { createFaultMiddleware } from "./fault-middleware.ts";
import { createGrants, type Grants } from "./grants.ts";
import { createInteractionRoutes } from "./interaction-routes.ts";
import { createMemoryStore } from "./memory-store.ts";
import { createPageFrame } from "./page-frame.ts";
import { createProviderConfiguration } from "./provider-configuration.ts";
import type { MetadataDocumentFetch, ProtectedResource } from "./provider-configuration.ts";
import { createStaticRoutes } from "./static-routes.ts";
import { createTrafficMiddleware } from "./traffic-middleware.ts";

interface AuthorizationServerOptions {
  readonly issuer: string;
  readonly resources: readonly ProtectedResource[];
  readonly homePage: HomePage;
  readonly coop: boolean;
  readonly fetchMetadataDocument: MetadataDocumentFetch | undefined;
  readonly faults: FaultInjector;
  readonly traffic: TrafficRecorder;
  readonly log: (message: string) => void;
}

/** Credentials that a person got at the provider's console, for Gatehouse's "client id" field. */
interface RegisteredClient {
  readonly clientId: string;
  /** Undefined for a public client. */
  readonly clientSecret: string | undefined;
}

interface RegisterClientOptions {
  readonly redirectUri: string;
  readonly name?: string;
  /** How it authenticates at the token endpoint; "client_secret_basic" by default. */
  readonly tokenEndpointAuthMethod?:
    | "none"
    | "client_secret_basic"
    | "client_secret_post"
    | "private_key_jwt";
  /** With private_key_jwt: the public half of its key. */
  readonly publicKey?: JWK;
  /** Whether it acts for itself and nobody consents (RFC 6749 §4.4); it acts for people by default. */
  readonly actsForItself?: boolean;
}

export interface AuthorizationServer {
  readonly listener: RequestListener;
  readonly grants: Grants;
  readonly registerClient: (options: RegisterClientOptions) => Promise<RegisteredClient>;
  /** Forgets a client and with it all that it was given; answers whether there was one. */
  readonly deleteClient: (clientId: string) => boolean;
}

/** oidc-provider with pages of our own. Faults sit in front of it and are nowhere else. */
export function createAuthorizationServer(
  options: AuthorizationServerOptions,
): AuthorizationServer {
  const { issuer, resources, homePage, coop, faults, traffic, log } = options;
  const store = createMemoryStore();
  const provider = new Provider(
    issuer,
    createProviderConfiguration({
      store,
      resources,
      accessTokenTtlSeconds: homePage.accessTokenTtlSeconds,
      fetchMetadataDocument: options.fetchMetadataDocument,
    }),
  );
  const grants = createGrants(provider, store);

  provider.on("server_error", (_ctx, error) => log(`sandbox: ${error.message}`));
  provider.use(createTrafficMiddleware(traffic));
  provider.use(createPageFrame({ coop, log }));
  provider.use(createFaultMiddleware(faults, traffic));
  provider.use(createStaticRoutes(homePage));
  provider.use(createAccountRoutes(provider, grants));
  provider.use(createInteractionRoutes({ provider, resources }));

  const answer = provider.callback();
  return {
    listener: (request, response) => void answer(request, response),
    grants,
    async registerClient(client) {
      const { redirectUri, name = "Gatehouse", tokenEndpointAuthMethod, publicKey } = client;
      const clientId = `acme-${randomUUID()}`;
      const hasSecret = !["none", "private_key_jwt"].includes(tokenEndpointAuthMethod ?? "");
      const clientSecret = hasSecret ? randomUUID() : undefined;
      await store.adapter("Client").upsert(clientId, {
        client_id: clientId,
        client_secret: clientSecret,
        client_name: name,
        ...(client.actsForItself
          ? { redirect_uris: [], response_types: [], grant_types: ["client_credentials"] }
          : { redirect_uris: [redirectUri] }),
        ...(publicKey && { jwks: { keys: [publicKey] } }),
        token_endpoint_auth_method: tokenEndpointAuthMethod ?? "client_secret_basic",
      });
      return { clientId, clientSecret };
    },
    deleteClient: (clientId) =>
      store.remove("Client", (client) => client.client_id === clientId) > 0,
  };
}

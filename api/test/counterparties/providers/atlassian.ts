import { type Provider, splitScope, startProvider } from "./provider.ts";
import { createRegisteredClients, issueBearer, refuse } from "./registering.ts";

/**
 * As Atlassian: no resource metadata, the server's origin stands for the authorization server; its metadata names the provider's other
 * host; grants end early, so that consent is asked for again often.
 */
export function startAtlassian(): Promise<Provider> {
  const clients = createRegisteredClients();
  return startProvider({
    mcpPath: "/v1/mcp",
    namesMetadata: false,
    documents: (provider) => ({
      "/.well-known/oauth-authorization-server": {
        issuer: provider.otherOrigin,
        authorization_endpoint: `${provider.origin}/v1/authorize`,
        token_endpoint: `${provider.otherOrigin}/v1/token`,
        registration_endpoint: `${provider.otherOrigin}/v1/register`,
        response_types_supported: ["code"],
        token_endpoint_auth_methods_supported: ["client_secret_post", "none"],
        code_challenge_methods_supported: ["plain", "S256"],
      },
    }),
    authorizationPath: "/v1/authorize",
    authorize: (query) =>
      clients.knows(query.get("client_id"))
        ? { scopes: splitScope(query.get("scope")), offline: true }
        : "Invalid client",
    tokenPath: "/v1/token",
    token({ form }, book) {
      const id = form.get("client_id") ?? "";
      if (!clients.knows(id) || clients.secretOf(id) !== form.get("client_secret"))
        return refuse("invalid_client", "Client not found", 401);
      if (form.get("grant_type") === "refresh_token") {
        const token = form.get("refresh_token") ?? "";
        if (!book.holdsRefreshToken(token)) return refuse("invalid_grant", "Grant not found");
        book.dropRefreshToken(token);
        return issueBearer(book, book.issueRefreshToken());
      }
      const consent = book.redeemCode(form);
      return consent
        ? issueBearer(book, book.issueRefreshToken(), consent)
        : refuse("invalid_grant", "Invalid code");
    },
    registrationPath: "/v1/register",
    register: (request) => clients.register(request, "client_secret_post"),
  });
}

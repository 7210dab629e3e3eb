import { describeResource, type Provider, splitScope, startProvider } from "./provider.ts";
import { createRegisteredClients, issueBearer, refuse } from "./registering.ts";

/** As Miro: tools are listed openly, a token is asked for at `tools/call`, and refresh tokens end by themselves after some hours. */
export function startMiro(): Promise<Provider> {
  const clients = createRegisteredClients();
  return startProvider({
    openUntilCalled: true,
    documents: (provider) => ({
      "/.well-known/oauth-protected-resource/mcp": describeResource(provider, provider.origin, [
        "boards:read",
      ]),
      "/.well-known/oauth-authorization-server": {
        issuer: provider.origin,
        authorization_endpoint: `${provider.origin}/authorize`,
        token_endpoint: `${provider.origin}/token`,
        registration_endpoint: `${provider.origin}/register`,
        response_types_supported: ["code"],
        token_endpoint_auth_methods_supported: ["client_secret_post"],
        code_challenge_methods_supported: ["S256"],
      },
    }),
    authorizationPath: "/authorize",
    authorize: (query) =>
      clients.knows(query.get("client_id"))
        ? { scopes: splitScope(query.get("scope")), offline: true }
        : "Invalid client",
    tokenPath: "/token",
    token({ form }, book) {
      if (clients.secretOf(form.get("client_id") ?? "") !== form.get("client_secret"))
        return refuse("invalid_client", "Unknown client", 401);
      if (form.get("grant_type") === "refresh_token") {
        const token = form.get("refresh_token") ?? "";
        return book.holdsRefreshToken(token)
          ? issueBearer(book, token)
          : refuse("invalid_grant", "The refresh token has expired");
      }
      const consent = book.redeemCode(form);
      return consent
        ? issueBearer(book, book.issueRefreshToken(), consent)
        : refuse("invalid_grant", "Invalid code");
    },
    registrationPath: "/register",
    register: (request) => clients.register(request, "client_secret_post"),
  });
}

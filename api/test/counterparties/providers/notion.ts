import { describeResource, type Provider, splitScope, startProvider } from "./provider.ts";
import { createRegisteredClients, issueBearer, refuse } from "./registering.ts";

/**
 * As Notion: registers clients with `client_secret_basic`, whatever they ask for; refuses a request with two ways of client
 * authentication; a refresh token used twice ends its family.
 */
export function startNotion(): Promise<Provider> {
  const clients = createRegisteredClients();
  const used = new Set<string>();

  return startProvider({
    documents: (provider) => ({
      "/.well-known/oauth-protected-resource/mcp": describeResource(provider, provider.origin, []),
      "/.well-known/oauth-authorization-server": {
        issuer: provider.origin,
        authorization_endpoint: `${provider.origin}/authorize`,
        token_endpoint: `${provider.origin}/token`,
        registration_endpoint: `${provider.origin}/register`,
        response_types_supported: ["code"],
        token_endpoint_auth_methods_supported: [
          "client_secret_basic",
          "client_secret_post",
          "none",
        ],
        code_challenge_methods_supported: ["plain", "S256"],
      },
    }),
    authorizationPath: "/authorize",
    authorize: (query) =>
      clients.knows(query.get("client_id"))
        ? { scopes: splitScope(query.get("scope")), offline: true }
        : "Invalid client",
    tokenPath: "/token",
    token({ form, headers }, book) {
      const basic = headers.get("authorization");
      if (basic !== null && (form.has("client_id") || form.has("client_secret")))
        return refuse("invalid_request", "Client must not use multiple authentication methods");
      const [id = "", secret] = Buffer.from((basic ?? "").replace("Basic ", ""), "base64")
        .toString()
        .split(":");
      if (!clients.knows(id) || clients.secretOf(id) !== secret)
        return refuse("invalid_client", "Unknown client", 401);
      if (form.get("grant_type") === "refresh_token") {
        const token = form.get("refresh_token") ?? "";
        if (used.has(token)) book.endAllGrants();
        if (!book.holdsRefreshToken(token)) return refuse("invalid_grant", "Grant not found");
        book.dropRefreshToken(token);
        used.add(token);
        return issueBearer(book, book.issueRefreshToken());
      }
      const consent = book.redeemCode(form);
      return consent
        ? issueBearer(book, book.issueRefreshToken(), consent)
        : refuse("invalid_grant", "Grant not found");
    },
    registrationPath: "/register",
    register: (request) => clients.register(request, "client_secret_basic"),
  });
}

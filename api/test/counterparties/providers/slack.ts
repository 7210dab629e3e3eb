import {
  describeResource,
  enteredClient,
  type Provider,
  splitScope,
  startProvider,
} from "./provider.ts";

/**
 * As Slack: no registration; `user_scope`; everything with HTTP 200; the consent's tokens in `authed_user`, those of a refresh at the
 * top; scopes by commas; error codes of its own; metadata that names its other host. Refresh tokens rotate.
 */
export function startSlack(): Promise<Provider> {
  return startProvider({
    documents: (provider) => ({
      "/.well-known/oauth-protected-resource/mcp": describeResource(provider, provider.origin, [
        "search:read",
        "chat:write",
      ]),
      "/.well-known/oauth-authorization-server": {
        issuer: provider.otherOrigin,
        authorization_endpoint: `${provider.origin}/oauth/v2_user/authorize`,
        token_endpoint: `${provider.origin}/api/oauth.v2.user.access`,
        response_types_supported: ["code"],
        code_challenge_methods_supported: ["S256"],
        token_endpoint_auth_methods_supported: ["client_secret_post"],
      },
    }),
    authorizationPath: "/oauth/v2_user/authorize",
    authorize(query) {
      if (query.get("client_id") !== enteredClient.id) return "invalid_client_id";
      // In `scope` they would be a bot's, and the user's token would have none.
      return { scopes: splitScope(query.get("user_scope")), offline: true };
    },
    tokenPath: "/api/oauth.v2.user.access",
    token({ form }, book) {
      const fail = (error: string) => Response.json({ ok: false, error });
      if (form.get("client_id") !== enteredClient.id) return fail("invalid_client_id");
      if (form.get("client_secret") !== enteredClient.secret) return fail("bad_client_secret");
      const issue = (scopes: string[]) => ({
        scope: scopes.join(","),
        access_token: book.issueAccessToken(),
        token_type: "user",
        refresh_token: book.issueRefreshToken(),
        expires_in: 43_200,
      });
      if (form.get("grant_type") === "refresh_token") {
        const token = form.get("refresh_token") ?? "";
        if (!book.holdsRefreshToken(token)) return fail("invalid_refresh_token");
        book.dropRefreshToken(token);
        return Response.json({ ok: true, ...issue(["search:read", "chat:write"]) });
      }
      const consent = book.redeemCode(form);
      if (!consent) return fail("invalid_code");
      return Response.json({
        ok: true,
        app_id: "A1",
        team: { id: "T1" },
        authed_user: { id: "U1", ...issue(consent.scopes) },
      });
    },
  });
}

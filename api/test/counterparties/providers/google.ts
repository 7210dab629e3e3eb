import {
  describeResource,
  enteredClient,
  type Provider,
  splitScope,
  startProvider,
} from "./provider.ts";

/**
 * As Google: no registration; the resource lists the issuer with a slash that its metadata lacks; tools are listed openly and a token is
 * asked for at `tools/call`; a refresh token for `access_type=offline` with `prompt=consent` alone, and none in the answer to a refresh.
 */
export function startGoogle(): Promise<Provider> {
  return startProvider({
    openUntilCalled: true,
    documents: (provider) => ({
      "/.well-known/oauth-protected-resource/mcp": describeResource(
        provider,
        `${provider.origin}/`,
        ["calendar.readonly"],
      ),
      "/.well-known/oauth-authorization-server": {
        issuer: provider.origin,
        authorization_endpoint: `${provider.origin}/o/oauth2/v2/auth`,
        token_endpoint: `${provider.origin}/oauth2/token`,
        revocation_endpoint: `${provider.origin}/revoke`,
        response_types_supported: ["code", "token"],
        scopes_supported: ["openid", "email", "profile"],
        token_endpoint_auth_methods_supported: ["client_secret_post", "client_secret_basic"],
        code_challenge_methods_supported: ["plain", "S256"],
      },
    }),
    authorizationPath: "/o/oauth2/v2/auth",
    authorize: (query) => ({
      scopes: splitScope(query.get("scope")),
      offline: query.get("access_type") === "offline" && query.get("prompt") === "consent",
    }),
    tokenPath: "/oauth2/token",
    token({ form, headers }, book) {
      const fail = (error: string, status = 400) =>
        Response.json(
          { error, error_description: "Token has been expired or revoked." },
          { status },
        );
      const basic = `Basic ${btoa(`${enteredClient.id}:${enteredClient.secret}`)}`;
      if (headers.get("authorization") !== basic) return fail("invalid_client", 401);
      const issue = (more: object) =>
        Response.json({
          access_token: book.issueAccessToken(),
          expires_in: 3_599,
          token_type: "Bearer",
          ...more,
        });
      if (form.get("grant_type") === "refresh_token") {
        return book.holdsRefreshToken(form.get("refresh_token") ?? "")
          ? issue({ scope: "calendar.readonly" })
          : fail("invalid_grant");
      }
      const consent = book.redeemCode(form);
      if (!consent) return fail("invalid_grant");
      return issue({
        scope: consent.scopes.join(" "),
        ...(consent.offline ? { refresh_token: book.issueRefreshToken() } : {}),
      });
    },
  });
}

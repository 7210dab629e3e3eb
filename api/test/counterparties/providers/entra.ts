import {
  describeResource,
  enteredClient,
  type Provider,
  splitScope,
  startProvider,
} from "./provider.ts";

/**
 * As Entra: no registration; OpenID metadata below the issuer alone, without PKCE methods; `resource` refused together with scope; a
 * scope demanded; `prompt=consent` refused to who may not consent; `.default` not mixed on refresh.
 */
export function startEntra(): Promise<Provider> {
  const fail = (error: string, code: string) =>
    Response.json({ error, error_description: `AADSTS${code}: No.` }, { status: 400 });

  return startProvider({
    documents: (provider) => ({
      "/.well-known/oauth-protected-resource/mcp": describeResource(
        provider,
        `${provider.origin}/tenant/v2.0`,
        ["api://example/.default"],
      ),
      "/tenant/v2.0/.well-known/openid-configuration": {
        issuer: `${provider.origin}/tenant/v2.0`,
        authorization_endpoint: `${provider.origin}/tenant/oauth2/v2.0/authorize`,
        token_endpoint: `${provider.origin}/tenant/oauth2/v2.0/token`,
        response_types_supported: ["code", "id_token"],
        scopes_supported: ["openid", "profile", "email", "offline_access"],
        token_endpoint_auth_methods_supported: ["client_secret_post", "client_secret_basic"],
      },
    }),
    authorizationPath: "/tenant/oauth2/v2.0/authorize",
    authorize(query) {
      const scopes = splitScope(query.get("scope"));
      if (scopes.length === 0) return "AADSTS900144: The request must contain scope.";
      if (query.has("resource")) return "AADSTS9010010: resource does not match the scopes.";
      if (query.get("prompt") === "consent") return "AADSTS90094: Need admin approval.";
      if (query.get("code_challenge_method") !== "S256") return "AADSTS9002325: PKCE is required.";
      return { scopes, offline: scopes.includes("offline_access") };
    },
    tokenPath: "/tenant/oauth2/v2.0/token",
    token({ form, headers }, book) {
      const basic = `Basic ${btoa(`${enteredClient.id}:${enteredClient.secret}`)}`;
      if (headers.get("authorization") !== basic) return fail("invalid_client", "7000215");
      if (form.has("resource")) return fail("invalid_target", "9010010");
      const issue = (scopes: string[], refreshToken: string | null) =>
        Response.json({
          token_type: "Bearer",
          scope: scopes.join(" "),
          expires_in: 3_599,
          ext_expires_in: 3_599,
          access_token: book.issueAccessToken(),
          ...(refreshToken === null ? {} : { refresh_token: refreshToken }),
        });
      if (form.get("grant_type") === "refresh_token") {
        const scopes = splitScope(form.get("scope"));
        const mixed = scopes.length > 1 && scopes.some((scope) => scope.endsWith("/.default"));
        if (mixed) return fail("invalid_scope", "70011");
        // Old ones stay good.
        return book.holdsRefreshToken(form.get("refresh_token") ?? "")
          ? issue(["api://example/.default"], book.issueRefreshToken())
          : fail("invalid_grant", "700082");
      }
      const consent = book.redeemCode(form);
      if (!consent) return fail("invalid_grant", "54005");
      return issue(["api://example/.default"], consent.offline ? book.issueRefreshToken() : null);
    },
  });
}

import {
  describeResource,
  enteredClient,
  type Provider,
  splitScope,
  startProvider,
} from "./provider.ts";

export interface GitHub extends Provider {
  /** As a GitHub app: tokens of eight hours with a refresh token. An OAuth app's never expire and have none. */
  setExpiring(expiring: boolean): void;
}

/**
 * As GitHub: no registration; an issuer with a path; errors with HTTP 200 and codes of its own; answers form-encoded unless JSON is asked
 * for; the client's secret in the body; metadata that does not say so.
 */
export async function startGitHub(): Promise<GitHub> {
  let expiring = false;
  const provider = await startProvider({
    documents: (address) => ({
      "/.well-known/oauth-protected-resource/mcp": describeResource(
        address,
        `${address.origin}/login/oauth`,
        ["repo", "read:org"],
      ),
      "/.well-known/oauth-authorization-server/login/oauth": {
        issuer: `${address.origin}/login/oauth`,
        authorization_endpoint: `${address.origin}/login/oauth/authorize`,
        token_endpoint: `${address.origin}/login/oauth/access_token`,
        response_types_supported: ["code"],
        grant_types_supported: ["authorization_code", "refresh_token"],
        code_challenge_methods_supported: ["S256"],
      },
    }),
    authorizationPath: "/login/oauth/authorize",
    authorize(query) {
      if (query.get("client_id") !== enteredClient.id) return "404";
      return { scopes: splitScope(query.get("scope")), offline: expiring };
    },
    tokenPath: "/login/oauth/access_token",
    token({ form, headers }, book) {
      const answer = (fields: Record<string, string | number>) => {
        const wantsJson = headers.get("accept")?.includes("application/json");
        const texts = Object.entries(fields).map(([name, value]) => [name, String(value)]);
        return wantsJson ? Response.json(fields) : new Response(new URLSearchParams(texts));
      };
      const fail = (error: string) => answer({ error, error_description: "No.", error_uri: "/" });
      const isClient =
        form.get("client_id") === enteredClient.id &&
        form.get("client_secret") === enteredClient.secret;
      if (!isClient) return fail("incorrect_client_credentials");
      const issue = (scopes: string[]) =>
        answer({
          access_token: book.issueAccessToken(),
          token_type: "bearer",
          scope: scopes.join(","),
          ...(expiring
            ? {
                expires_in: 28_800,
                refresh_token: book.issueRefreshToken(),
                refresh_token_expires_in: 15_811_200,
              }
            : {}),
        });
      if (form.get("grant_type") === "refresh_token") {
        const token = form.get("refresh_token") ?? "";
        if (!book.holdsRefreshToken(token)) return fail("bad_refresh_token");
        book.dropRefreshToken(token);
        return issue([]);
      }
      const consent = book.redeemCode(form);
      return consent ? issue(consent.scopes) : fail("bad_verification_code");
    },
  });
  return Object.assign(provider, {
    setExpiring(value: boolean) {
      expiring = value;
    },
  });
}

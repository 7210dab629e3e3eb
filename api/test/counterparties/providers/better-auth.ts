import { describeResource, type Provider, splitScope, startProvider } from "./provider.ts";
import { createRegisteredClients, issueBearer, refuse } from "./registering.ts";

export interface BetterAuth extends Provider {
  /** The next answer to a refresh is lost on its way; the refresh token is used up all the same. */
  loseNextAnswer(): void;
  /** As if 30 seconds had passed. */
  closeReplayWindow(): void;
}

/**
 * As better-auth's authorization server: an issuer with a path; an http loopback callback only with `application_type: native`; a
 * refresh token for `offline_access` alone; a used refresh token is answered again for 30 seconds, and then ends its family.
 */
export async function startBetterAuth(): Promise<BetterAuth> {
  const clients = createRegisteredClients();
  /** Those used within the window, and what they were replaced with. */
  const replayable = new Map<string, string>();
  let isLosing = false;

  const provider = await startProvider({
    documents: (address) => {
      const issuer = `${address.origin}/api/auth`;
      return {
        "/.well-known/oauth-protected-resource/mcp": describeResource(address, issuer, [
          "openid",
          "offline_access",
        ]),
        "/.well-known/oauth-authorization-server/api/auth": {
          issuer,
          authorization_endpoint: `${issuer}/oauth2/authorize`,
          token_endpoint: `${issuer}/oauth2/token`,
          registration_endpoint: `${issuer}/oauth2/register`,
          response_types_supported: ["code"],
          scopes_supported: ["openid", "profile", "email", "offline_access"],
          token_endpoint_auth_methods_supported: ["client_secret_basic", "client_secret_post"],
          code_challenge_methods_supported: ["S256"],
        },
      };
    },
    authorizationPath: "/api/auth/oauth2/authorize",
    authorize(query) {
      const scopes = splitScope(query.get("scope"));
      return clients.knows(query.get("client_id"))
        ? { scopes, offline: scopes.includes("offline_access") }
        : "invalid_client";
    },
    tokenPath: "/api/auth/oauth2/token",
    token({ form }, book) {
      const id = form.get("client_id") ?? "";
      if (!clients.knows(id) || clients.secretOf(id) !== form.get("client_secret"))
        return refuse("invalid_client", "invalid client", 401);
      if (form.get("grant_type") !== "refresh_token") {
        const consent = book.redeemCode(form);
        if (!consent) return refuse("invalid_grant", "invalid code");
        return issueBearer(book, consent.offline ? book.issueRefreshToken() : null, consent);
      }
      const token = form.get("refresh_token") ?? "";
      const again = replayable.get(token);
      if (again !== undefined && book.holdsRefreshToken(again)) return issueBearer(book, again);
      if (!book.holdsRefreshToken(token)) {
        book.endAllGrants();
        return refuse("invalid_grant", "invalid refresh token");
      }
      const next = book.issueRefreshToken();
      book.dropRefreshToken(token);
      replayable.set(token, next);
      if (!isLosing) return issueBearer(book, next);
      isLosing = false;
      return new Response("Bad gateway", { status: 502 });
    },
    registrationPath: "/api/auth/oauth2/register",
    register(request) {
      const { redirect_uris: uris, application_type: type } = JSON.parse(request.text) as {
        redirect_uris: string[];
        application_type?: string;
      };
      if (type !== "native" && uris.some((uri) => uri.startsWith("http://")))
        return refuse("invalid_redirect_uri", "redirect_uris must be https");
      return clients.register(request, "client_secret_post");
    },
  });
  return Object.assign(provider, {
    loseNextAnswer() {
      isLosing = true;
    },
    closeReplayWindow: () => replayable.clear(),
  });
}

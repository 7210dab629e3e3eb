/** Token revocation (RFC 7009), with the client that was issued the token. */
import { authenticateClient, type AuthenticatingClient } from "./client-authentication.ts";
import { describeFailure, describeOAuthError } from "./errors.ts";
import { readJsonObject } from "./json-response.ts";
import type { Fetch } from "./ports.ts";
import { isSecureUrl } from "./secure-url.ts";
import { readRetryAfter } from "./token-response.ts";

export type RevocationOutcome =
  /** The authorization server said that the token is of no use any more, or never was (RFC 7009 §2.2). */
  | { kind: "confirmed"; httpStatus: number }
  /** There is no endpoint, or none for this type of token. */
  | { kind: "unsupported" }
  /** An OAuth error that no later try mends, such as `invalid_client`. */
  | { kind: "refused"; errorCode: string; detail: string | null }
  | { kind: "transient"; retryAfterMs: number | null; detail: string };

/** Revokes one token. Never throws. */
export async function revokeToken(options: {
  revocationEndpoint: string | null;
  client: AuthenticatingClient;
  token: string;
  tokenTypeHint: "access_token" | "refresh_token";
  fetch: Fetch;
  signal?: AbortSignal;
}): Promise<RevocationOutcome> {
  const { revocationEndpoint, client, token, tokenTypeHint, fetch, signal } = options;
  if (revocationEndpoint === null || !isSecureUrl(revocationEndpoint)) {
    return { kind: "unsupported" };
  }
  const authentication = authenticateClient(client);
  if (!authentication) return { kind: "refused", errorCode: "invalid_client", detail: null };
  try {
    const response = await fetch(revocationEndpoint, {
      method: "POST",
      headers: {
        "content-type": "application/x-www-form-urlencoded",
        accept: "application/json",
        ...authentication.headers,
      },
      body: new URLSearchParams({
        token,
        token_type_hint: tokenTypeHint,
        ...authentication.params,
      }).toString(),
      redirect: "manual",
      ...(signal ? { signal } : {}),
    });
    return await readAnswer(response, [token, client.clientSecret]);
  } catch (error) {
    return { kind: "transient", retryAfterMs: null, detail: describeFailure(error) };
  }
}

async function readAnswer(
  response: Response,
  secrets: readonly (string | null)[],
): Promise<RevocationOutcome> {
  const { status } = response;
  const retryAfterMs = readRetryAfter(response.headers);
  const body = await readJsonObject(response);
  const error = body?.["error"];
  const transient = { kind: "transient", retryAfterMs, detail: `HTTP ${status}` } as const;
  if (status >= 500 || status === 408 || status === 429) return transient;
  if (
    typeof error === "string" &&
    error !== "" &&
    status >= 200 &&
    (status < 300 || status >= 400)
  ) {
    if (error === "unsupported_token_type") return { kind: "unsupported" };
    const description = body?.["error_description"];
    const text = typeof description === "string" ? description : null;
    return { kind: "refused", errorCode: error, detail: describeOAuthError(error, text, secrets) };
  }
  return response.ok ? { kind: "confirmed", httpStatus: status } : transient;
}

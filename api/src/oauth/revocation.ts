/** Token revocation (RFC 7009), with the client to which the token was issued. */
import { authenticateClient, type AuthenticatingClient } from "./client-authentication.ts";
import { describeFailure, describeOAuthError } from "./errors.ts";
import { readJsonObject } from "./json-response.ts";
import type { Fetch, SignAssertion } from "./ports.ts";
import { isSecureUrl } from "./secure-url.ts";
import { readRetryAfter } from "./token-response.ts";
import { isTransientStatus } from "./transient-status.ts";

/** `httpStatus` is null if there was no response. */
export type RevocationOutcome =
  /**
   * The authorization server confirmed that the token is no longer valid, or never was (RFC 7009
   * §2.2).
   */
  | { kind: "confirmed"; httpStatus: number }
  /** There is no endpoint, or it does not support this type of token. */
  | { kind: "unsupported"; httpStatus: number | null }
  /** An OAuth error that a retry cannot fix, such as `invalid_client`. */
  | { kind: "refused"; httpStatus: number | null; errorCode: string; detail: string | null }
  | { kind: "transient"; httpStatus: number | null; retryAfterMs: number | null; detail: string };

/** Revokes one token. Never throws. */
export async function revokeToken(options: {
  revocationEndpoint: string | null;
  /** The issuer that the endpoint belongs to. */
  issuer: string;
  client: AuthenticatingClient;
  signAssertion: SignAssertion;
  token: string;
  tokenTypeHint: "access_token" | "refresh_token";
  fetch: Fetch;
  signal?: AbortSignal;
}): Promise<RevocationOutcome> {
  const { revocationEndpoint, client, token, tokenTypeHint, fetch, signal } = options;
  if (revocationEndpoint === null || !isSecureUrl(revocationEndpoint)) {
    return { kind: "unsupported", httpStatus: null };
  }
  const authentication = await authenticateClient(client, options.issuer, options.signAssertion);
  if (!authentication)
    return { kind: "refused", httpStatus: null, errorCode: "invalid_client", detail: null };
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
    return await readAnswer(response, [
      token,
      client.clientSecret,
      authentication.params["client_assertion"] ?? null,
    ]);
  } catch (error) {
    const detail = describeFailure(error);
    return { kind: "transient", httpStatus: null, retryAfterMs: null, detail };
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
  const detail = `HTTP ${status}`;
  const transient = { kind: "transient", httpStatus: status, retryAfterMs, detail } as const;
  if (isTransientStatus(status)) return transient;
  if (
    typeof error === "string" &&
    error !== "" &&
    status >= 200 &&
    (status < 300 || status >= 400)
  ) {
    if (error === "unsupported_token_type") return { kind: "unsupported", httpStatus: status };
    const description = body?.["error_description"];
    const text = typeof description === "string" ? description : null;
    const said = describeOAuthError(error, text, secrets);
    return { kind: "refused", httpStatus: status, errorCode: error, detail: said };
  }
  return response.ok ? { kind: "confirmed", httpStatus: status } : transient;
}

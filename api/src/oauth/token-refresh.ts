/** The next token of a grant, from its refresh token or from the client's own credentials. */
import { describeFailure } from "./errors.ts";
import type { Fetch, IssuedTokens } from "./ports.ts";
import type { DeadReason } from "./state.ts";
import {
  buildTokenRequest,
  cannotSend,
  clientCredentialsParams,
  dropRefreshToken,
  send,
  type TokenRequest,
  type TokenRequestOptions,
  unknownError,
} from "./token-request.ts";
import type { TokenResponse } from "./token-response.ts";

export type RefreshOutcome =
  | {
      kind: "tokens";
      tokens: IssuedTokens;
      remark: string | null;
      /** Set if the server refused `resource` and accepted the request without it. */
      refusesResource?: true;
    }
  | {
      kind: "dead";
      reason: Extract<DeadReason, "GRANT_INVALID" | "CLIENT_INVALID">;
      detail: string | null;
    }
  /**
   * Says nothing about the grant: keep it and retry later.
   * @param refusal the error code, if the endpoint refused the request in a way that may be final
   */
  | { kind: "transient"; retryAfterMs: number | null; detail: string; refusal?: string };

/**
 * Uses a refresh token (RFC 6749 §6). No scope is sent, so that the granted one is kept. Never
 * throws.
 */
export async function requestRefresh(
  options: TokenRequestOptions & { refreshToken: string },
): Promise<RefreshOutcome> {
  const { refreshToken } = options;
  const params = { grant_type: "refresh_token", refresh_token: refreshToken };
  return await refresh(options, params, [refreshToken]);
}

/** Sends the request, and once more without `resource` if that was refused (regressions I11). */
async function refresh(
  options: TokenRequestOptions,
  params: Record<string, string>,
  secrets: string[],
): Promise<RefreshOutcome> {
  const outcome = await sendRefresh(
    await buildTokenRequest(options, params, secrets),
    options.fetch,
  );
  const isRefused = outcome.kind === "transient" && outcome.refusal === "invalid_target";
  if (!isRefused || options.resource === null) return outcome;
  const request = await buildTokenRequest({ ...options, resource: null }, params, secrets);
  const second = await sendRefresh(request, options.fetch);
  return second.kind === "tokens" ? { ...second, refusesResource: true } : second;
}

/**
 * Requests the next token with client credentials (RFC 6749 §4.4), with the outcomes of a refresh.
 * Never throws.
 */
export async function refreshClientToken(
  options: TokenRequestOptions & { scopes: readonly string[] },
): Promise<RefreshOutcome> {
  const outcome = await refresh(options, clientCredentialsParams(options.scopes), []);
  return outcome.kind === "tokens" ? dropRefreshToken(outcome) : outcome;
}

async function sendRefresh(request: TokenRequest | null, fetch: Fetch): Promise<RefreshOutcome> {
  // A retry cannot fix a client that is unable to authenticate itself.
  if (!request) return { kind: "dead", reason: "CLIENT_INVALID", detail: cannotSend };
  try {
    return judgeRefresh(await send(request, fetch));
  } catch (error) {
    return { kind: "transient", retryAfterMs: null, detail: describeFailure(error) };
  }
}

function judgeRefresh(response: TokenResponse): RefreshOutcome {
  if (response.kind === "tokens") return response;
  const { detail, retryAfterMs } = response;
  const transient = { kind: "transient", retryAfterMs, detail: detail ?? unknownError } as const;
  if (response.kind === "error") {
    if (response.code === "invalid_grant") return { kind: "dead", reason: "GRANT_INVALID", detail };
    // RFC 6749 §5.2: the client may not use this grant type, which neither a retry nor a new
    // consent with the same client fixes. Several servers respond with it if the client is disabled
    // or has a new secret, so the registration is invalid, not the grant.
    if (response.code === "invalid_client" || response.code === "unauthorized_client") {
      return { kind: "dead", reason: "CLIENT_INVALID", detail };
    }
    if (!passingErrors.has(response.code)) return { ...transient, refusal: response.code };
  } else if (response.refusal !== undefined) return { ...transient, refusal: response.refusal };
  return transient;
}

/** Error codes by which a server says that a later attempt may succeed. */
const passingErrors: ReadonlySet<string> = new Set([
  "server_error",
  "temporarily_unavailable",
  "slow_down",
  "rate_limited",
  "rate_limit_exceeded",
  "too_many_requests",
]);

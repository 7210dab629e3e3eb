/**
 * Parses the response of a token endpoint (RFC 6749 §5). Its only I/O is reading the response body.
 */
import { cleanDetail, describeOAuthError } from "./errors.ts";
import { readJsonDocument } from "./json-response.ts";
import type { IssuedTokens } from "./ports.ts";
import { standardizeTokenAnswer } from "./provider-deviations.ts";
import type { Deviations } from "./provider-profiles.ts";
import { splitScopes } from "./scopes.ts";
import { isTransientStatus } from "./transient-status.ts";

export type TokenResponse =
  /** `remark`: what was accepted although RFC 6749 §5.1 does not allow it, for display. */
  | { kind: "tokens"; tokens: IssuedTokens; remark: string | null }
  /** An OAuth error. `detail` can be displayed; null if the code is unknown. */
  | { kind: "error"; code: string; detail: string | null; retryAfterMs: number | null }
  /**
   * Any other response: says nothing about the grant. `refusal` identifies a refusal of the endpoint
   * itself in a format of its own; only its repetition has a meaning (regressions I10).
   */
  | { kind: "unusable"; detail: string; retryAfterMs: number | null; refusal?: string };

/** A longer lifetime is considered a mistake. A century still fits into a timestamp. */
const maxLifetimeS = 3_155_760_000;
/** The maximum accepted delay. */
const maxRetryAfterMs = 300_000;

/**
 * @param secrets the values that were sent, which an error may repeat
 * @param deviations the deviations of the provider profile
 * @throws the error from reading the body
 */
export async function readTokenResponse(
  response: Response,
  secrets: readonly (string | null)[],
  deviations: Deviations = {},
): Promise<TokenResponse> {
  const { status } = response;
  const retryAfterMs = readRetryAfter(response.headers);
  const { body: answered, remark: form } = await readBody(response);
  const body = answered && standardizeTokenAnswer(answered, deviations);
  const unusable = (detail: string): TokenResponse => ({ kind: "unusable", detail, retryAfterMs });
  // A response of an overloaded or failing server does not end a grant, whatever its body says.
  if (isTransientStatus(status)) return unusable(`HTTP ${status}`);
  if (status < 200 || (status >= 300 && status < 400)) return unusable(`HTTP ${status}`);
  if (body === null) return unusable(`HTTP ${status}, and no JSON object`);
  // Some servers return errors with status 200, so the error code decides.
  const { error } = body;
  if (typeof error === "string" && error !== "") {
    const text = body["error_description"];
    const description = typeof text === "string" ? text : null;
    return {
      kind: "error",
      code: readErrorCode(error, description),
      detail: describeOAuthError(error, description, secrets),
      retryAfterMs,
    };
  }
  if (!response.ok) {
    const refusal = describeRefusal(status, body);
    return { kind: "unusable", detail: `HTTP ${status}`, retryAfterMs, refusal };
  }
  const read = readTokens(body);
  if (!read) return unusable(`HTTP ${status}, and no bearer token`);
  const remarks = [form, read.remark].filter((remark) => remark !== null);
  return { kind: "tokens", tokens: read.tokens, remark: remarks.join(" ") || null };
}

/**
 * Reads a JSON object, or a form as some servers send it without `Accept` being considered
 * (regressions I9): a rotated refresh token in it would otherwise be lost.
 */
async function readBody(
  response: Response,
): Promise<{ body: Record<string, unknown> | null; remark: string | null }> {
  const reading = await readJsonDocument(response);
  if (reading.kind === "object") return { body: reading.value, remark: null };
  if (
    reading.kind === "not-json" &&
    /^(access_token|error)=|&(access_token|error)=/.test(reading.text)
  ) {
    const body = Object.fromEntries(new URLSearchParams(reading.text.trim()));
    return { body, remark: "The response is form-encoded instead of JSON." };
  }
  return { body: null, remark: null };
}

/**
 * Microsoft Entra refuses `resource` with a general error code, also under host names of customers
 * (regressions I11).
 */
export function readErrorCode(code: string, description: string | null): string {
  return description !== null && /\bAADSTS9010010\b/.test(description) ? "invalid_target" : code;
}

/** The status, and the error code of a server with a format of its own. */
function describeRefusal(
  status: number,
  { error, error_code: flat }: Record<string, unknown>,
): string {
  const nested = typeof error === "object" && error !== null && "code" in error ? error.code : flat;
  return typeof nested === "string" ? `${status} ${nested}` : `${status}`;
}

/** Types of tokens that only the holder of a key can use, so they cannot be sent as bearer tokens. */
const boundTypes: ReadonlySet<string> = new Set(["dpop", "mac", "pop"]);

/** RFC 6749 §5.1. Null if there is no bearer token that a header can contain. */
function readTokens(
  body: Record<string, unknown>,
): { tokens: IssuedTokens; remark: string | null } | null {
  const { access_token: token, token_type: type, refresh_token: refreshToken, scope } = body;
  const accessToken = typeof token === "string" ? token.trim() : token;
  const typeName = typeof type === "string" ? type.trim().toLowerCase() : "";
  if (boundTypes.has(typeName) || !isCredential(accessToken)) return null;
  const tokens = {
    accessToken,
    refreshToken: typeof refreshToken === "string" && refreshToken !== "" ? refreshToken : null,
    expiresInMs: readLifetime(body["expires_in"]),
    // Not defined by a standard: the first property is more common, the second one is Keycloak's,
    // where 0 means no expiry.
    refreshExpiresInMs: readLifetime(
      body["refresh_token_expires_in"] ?? body["refresh_expires_in"],
    ),
    scopes: readScopes(scope),
  };
  if (typeName === "bearer") return { tokens, remark: null };
  const remark =
    typeName === ""
      ? "The response has no token_type. The token is used as a bearer token."
      : `The response has the token_type ${cleanDetail(typeName)}. The token is used as a bearer token.`;
  return { tokens, remark };
}

/** A string, or an array as some servers send it. Null: as before. */
function readScopes(scope: unknown): string[] | null {
  const text = Array.isArray(scope)
    ? scope.filter((one) => typeof one === "string").join(" ")
    : scope;
  const scopes = typeof text === "string" ? splitScopes(text) : [];
  return scopes.length > 0 ? scopes : null;
}

/** RFC 6749 appendix A.12: visible characters only; others could end the header. */
function isCredential(value: unknown): value is string {
  return typeof value === "string" && /^[\x21-\x7E]+$/.test(value);
}

/**
 * Seconds as a number, or as digits in a string. If absent, zero, negative or invalid, the lifetime
 * is unknown, and the token is used until a 401.
 */
function readLifetime(value: unknown): number | null {
  const seconds =
    typeof value === "number"
      ? value
      : typeof value === "string" && /^\s*\d{1,12}(\.\d+)?\s*$/.test(value)
        ? Number(value)
        : Number.NaN;
  // Less than a millisecond is treated as zero.
  if (!Number.isFinite(seconds) || seconds < 0.001) return null;
  return Math.floor(Math.min(seconds, maxLifetimeS) * 1000);
}

/**
 * RFC 9110 §10.2.3: seconds, or a date, which is compared with the server's own `Date`. Returns
 * milliseconds; null: not specified.
 */
export function readRetryAfter(headers: Headers): number | null {
  const value = headers.get("retry-after")?.trim() ?? "";
  const seconds = /^\d{1,9}$/.test(value)
    ? Number(value)
    : (Date.parse(value) - Date.parse(headers.get("date") ?? "")) / 1000;
  if (!Number.isFinite(seconds) || seconds < 0) return null;
  return Math.min(seconds * 1000, maxRetryAfterMs);
}

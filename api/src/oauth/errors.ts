/**
 * The parts of errors that may be displayed: known OAuth errors, shortened and without secrets.
 * Everything else is masked.
 */

/** OAuthFlowError of the contract. */
export type OAuthFlowError =
  | "ACCESS_DENIED"
  | "AUTHORIZATION_SERVER_ERROR"
  | "INVALID_REQUEST"
  | "WRONG_USER"
  | "FORBIDDEN"
  | "ISSUER_MISMATCH"
  | "TOKEN_EXCHANGE_FAILED"
  | "SERVER_GONE"
  | "SETTINGS_CHANGED"
  | "DISCOVERY_FAILED";

/** RFC 6749 §4.1.2.1 and §5.2, RFC 8707 §2, RFC 7591 §3.2.2, RFC 7009 §2.2.1, OpenID Connect Core §3.1.2.6. */
const knownErrors: ReadonlySet<string> = new Set([
  "access_denied",
  "invalid_client",
  "invalid_grant",
  "invalid_request",
  "invalid_scope",
  "invalid_target",
  "server_error",
  "temporarily_unavailable",
  "unauthorized_client",
  "unsupported_grant_type",
  "unsupported_response_type",
  "invalid_client_metadata",
  "invalid_redirect_uri",
  "invalid_software_statement",
  "unapproved_software_statement",
  "unsupported_token_type",
  "account_selection_required",
  "consent_required",
  "interaction_required",
  "login_required",
]);

const maxDetailLength = 200;
/** Applied before the patterns, whose running time is only bounded for a bounded text. */
const maxReadLength = 2_000;

/**
 * Matches the text after the name of a scheme, unless it is an ordinary word. `jwt-bearer` and
 * similar names are not schemes.
 */
const schemeWithCredential =
  /(?<![\w-])(Bearer|Basic|DPoP)\s+(?!(?:tokens?|auth|authentication|authorization|assertions?|scheme|credentials?|header|grants?|proofs?|is|was|are|or|and|not|must|for)(?:[\s,;:)]|\.?(?:\s|$)))\S+/gi;

/**
 * Describes an OAuth error for display: the code, and the shortened and cleaned description. Null
 * if no specification defines the code; then no part of it is displayed.
 * @param secrets values that were sent and that the response may repeat
 */
export function describeOAuthError(
  code: string,
  description: string | null,
  secrets: readonly (string | null)[] = [],
): string | null {
  if (!knownErrors.has(code)) return null;
  const cleaned = description === null ? "" : cleanDetail(description, secrets);
  return cleaned === "" ? code : cleanDetail(`${code}: ${cleaned}`);
}

/**
 * Cleans text of an authorization server for display: one line of at most 200 characters, without
 * control characters, links, or anything that looks like a credential.
 */
export function cleanDetail(text: string, secrets: readonly (string | null)[] = []): string {
  let cleaned = text.slice(0, maxReadLength);
  for (const secret of secrets) {
    if (secret) cleaned = cleaned.replaceAll(secret, "[removed]");
  }
  cleaned = cleaned
    // Control, format (bidirectional overrides) and surrogate characters, and line and paragraph
    // separators.
    .replaceAll(/[\p{C}\p{Zl}\p{Zp}]/gu, " ")
    .replaceAll(/\b[a-z][a-z0-9+.-]{0,20}:\/\/\S+/gi, "[link]")
    .replaceAll(schemeWithCredential, "$1 [removed]")
    .replaceAll(
      /([\w-]{0,40}(?:token|secret|code|password|verifier|assertion|state|key))(["']?\s*[=:]\s*)(?!\[)\S+/gi,
      "$1$2[removed]",
    )
    // Longer than a word and with a digit, or longer than any word.
    .replaceAll(/[\w\-+/=.~%]{20,}/g, (run) =>
      /\d/.test(run) || run.length > 40 ? "[removed]" : run,
    )
    .replaceAll(/\s+/g, " ")
    .trim();
  const characters = [...cleaned];
  return characters.length > maxDetailLength
    ? `${characters.slice(0, maxDetailLength - 1).join("")}…`
    : cleaned;
}

/** Ordered: codes closer to the cause come first. Codes of the guarded fetch, Node and undici. */
const failureWords: readonly (readonly [RegExp, string])[] = [
  [/^(DEADLINE|TimeoutError|AbortError)$/, "no answer in time"],
  [/^ADDRESS_FORBIDDEN$/, "address not allowed"],
  [/^HOST_FORBIDDEN$/, "host not allowed"],
  [/^(DNS_FAILED|ENOTFOUND|EAI_AGAIN)$/, "name cannot be resolved"],
  [/^ECONNREFUSED$/, "connection refused"],
  [/^(ETIMEDOUT|UND_ERR_CONNECT_TIMEOUT)$/, "no connection in time"],
  [/^(ENETUNREACH|EHOSTUNREACH|ENETDOWN)$/, "network cannot be reached"],
  [
    /^(CERT_|UNABLE_TO_|SELF_SIGNED|DEPTH_ZERO_|ERR_TLS_CERT_|HOSTNAME_MISMATCH|INVALID_CA)/,
    "certificate not trusted",
  ],
  [/^TLS_FAILED$/, "no secure connection"],
  [/^CONNECT_FAILED$/, "no connection"],
  [/^TOO_MANY_REDIRECTS$/, "too many redirects"],
  [/^(REDIRECT_FORBIDDEN|SCHEME_FORBIDDEN|CREDENTIALS_IN_URL)$/, "redirect not allowed"],
  [/^(RESPONSE_TOO_LARGE|UND_ERR_HEADERS_OVERFLOW)$/, "answer too large"],
  [/^RESPONSE_INVALID$/, "answer is not HTTP"],
  [/^(CONNECTION_LOST|ECONNRESET|EPIPE|UND_ERR_SOCKET)$/, "connection broke off"],
];

/**
 * Describes a failed request in a few words, from the codes of the error and its causes. Never from
 * the message, which can contain a URL with a query, or a body.
 */
export function describeFailure(error: unknown): string {
  const codes = listCodes(error);
  const known = failureWords.find(([pattern]) => codes.some((code) => pattern.test(code)));
  return known?.[1] ?? "the request failed";
}

/**
 * The codes of an error and its causes, outermost first; the name of an error without a code. Never
 * a message.
 */
export function listCodes(error: unknown): string[] {
  const codes: string[] = [];
  for (
    let cause = error, depth = 0;
    cause instanceof Error && depth < 6;
    cause = cause.cause, depth += 1
  ) {
    codes.push("code" in cause && typeof cause.code === "string" ? cause.code : cause.name);
  }
  return codes;
}

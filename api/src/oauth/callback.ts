/** The authorization response (RFC 6749 §4.1.2) with its issuer (RFC 9207). The state is the caller's: it was taken before. */
import { validateAuthorizationResponseIssuer } from "@modelcontextprotocol/client";
import { describeOAuthError, type OAuthFlowError } from "./errors.ts";

export type CallbackReading =
  | { kind: "code"; code: string }
  | {
      kind: "refused";
      error: Extract<
        OAuthFlowError,
        "ACCESS_DENIED" | "AUTHORIZATION_SERVER_ERROR" | "INVALID_REQUEST" | "ISSUER_MISMATCH"
      >;
      /** Fit to be shown; null: nothing of what came is. */
      detail: string | null;
    };

/** All that is read of a response; RFC 6749 §3.1: none may come twice. */
const readParameters = ["code", "state", "iss", "error", "error_description", "error_uri"];

/** @param expected what was recorded with the attempt, from validated metadata */
export function readCallback(
  params: URLSearchParams,
  expected: { issuer: string; issParameterSupported: boolean },
): CallbackReading {
  // Before anything else is believed: on a mix-up every other parameter is an attacker's.
  if (!isFromIssuer(params.getAll("iss"), expected)) {
    return { kind: "refused", error: "ISSUER_MISMATCH", detail: null };
  }
  if (readParameters.some((name) => params.getAll(name).length > 1)) {
    return { kind: "refused", error: "INVALID_REQUEST", detail: null };
  }
  const error = params.get("error");
  if (error !== null) {
    return {
      kind: "refused",
      error: error === "access_denied" ? "ACCESS_DENIED" : "AUTHORIZATION_SERVER_ERROR",
      detail: describeOAuthError(error, params.get("error_description")),
    };
  }
  const code = params.get("code");
  return code
    ? { kind: "code", code }
    : { kind: "refused", error: "INVALID_REQUEST", detail: null };
}

/** Every `iss` that came must be the one: plain string comparison, and advertised but absent is a refusal. */
function isFromIssuer(
  values: string[],
  expected: { issuer: string; issParameterSupported: boolean },
): boolean {
  const given: (string | undefined)[] = values.length === 0 ? [undefined] : values;
  try {
    for (const iss of given) {
      validateAuthorizationResponseIssuer({
        iss,
        expectedIssuer: expected.issuer,
        issParameterSupported: expected.issParameterSupported,
      });
    }
    return true;
  } catch {
    return false;
  }
}

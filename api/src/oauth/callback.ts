/**
 * The authorization response (RFC 6749 §4.1.2) with its issuer (RFC 9207). The caller has already
 * checked and used the state.
 */
import { validateAuthorizationResponseIssuer } from "@modelcontextprotocol/client";
import { describeOAuthError, type OAuthFlowError } from "./errors.ts";
import { readErrorCode } from "./token-response.ts";

export type CallbackReading =
  | { kind: "code"; code: string }
  | {
      kind: "refused";
      error: Extract<
        OAuthFlowError,
        "ACCESS_DENIED" | "AUTHORIZATION_SERVER_ERROR" | "INVALID_REQUEST" | "ISSUER_MISMATCH"
      >;
      /** A description that can be displayed; null if no part of the response can be. */
      detail: string | null;
      /** The error code as received. It must not be displayed. Null: there is none. */
      errorCode: string | null;
    };

/** The parameters that are read. None may occur twice (RFC 6749 §3.1). */
const readParameters = ["code", "state", "iss", "error", "error_description", "error_uri"];

/** @param expected the values that were stored with the flow, from validated metadata */
export function readCallback(
  params: URLSearchParams,
  expected: { issuer: string; issParameterSupported: boolean },
): CallbackReading {
  // Checked first: in a mix-up attack an attacker controls every other parameter.
  if (!isFromIssuer(params.getAll("iss"), expected)) {
    return { kind: "refused", error: "ISSUER_MISMATCH", detail: null, errorCode: null };
  }
  if (readParameters.some((name) => params.getAll(name).length > 1)) {
    return { kind: "refused", error: "INVALID_REQUEST", detail: null, errorCode: null };
  }
  const error = params.get("error");
  if (error !== null) {
    const description = params.get("error_description");
    return {
      kind: "refused",
      error: error === "access_denied" ? "ACCESS_DENIED" : "AUTHORIZATION_SERVER_ERROR",
      detail: describeOAuthError(error, description),
      errorCode: readErrorCode(error, description),
    };
  }
  const code = params.get("code");
  return code
    ? { kind: "code", code }
    : { kind: "refused", error: "INVALID_REQUEST", detail: null, errorCode: null };
}

/**
 * Every `iss` parameter must match by plain string comparison. A response without one is rejected
 * if the server advertises it.
 */
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

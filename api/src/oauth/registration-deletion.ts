/** Deletion of a dynamic registration that nobody uses any more (RFC 7592 §2.3). */
import { describeFailure } from "./errors.ts";
import type { Fetch } from "./ports.ts";
import type { RevocationOutcome } from "./revocation.ts";
import { isSecureUrl, parseUrl } from "./secure-url.ts";
import { readRetryAfter } from "./token-response.ts";

/**
 * Whether a `registration_client_uri` may be sent the registration access token: https or loopback, and of the origin that the client
 * was registered at or that the issuer names. An authorization server has no say over another one's registrations.
 */
export function isOwnRegistrationUri(
  registrationClientUri: string,
  server: { issuer: string; registrationEndpoint: string | null },
): boolean {
  if (!isSecureUrl(registrationClientUri)) return false;
  const origin = parseUrl(registrationClientUri)?.origin;
  return [server.issuer, server.registrationEndpoint].some(
    (known) => known !== null && parseUrl(known)?.origin === origin,
  );
}

/** Deletes one registration. Never throws. */
export async function deleteRegistration(options: {
  /** As accepted by `isOwnRegistrationUri` when the client was registered. */
  registrationClientUri: string;
  registrationAccessToken: string;
  fetch: Fetch;
  signal?: AbortSignal;
}): Promise<RevocationOutcome> {
  const { registrationClientUri, registrationAccessToken, fetch, signal } = options;
  if (!isSecureUrl(registrationClientUri)) return { kind: "unsupported", httpStatus: null };
  try {
    const response = await fetch(registrationClientUri, {
      method: "DELETE",
      headers: {
        accept: "application/json",
        authorization: `Bearer ${registrationAccessToken}`,
      },
      redirect: "manual",
      ...(signal ? { signal } : {}),
    });
    await response.body?.cancel();
    return readStatus(response);
  } catch (error) {
    const detail = describeFailure(error);
    return { kind: "transient", httpStatus: null, retryAfterMs: null, detail };
  }
}

function readStatus({ status, ok, headers }: Response): RevocationOutcome {
  // RFC 7592 §2: a client that does not exist is answered 401, whatever token comes with the request.
  if (ok || status === 401 || status === 404 || status === 410)
    return { kind: "confirmed", httpStatus: status };
  if (status === 405 || status === 501) return { kind: "unsupported", httpStatus: status };
  const isFinal = status >= 400 && status < 500 && status !== 408 && status !== 429;
  if (isFinal)
    return {
      kind: "refused",
      httpStatus: status,
      errorCode: status === 403 ? "access_denied" : "invalid_request",
      detail: null,
    };
  const retryAfterMs = readRetryAfter(headers);
  return { kind: "transient", httpStatus: status, retryAfterMs, detail: `HTTP ${status}` };
}

/** Deletes a dynamic registration that is no longer used (RFC 7592 §2.3). */
import { describeFailure } from "./errors.ts";
import type { Fetch } from "./ports.ts";
import type { RevocationOutcome } from "./revocation.ts";
import { isSecureUrl, parseUrl } from "./secure-url.ts";
import { readRetryAfter } from "./token-response.ts";
import { isTransientStatus } from "./transient-status.ts";

/**
 * Whether the registration access token may be sent to a `registration_client_uri`: https or
 * loopback, and with the origin where the client was registered or that of the issuer. An
 * authorization server must not control registrations of another one.
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
  /** As checked by `isOwnRegistrationUri` when the client was registered. */
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
  // RFC 7592 §2: the response for a client that does not exist is 401, whatever the token.
  if (ok || status === 401 || status === 404 || status === 410)
    return { kind: "confirmed", httpStatus: status };
  if (status === 405 || status === 501) return { kind: "unsupported", httpStatus: status };
  if (status >= 400 && !isTransientStatus(status))
    return {
      kind: "refused",
      httpStatus: status,
      errorCode: status === 403 ? "access_denied" : "invalid_request",
      detail: null,
    };
  const retryAfterMs = readRetryAfter(headers);
  return { kind: "transient", httpStatus: status, retryAfterMs, detail: `HTTP ${status}` };
}

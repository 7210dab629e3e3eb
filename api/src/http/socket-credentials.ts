import type { IncomingMessage } from "node:http";

/**
 * The credentials of the upgrade request or `connection_init`. Thousands are kept in memory, and
 * two strings use a tenth of the memory of `Headers`.
 */
export interface Credentials {
  cookie: string;
  authorization: string | undefined;
}

/** The credentials of the upgrade request. */
export function pickCredentials({ headers }: IncomingMessage): Credentials {
  const { cookie = "", authorization } = headers;
  return { cookie, authorization };
}

/** Converts credentials to headers, as in requests. */
export function toHeaders({ cookie, authorization }: Credentials): Headers {
  return new Headers({ cookie, ...(authorization === undefined ? {} : { authorization }) });
}

/**
 * The `authorization` of `connection_init`, with a case-insensitive name; undefined if there is
 * none. A value that is not a valid header value is replaced by one that is never a valid token, so
 * that the connection is rejected instead of being opened with the cookie.
 */
export function readAuthorization(
  params: Readonly<Record<string, unknown>> | undefined,
): string | undefined {
  const entry = Object.entries(params ?? {}).find(
    ([name]) => name.toLowerCase() === "authorization",
  );
  const value = entry?.[1] ?? undefined;
  if (value === undefined) return undefined;
  return typeof value === "string" && isFieldValue(value) ? value : "";
}

/** Whether `Headers` accepts the value (RFC 9110 §5.5). */
function isFieldValue(text: string): boolean {
  return /^[\u0020-\u007e]*$/.test(text);
}

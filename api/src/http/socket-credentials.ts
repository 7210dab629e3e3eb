import type { IncomingMessage } from "node:http";

/** What says who calls, out of the upgrade or `connection_init`. Thousands wait: two texts are a tenth of a `Headers`. */
export interface Credentials {
  cookie: string;
  authorization: string | undefined;
}

/** Those of the upgrade. */
export function pickCredentials({ headers }: IncomingMessage): Credentials {
  const { cookie = "", authorization } = headers;
  return { cookie, authorization };
}

/** As requests carry them. */
export function toHeaders({ cookie, authorization }: Credentials): Headers {
  return new Headers({ cookie, ...(authorization === undefined ? {} : { authorization }) });
}

/**
 * The `authorization` of `connection_init`, in any case; undefined if there is none. A value that no header can have is replaced by one
 * that is never valid, so that the connection is refused instead of being opened for the cookie beside it.
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

/** What `Headers` takes (RFC 9110 §5.5). */
function isFieldValue(text: string): boolean {
  return /^[\u0020-\u007e]*$/.test(text);
}

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

/** What `Headers` takes (RFC 9110 §5.5). */
export function isFieldValue(text: string): boolean {
  return /^[\u0020-\u007e]*$/.test(text);
}

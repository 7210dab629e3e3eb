import type { Fetch } from "#oauth/ports.ts";

/** A fetch whose requests end with the signal too: the caller whom they are sent for has disconnected. */
export function bindSignal(fetch: Fetch, signal: AbortSignal | undefined): Fetch {
  if (!signal) return fetch;
  return (input, init) =>
    fetch(input, {
      ...init,
      signal: init?.signal ? AbortSignal.any([init.signal, signal]) : signal,
    });
}

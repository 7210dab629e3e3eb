import type { Fetch } from "#oauth/ports.ts";

/**
 * Returns a fetch whose requests are also aborted by the signal, for example when the caller has
 * disconnected.
 */
export function bindSignal(fetch: Fetch, signal: AbortSignal | undefined): Fetch {
  if (!signal) return fetch;
  return (input, init) =>
    fetch(input, {
      ...init,
      signal: init?.signal ? AbortSignal.any([init.signal, signal]) : signal,
    });
}

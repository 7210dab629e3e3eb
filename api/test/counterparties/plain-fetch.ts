import type { Fetch } from "#oauth/ports.ts";

/** Node's own fetch, for tests that are not about the guard in front of it. */
export const plainFetch: Fetch = (input, init) => fetch(input, init);

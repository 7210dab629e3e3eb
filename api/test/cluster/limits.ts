import type { RefreshLimits } from "#oauth/lease-request.ts";

/** The product's 45 s and 20 s, divided by 7.5: long enough for a slow machine, short enough to be waited for. */
export const shortLimits: RefreshLimits = { leaseTtlMs: 6_000, requestDeadlineMs: 2_667 };

/** Set by `pnpm faults` and `pnpm test:full`: everything several times. */
export const isFull = Boolean(process.env["GATEHOUSE_TEST_FULL"]);
export const rounds = isFull ? 5 : 1;

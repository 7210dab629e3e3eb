/** What must be true whatever went wrong. */
import { expect } from "vitest";
import type { Account, CallOutcome, Cluster } from "./cluster.ts";

/** A lease is taken a little before its holder can say so, on a busy machine more than a little. */
const lateness = 0.75;

/**
 * No refresh token reaches the authorization server twice while the lease under which it was first sent holds: it has run out, or its
 * holder has given it back after a transient failure.
 */
export function expectOneSendingPerLease({ record, limits }: Cluster, account: Account): void {
  const refreshes = record.readRefreshes(account);
  const byToken = Object.groupBy(refreshes, ({ refreshTokenMark }) => refreshTokenMark ?? "");
  for (const sendings of Object.values(byToken)) {
    for (const [index, again] of (sendings ?? []).slice(1).entries()) {
      const firstAtMs = sendings?.[index]?.atMs ?? 0;
      const leasedAtMs = Math.max(
        ...record.stages
          .filter(({ grantId, stage }) => grantId === account.grantId && stage === "leased")
          .map(({ atMs }) => atMs)
          .filter((atMs) => atMs <= firstAtMs),
      );
      const wasGivenBack = record.transientAtMs.some(
        (atMs) => atMs > firstAtMs && atMs < again.atMs,
      );
      const heldMs = again.atMs - leasedAtMs;
      expect(
        wasGivenBack || heldMs >= limits.leaseTtlMs * lateness,
        `a refresh token came again ${heldMs.toFixed(0)} ms after its lease was taken`,
      ).toBe(true);
    }
  }
}

/** Nobody waits longer than the lease and one refresh; the rest is for the machine. */
export function expectPatience({ limits }: Cluster, outcomes: readonly CallOutcome[]): void {
  const longestMs = Math.max(...outcomes.map(({ waitedMs }) => waitedMs));
  expect(longestMs).toBeLessThan(2 * (limits.leaseTtlMs + limits.requestDeadlineMs));
}

/** The set of answers, so that one that differs is seen. */
export function answersOf(outcomes: readonly CallOutcome[]): string[] {
  return [...new Set(outcomes.map(({ answer }) => answer))].toSorted();
}

/** How many times somebody was asked to sign in again at this server. */
export function countReauthEvents({ db }: Cluster, { serverRowId }: Account): Promise<number> {
  return db.workspaceEvent.count({ where: { serverId: serverRowId, type: "REAUTH_REQUIRED" } });
}

export function countRefreshes({ record }: Cluster, account: Account): number {
  return record.readRefreshes(account).length;
}

import type { DueEndpoints, DueRow } from "#storage/webhook-due.ts";

/**
 * Collects what to search: workspaces whose log has grown, and at each poll retries, expired leases
 * and a batch of all endpoints.
 */
export interface DueSearch {
  /** Null: the log of any workspace may have grown. */
  addWorkspace(workspaceId: string | null): void;
  addPoll(): void;
  isWanted(): boolean;
  /** Returns the endpoints that are due among those added since the last call. */
  find(): Promise<DueRow[]>;
}

/** The number of workspaces that one statement reads. */
const atOnce = 100;
/** The number of workspaces that can wait for a search. Above it all endpoints are searched. */
const mostWaiting = 10_000;

export function createDueSearch(endpoints: DueEndpoints): DueSearch {
  const grown = new Set<string>();
  let isPolling = false;
  /** Search all endpoints to the end, without waiting for the next polls. */
  let isSweepingAll = false;
  let sweptTo: string | null = null;

  async function findPolled(): Promise<DueRow[]> {
    if (!isPolling && !isSweepingAll) return [];
    isPolling = false;
    const [retries, lapsed, sweep] = await Promise.all([
      endpoints.findRetries(),
      endpoints.findLapsed(),
      endpoints.sweepDue(sweptTo),
    ]);
    sweptTo = sweep.last;
    if (sweptTo === null) isSweepingAll = false;
    return [...retries, ...lapsed, ...sweep.due];
  }

  return {
    addWorkspace(workspaceId) {
      if (workspaceId !== null && grown.size < mostWaiting) grown.add(workspaceId);
      else {
        grown.clear();
        isSweepingAll = true;
        sweptTo = null;
      }
    },
    addPoll: () => void (isPolling = true),
    isWanted: () => isPolling || isSweepingAll || grown.size > 0,
    async find() {
      const workspaceIds = [...grown].slice(0, atOnce);
      for (const id of workspaceIds) grown.delete(id);
      const [ofGrown, polled] = await Promise.all([
        workspaceIds.length > 0 ? endpoints.findDueOf(workspaceIds) : [],
        findPolled(),
      ]);
      const found = new Map([...ofGrown, ...polled].map((row) => [row.id, row]));
      return [...found.values()];
    },
  };
}

import type { DueEndpoints, DueRow } from "#storage/webhook-due.ts";

/** What there is to look for: workspaces whose log grew, and at each poll retries, lapsed leases and a part of all endpoints. */
export interface DueSearch {
  /** Null: any workspace's log may have grown. */
  addWorkspace(workspaceId: string | null): void;
  addPoll(): void;
  isWanted(): boolean;
  /** The endpoints that are due among what was added since. */
  find(): Promise<DueRow[]>;
}

/** Workspaces that one statement looks at. */
const atOnce = 100;
/** Workspaces that wait to be looked at; beyond it all endpoints are looked through. */
const mostWaiting = 10_000;

export function createDueSearch(endpoints: DueEndpoints): DueSearch {
  const grown = new Set<string>();
  let isPolling = false;
  /** Sweep to the end, without waiting for the next polls. */
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

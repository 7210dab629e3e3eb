/** An endpoint with events to deliver that no process is serving. */
export interface DueEndpoint {
  id: string;
  workspaceId: string;
  /** Its last attempt failed. */
  isFailing: boolean;
}

export interface SlotLimits {
  /** The number of endpoints served at the same time, and therefore of open requests. */
  total: number;
  /** The number of these that failing endpoints can use. The rest is reserved for healthy ones. */
  failing: number;
  /** The number of these whose current attempt can take longer than `slowAfterMs`. */
  slow: number;
  slowAfterMs: number;
}

/** The slot of one endpoint. */
export interface WebhookSlot extends Disposable {
  /**
   * Runs one attempt. Its signal aborts if too many attempts are slow at the same time; null if the
   * attempt was ended for that reason.
   */
  attempt<Result>(run: (signal: AbortSignal) => Promise<Result>): Promise<Result | null>;
}

export interface WebhookSlots {
  hasRoom(): boolean;
  endpointIds(): string[];
  /** Selects the endpoints that can start now: first those of the workspaces that use the fewest slots, then healthy ones. */
  choose(due: readonly DueEndpoint[]): DueEndpoint[];
  hold(endpoint: DueEndpoint): WebhookSlot;
}

interface Holder extends DueEndpoint {
  /** Set while its current attempt is slow. */
  endSlowAttempt: (() => void) | null;
}

const defaultSlotLimits: SlotLimits = {
  total: 256,
  failing: 128,
  slow: 128,
  slowAfterMs: 500,
};

/**
 * Divides a bounded number of slots among endpoints. An attempt that becomes slow when `slow` others are already slow ends one of
 * them, so that the remaining slots always become free quickly, whatever the receivers do.
 */
export function createWebhookSlots(limits: SlotLimits = defaultSlotLimits): WebhookSlots {
  /** In the order in which they started. */
  const holders = new Set<Holder>();

  function countByWorkspace(counted: Iterable<DueEndpoint>): Map<string, number> {
    const counts = new Map<string, number>();
    for (const { workspaceId } of counted)
      counts.set(workspaceId, (counts.get(workspaceId) ?? 0) + 1);
    return counts;
  }

  /** Ends the oldest slow attempt of the workspace that has the most of them. */
  function limitSlowAttempts(): void {
    const slow = [...holders].filter(({ endSlowAttempt }) => endSlowAttempt !== null);
    if (slow.length <= limits.slow) return;
    const counts = countByWorkspace(slow);
    const most = Math.max(...counts.values());
    slow.find(({ workspaceId }) => counts.get(workspaceId) === most)?.endSlowAttempt?.();
  }

  return {
    hasRoom: () => holders.size < limits.total,
    endpointIds: () => [...holders].map(({ id }) => id),
    choose(due) {
      const held = new Set([...holders].map(({ id }) => id));
      const counts = countByWorkspace(holders);
      const healthyFirst = due
        .filter(({ id }) => !held.has(id))
        .toSorted((a, b) => Number(a.isFailing) - Number(b.isFailing));
      const ranked = healthyFirst.map((endpoint) => {
        const place = counts.get(endpoint.workspaceId) ?? 0;
        counts.set(endpoint.workspaceId, place + 1);
        return { endpoint, place };
      });
      let free = limits.total - holders.size;
      let freeForFailing =
        limits.failing - [...holders].filter(({ isFailing }) => isFailing).length;
      return ranked
        .toSorted((a, b) => a.place - b.place)
        .map(({ endpoint }) => endpoint)
        .filter(({ isFailing }) => {
          if (free <= 0 || (isFailing && freeForFailing <= 0)) return false;
          free -= 1;
          if (isFailing) freeForFailing -= 1;
          return true;
        });
    },
    hold(endpoint) {
      const holder: Holder = { ...endpoint, endSlowAttempt: null };
      holders.add(holder);
      return {
        async attempt(run) {
          const controller = new AbortController();
          const timer = setTimeout(() => {
            holder.endSlowAttempt = () => {
              holder.endSlowAttempt = null;
              controller.abort(new Error("too many slow receivers"));
            };
            limitSlowAttempts();
          }, limits.slowAfterMs);
          try {
            return await run(controller.signal);
          } catch (error) {
            if (controller.signal.aborted) return null;
            throw error;
          } finally {
            clearTimeout(timer);
            holder.endSlowAttempt = null;
          }
        },
        [Symbol.dispose]: () => void holders.delete(holder),
      };
    },
  };
}

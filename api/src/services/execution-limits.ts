import { ServiceError } from "./errors.ts";

/** How many tools may run at once, in this process: each process of a cluster counts for itself. */
export interface ExecutionLimits {
  /**
   * Takes a place; the answer gives it back.
   * @throws ServiceError RATE_LIMITED with `retryAfterMs`, at once: nobody waits behind a slow server
   */
  take(whose: { workspaceId: string; serverId: string; userId: string }): () => void;
}

export interface ConcurrencyLimits {
  perWorkspace: number;
  perServer: number;
  perUser: number;
}

/** One workspace, server or user cannot take all that a process has; far more than people and their programs need at once. */
export const defaultConcurrency: ConcurrencyLimits = {
  perWorkspace: 400,
  perServer: 200,
  perUser: 200,
};
/** Nobody knows when a run ends; most take less. */
const retryAfterMs = 1_000;

export function createExecutionLimits({
  perWorkspace,
  perServer,
  perUser,
}: ConcurrencyLimits = defaultConcurrency): ExecutionLimits {
  const running = new Map<string, number>();

  function leave(key: string): void {
    const count = (running.get(key) ?? 1) - 1;
    if (count === 0) running.delete(key);
    else running.set(key, count);
  }

  return {
    take({ workspaceId, serverId, userId }) {
      const places = [
        { key: `workspace:${workspaceId}`, most: perWorkspace, what: "in this workspace" },
        { key: `server:${serverId}`, most: perServer, what: "at this server" },
        { key: `user:${userId}`, most: perUser, what: "of yours" },
      ];
      const full = places.find(({ key, most }) => (running.get(key) ?? 0) >= most);
      if (full)
        throw new ServiceError(
          "RATE_LIMITED",
          `${full.most} tools are running ${full.what} already. Try again in a moment.`,
          { retryAfterMs },
        );
      for (const { key } of places) running.set(key, (running.get(key) ?? 0) + 1);
      return () => {
        for (const { key } of places) leave(key);
      };
    },
  };
}

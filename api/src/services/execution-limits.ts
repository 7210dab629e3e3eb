import { ServiceError } from "./errors.ts";
import { createLocalRate, type LocalRateLimit } from "./local-rate.ts";

/**
 * How many tools may run at once, and how many may be begun, in this process: each process of a cluster counts for itself, for between a
 * call and its answer no statement is awaited.
 */
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
const defaultConcurrency: ConcurrencyLimits = {
  perWorkspace: 400,
  perServer: 200,
  perUser: 200,
};

export interface RunRates {
  perUser: LocalRateLimit;
  perWorkspace: LocalRateLimit;
}

/** For a program that runs wild, and far above what one that does not comes to. */
const defaultRunRates: RunRates = {
  perUser: { burst: 20_000, perMinute: 6_000 },
  perWorkspace: { burst: 40_000, perMinute: 12_000 },
};
/** Nobody knows when a run ends; most take less. */
const retryAfterMs = 1_000;

export interface ExecutionLimitsDeps {
  concurrency?: ConcurrencyLimits | undefined;
  rates?: RunRates | undefined;
  monotonicMs(): number;
}

export function createExecutionLimits({
  concurrency = defaultConcurrency,
  rates = defaultRunRates,
  monotonicMs,
}: ExecutionLimitsDeps): ExecutionLimits {
  const { perWorkspace, perServer, perUser } = concurrency;
  const ofUser = createLocalRate(rates.perUser, monotonicMs);
  const ofWorkspace = createLocalRate(rates.perWorkspace, monotonicMs);
  const running = new Map<string, number>();

  /** @throws ServiceError RATE_LIMITED; nothing is counted then */
  function count(userId: string, workspaceId: string): void {
    const [own, all] = [ofUser.waitMs(userId), ofWorkspace.waitMs(workspaceId)];
    if (own > 0 || all > 0)
      throw new ServiceError(
        "RATE_LIMITED",
        `Too many tools were run ${own > 0 ? "by you" : "in this workspace"} just now. Try again in a moment.`,
        { retryAfterMs: Math.max(own, all) },
      );
    ofUser.take(userId);
    ofWorkspace.take(workspaceId);
  }

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
      count(userId, workspaceId);
      for (const { key } of places) running.set(key, (running.get(key) ?? 0) + 1);
      return () => {
        for (const { key } of places) leave(key);
      };
    },
  };
}

import { ServiceError } from "../access/service-error.ts";
import { createLocalRate, type LocalRateLimit } from "../access/process-rate-limit.ts";

/**
 * How many tool calls may run at once and how many may be started, in this process. Each process of a cluster counts for itself, because
 * no statement is awaited between a call and its response.
 */
export interface ExecutionLimits {
  /**
   * Counts a call; the answer ends it.
   * @throws ServiceError RATE_LIMITED with `retryAfterMs`, `scope`, `limit` and `unit`, at once: nobody waits behind a slow server
   */
  take(whose: { workspaceId: string; serverId: string; userId: string }): () => void;
}

/** Calls that run at once. */
export interface ConcurrencyLimits {
  perWorkspace: number;
  perServer: number;
  perUser: number;
}

/** Calls that are started per second, and for a while more than that. */
export interface CallRates {
  perUser: number;
  perWorkspace: number;
}

export interface ExecutionLimitsDeps {
  concurrency: ConcurrencyLimits;
  callsPerSecond: CallRates;
  monotonicMs(): number;
}

/** What RATE_LIMITED says about the limit that was reached. */
interface Exceeded {
  scope: "USER" | "SERVER" | "WORKSPACE" | "USER_AT_SERVER";
  limit: number;
  unit: "CALLS_AT_ONCE" | "CALLS_PER_SECOND";
  message: string;
}

/** Nobody knows when a call ends; most take less. */
const retryAfterMs = 1_000;
/** A program may start calls twenty times as fast as its rate for one second, or twice as fast for twenty. */
const burstSeconds = 20;

export function createExecutionLimits(deps: ExecutionLimitsDeps): ExecutionLimits {
  const { concurrency, callsPerSecond, monotonicMs } = deps;
  const { perWorkspace, perServer, perUser } = concurrency;
  const ofUser = createLocalRate(toRate(callsPerSecond.perUser), monotonicMs);
  const ofWorkspace = createLocalRate(toRate(callsPerSecond.perWorkspace), monotonicMs);
  const running = new Map<string, number>();
  const countOf = (key: string) => running.get(key) ?? 0;

  /** @throws ServiceError RATE_LIMITED; nothing is counted then */
  function requireRate(userId: string, workspaceId: string): void {
    const [own, all] = [ofUser.waitMs(userId), ofWorkspace.waitMs(workspaceId)];
    if (own > 0 || all > 0)
      refuse(
        own > 0
          ? {
              scope: "USER",
              limit: callsPerSecond.perUser,
              unit: "CALLS_PER_SECOND",
              message: `You can start ${callsPerSecond.perUser} tool calls per second.`,
            }
          : {
              scope: "WORKSPACE",
              limit: callsPerSecond.perWorkspace,
              unit: "CALLS_PER_SECOND",
              message: `${callsPerSecond.perWorkspace} tool calls per second can be started in this workspace.`,
            },
        Math.max(own, all),
      );
    ofUser.take(userId);
    ofWorkspace.take(workspaceId);
  }

  function leave(key: string): void {
    const count = countOf(key) - 1;
    if (count <= 0) running.delete(key);
    else running.set(key, count);
  }

  return {
    take({ workspaceId, serverId, userId }) {
      const keys = {
        user: `user:${userId}`,
        server: `server:${serverId}`,
        workspace: `workspace:${workspaceId}`,
        pair: `pair:${userId} ${serverId}`,
      };
      // Fair shares: whoever takes from an allowance leaves at least as much of it free, so that a slow server neither uses up its
      // user's calls nor its workspace's, and one user not those of a server.
      const freeOfUser = perUser - countOf(keys.user);
      const freeOfServer = perServer - countOf(keys.server);
      const freeOfWorkspace = perWorkspace - countOf(keys.workspace);
      const atOnce = (scope: Exceeded["scope"], limit: number, message: string): Exceeded => ({
        scope,
        limit,
        unit: "CALLS_AT_ONCE",
        message,
      });
      if (freeOfUser <= 0)
        refuse(atOnce("USER", perUser, `${perUser} of your tool calls are running.`));
      if (freeOfWorkspace <= 0)
        refuse(
          atOnce(
            "WORKSPACE",
            perWorkspace,
            `${perWorkspace} tool calls are running in this workspace.`,
          ),
        );
      const serverLimit = Math.min(perServer, shareOf(freeOfWorkspace, countOf(keys.server)));
      if (countOf(keys.server) >= serverLimit)
        refuse(
          atOnce("SERVER", serverLimit, `${serverLimit} tool calls are running at this server.`),
        );
      const pairLimit = shareOf(Math.min(freeOfUser, freeOfServer), countOf(keys.pair));
      if (countOf(keys.pair) >= pairLimit)
        refuse(
          atOnce(
            "USER_AT_SERVER",
            pairLimit,
            `${pairLimit} of your tool calls are running at this server, which is its share of your ${perUser}.`,
          ),
        );
      requireRate(userId, workspaceId);
      for (const key of Object.values(keys)) running.set(key, countOf(key) + 1);
      return () => {
        for (const key of Object.values(keys)) leave(key);
      };
    },
  };
}

/** How many there can be so that they are no more than what stays free; at least one. */
function shareOf(free: number, taken: number): number {
  return Math.max(1, Math.ceil((free + taken) / 2));
}

function toRate(perSecond: number): LocalRateLimit {
  return { burst: perSecond * burstSeconds, perMinute: perSecond * 60 };
}

function refuse({ message, ...exceeded }: Exceeded, waitMs = retryAfterMs): never {
  throw new ServiceError("RATE_LIMITED", `${message} Try again in a moment.`, {
    retryAfterMs: waitMs,
    ...exceeded,
  });
}

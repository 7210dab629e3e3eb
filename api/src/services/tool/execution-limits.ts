import type { CallRates, ConcurrencyLimits } from "#config/limits.ts";
import { ServiceError } from "../access/service-error.ts";
import { createProcessRateLimiter, type ProcessRateLimit } from "../access/process-rate-limit.ts";

/**
 * Limits on concurrent tool calls and on the rate of new calls, for this process. Each process of a cluster counts separately, because a
 * database query on every call would add to its latency.
 */
export interface ExecutionLimits {
  /**
   * Counts a call against the limits. The returned function ends the call and must be called exactly once.
   * @throws ServiceError RATE_LIMITED with `retryAfterMs`, `scope`, `limit` and `unit`, immediately: calls are rejected instead of queued,
   * so that a slow server does not build up a backlog
   */
  take(whose: { workspaceId: string; serverId: string; userId: string }): () => void;
}

export interface ExecutionLimitsDeps {
  concurrency: ConcurrencyLimits;
  callsPerSecond: CallRates;
  monotonicMs(): number;
}

/** The limit that was exceeded, as reported in the details of RATE_LIMITED. */
interface Exceeded {
  scope: "USER" | "SERVER" | "WORKSPACE" | "USER_AT_SERVER";
  limit: number;
  unit: "CALLS_AT_ONCE" | "CALLS_PER_SECOND";
  message: string;
}

/** The suggested wait if the concurrency limit is reached. The end of a call cannot be predicted, but most calls take less than this. */
const retryAfterMs = 1_000;
/** The size of a burst, in seconds of the sustained rate: 20 times the rate for one second, or twice the rate for 20 seconds. */
const burstSeconds = 20;

export function createExecutionLimits(deps: ExecutionLimitsDeps): ExecutionLimits {
  const { concurrency, callsPerSecond, monotonicMs } = deps;
  const { perWorkspace, perServer, perUser } = concurrency;
  const ofUser = createProcessRateLimiter(toRate(callsPerSecond.perUser), monotonicMs);
  const ofWorkspace = createProcessRateLimiter(toRate(callsPerSecond.perWorkspace), monotonicMs);
  const running = new Map<string, number>();
  const countOf = (key: string) => running.get(key) ?? 0;

  /** @throws ServiceError RATE_LIMITED, in which case nothing is counted */
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
      // Fair shares: a server can occupy at most half of the workspace's slots that other servers leave free, and one user at one server at
      // most half of the slots that the user's other calls and the server's other users leave free. A slow server can therefore not use up
      // all slots of its users or its workspace, nor one user all slots of a server.
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

/**
 * The number of slots that a share may occupy: half of those that are free or already taken by it, so that as many remain free. At least
 * one.
 */
function shareOf(free: number, taken: number): number {
  return Math.max(1, Math.ceil((free + taken) / 2));
}

function toRate(perSecond: number): ProcessRateLimit {
  return { burst: perSecond * burstSeconds, perMinute: perSecond * 60 };
}

function refuse({ message, ...exceeded }: Exceeded, waitMs = retryAfterMs): never {
  throw new ServiceError("RATE_LIMITED", `${message} Try again in a moment.`, {
    retryAfterMs: waitMs,
    ...exceeded,
  });
}

import type { Database } from "@gatehouse/prisma";
import { aheadMargins, marginDivisor, maxMarginMs } from "#oauth/refresh-need.ts";
import type { Refresher } from "#oauth/refresher.ts";

export interface BackgroundRefreshDeps {
  db: Database;
  refresher: Refresher;
  clock: { monotonicMs(): number };
  /** Returns a random number from 0 to 1. */
  random(): number;
  onError(error: unknown): void;
  /** The mean interval between two checks, in milliseconds. Must be less than half of the smallest refresh margin. */
  everyMs?: number;
  /** The maximum number of concurrent token requests of this process, in total and for each authorization server. */
  concurrency?: number;
  perIssuer?: number;
}

const defaultEveryMs = 5_000;
/**
 * Tokens with a shorter lifetime are refreshed only by calls. Refreshing them in the background would require a request every few seconds,
 * even without calls.
 */
const shortestLifetimeMs = 30_000;
/** Grants that have not been used by a call for this many days are not refreshed. */
const unusedDays = 30;
/** The minimum time between two attempts for the same token, regardless of the result. */
const againMs = 15_000;
/**
 * A refresh starts between `aheadMargins` and this many margins before expiry, so that the refreshes of accounts which were connected at
 * the same time are spread.
 */
const leastMargins = 1.5;

interface DueGrant {
  id: string;
  version: number;
  issuer: string;
}

/**
 * Refreshes grants before they expire, so that calls do not wait. All processes of a cluster check at different times, and the lease on the
 * grant's row ensures that only one of them sends the request. Failures are retried with the same delay as other refreshes
 * (`refreshRetryAt`).
 */
export function startBackgroundRefresh(deps: BackgroundRefreshDeps): Disposable {
  const { db, refresher, clock, everyMs = defaultEveryMs } = deps;
  const { concurrency = 8, perIssuer = 4 } = deps;
  /** The time of the last attempt, by grant and version. */
  const tried = new Map<string, number>();
  /** The refreshes in progress: the issuer, by grant. */
  const running = new Map<string, string>();
  let timer: NodeJS.Timeout | null = null;
  let isLooking = false;
  let looksAgain = false;
  let isDisposed = false;

  /**
   * Finds the most urgent grants, alternating between authorization servers, so that a slow one does not delay the others. Uses `now()`
   * because an index cannot be used with the volatile `clock_timestamp()`.
   */
  function findDue(most: number): Promise<DueGrant[]> {
    return db.$queryRaw<DueGrant[]>`
      SELECT "id", "version", "issuer" FROM (
        SELECT g."id", g."version", g."issuer", g."accessTokenExpiresAt" AS "expiresAt",
          row_number() OVER (PARTITION BY g."issuer" ORDER BY g."accessTokenExpiresAt") AS "place"
        FROM "OAuthGrant" g JOIN "McpServer" s ON s."id" = g."serverId"
        WHERE g."accessTokenExpiresAt" <= now() + make_interval(secs => ${(aheadMargins * maxMarginMs) / 1000}::float8)
          AND g."accessTokenExpiresAt" <= now() + make_interval(secs =>
            least(${maxMarginMs}::float8, g."accessTokenLifetimeMs" / ${marginDivisor}::float8) / 1000
            * (${leastMargins}::float8 + ${aheadMargins - leastMargins}::float8
              * (hashtext(g."id"::text || g."version") & 1023) / 1023.0))
          AND g."accessTokenLifetimeMs" >= ${shortestLifetimeMs}::float8
          AND (g."refreshToken" IS NOT NULL OR g."grantType" = 'CLIENT_CREDENTIALS')
          AND (g."state" = 'CONNECTED' OR (g."state" = 'REAUTH_REQUIRED' AND g."reason" = 'INSUFFICIENT_SCOPE'))
          AND (g."leaseUntil" IS NULL OR g."leaseUntil" <= now())
          AND (g."refreshRetryAt" IS NULL OR g."refreshRetryAt" <= now())
          AND greatest(g."lastUsedAt", g."connectedAt") > now() - make_interval(days => ${unusedDays}::int)
          AND s."enabled" AND s."deletedAt" IS NULL AND s."authType" = 'OAUTH'
          AND g."id"::text || ':' || g."version" <> ALL (${listTried()}::text[])
          AND g."issuer" <> ALL (${listBusyIssuers()}::text[])
      ) due WHERE "place" <= ${perIssuer} ORDER BY "place", "expiresAt" LIMIT ${most}`;
  }

  function listTried(): string[] {
    const nowMs = clock.monotonicMs();
    for (const [token, atMs] of tried) if (nowMs - atMs >= againMs) tried.delete(token);
    return [...tried.keys()];
  }

  const countRunning = (issuer: string): number =>
    [...running.values()].filter((other) => other === issuer).length;

  function listBusyIssuers(): string[] {
    return [...new Set(running.values())].filter((issuer) => countRunning(issuer) >= perIssuer);
  }

  function start({ id, version, issuer }: DueGrant): void {
    if (running.has(id) || countRunning(issuer) >= perIssuer) return;
    tried.set(`${id}:${version}`, clock.monotonicMs());
    running.set(id, issuer);
    void refresher
      .accessToken(id, { ahead: true })
      .catch(deps.onError)
      .finally(() => {
        running.delete(id);
        void look();
      });
  }

  /** Starts the refreshes that are due, up to the limits, without waiting for them, so that a slow one does not delay others. */
  async function look(): Promise<void> {
    looksAgain = isLooking;
    if (isLooking || isDisposed) return;
    isLooking = true;
    try {
      do {
        looksAgain = false;
        const free = concurrency - running.size;
        if (free > 0) for (const grant of await findDue(free)) start(grant);
      } while (looksAgain && !isDisposed);
    } catch (error) {
      deps.onError(error);
    } finally {
      isLooking = false;
    }
  }

  function schedule(): void {
    if (isDisposed) return;
    timer = setTimeout(() => void look().then(schedule), everyMs * (0.5 + deps.random())).unref();
  }
  schedule();

  return {
    [Symbol.dispose]() {
      isDisposed = true;
      if (timer) clearTimeout(timer);
    },
  };
}

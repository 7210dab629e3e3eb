import type { Database } from "@gatehouse/prisma";
import { aheadMargins, marginDivisor, maxMarginMs } from "#oauth/refresh-need.ts";
import type { Refresher } from "#oauth/refresher.ts";

export interface RenewalsDeps {
  db: Database;
  refresher: Refresher;
  clock: { monotonicMs(): number };
  /** From 0 to 1. */
  random(): number;
  onError(error: unknown): void;
  /** From one turn to the next, in the mean. Shorter than half the margin of the shortest-lived token that is renewed. */
  everyMs?: number;
  /** Token requests of this process at once, and how many of them may wait for one authorization server. */
  concurrency?: number;
  perIssuer?: number;
}

const defaultEveryMs = 5_000;
/** Tokens that live shorter are renewed by the calls alone: in the background it would be a request every few seconds, for nobody. */
const shortestLifetimeMs = 30_000;
/** A grant that no call has asked for is left alone. */
const unusedDays = 30;
/** The same token is not tried again before, whatever became of the first try. */
const againMs = 15_000;
/** Renewal begins between so many margins before expiry and `aheadMargins`: not all that were connected at once are renewed at once. */
const leastMargins = 1.5;

interface DueGrant {
  id: string;
  version: number;
  issuer: string;
}

/**
 * Renews grants before they expire, so that no call waits for it. All processes of a cluster look, each at a moment of its own, and
 * the lease on the grant's row decides whose request it is. A failure waits as every failed refresh does (`refreshRetryAt`).
 */
export function startRenewals(deps: RenewalsDeps): Disposable {
  const { db, refresher, clock, everyMs = defaultEveryMs } = deps;
  const { concurrency = 8, perIssuer = 4 } = deps;
  /** By grant and version, when. */
  const tried = new Map<string, number>();
  /** Under way: the issuer that is asked, by grant. */
  const running = new Map<string, string>();
  let timer: NodeJS.Timeout | null = null;
  let isLooking = false;
  let looksAgain = false;
  let isDisposed = false;

  /**
   * The most urgent ones, by turns from each authorization server: those of one do not keep the others waiting. `now()`, for an index
   * cannot be asked for a time that moves.
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

  /** Begins what is due, as far as there are places, and waits for none of it: one that hangs must keep no other from beginning. */
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

/**
 * The only module that sends refresh tokens. Callers request an access token for each request.
 * Whatever the number of callers and processes, an expiry causes one token request.
 */
import {
  answerNotRefreshed,
  serveToken,
  tryLater,
  type AccessTokenAnswer,
} from "./access-token.ts";
import type { GrantReading, Sleep } from "./ports.ts";
import { createRefreshFlights, type RefresherOptions } from "./refresh-flight.ts";
import { assessToken, isExpired, isRejected, type TokenWish } from "./refresh-need.ts";

export interface AccessTokenOptions extends TokenWish {
  /** Ends the caller's wait. A refresh that has started continues. */
  signal?: AbortSignal;
}

export interface Refresher {
  /**
   * Returns a valid token, refreshed if it is due.
   * @throws the error of the store if it cannot be read and nothing is cached; the reason of the
   * signal
   */
  accessToken(grantId: string, options?: AccessTokenOptions): Promise<AccessTokenAnswer>;
  /**
   * Starts no new refresh, and waits until the response to everything sent was stored, or could not
   * be.
   */
  close(): Promise<void>;
}

/**
 * How long a caller with a token that still works waits for a new one, because the holder of the
 * lease may have stopped.
 */
const patienceMs = 5_000;

export function createRefresher(options: RefresherOptions): Refresher {
  const { grants, clock, sleep } = options;
  const flights = createRefreshFlights(options);

  const accessToken: Refresher["accessToken"] = async (grantId, wish = {}) => {
    wish.signal?.throwIfAborted();
    const kept = flights.findUnsaved(grantId);
    const readAt = clock.monotonicMs();
    let reading: GrantReading;
    try {
      reading = await grants.read(grantId);
    } catch (error) {
      if (kept) return kept.answer();
      throw error;
    }
    if (reading.kind !== "usable") return reading;
    const { grant } = reading;
    if (kept && kept.version === grant.version) return kept.answer();
    const assessed = assessToken(grant, wish);
    // The token was rejected just before, when the current refresh started: its result is better
    // than the rejected token.
    const joins = isRejected(grant, wish) && flights.isUnderWay(grantId);
    if (assessed === "serve" && !joins) return serveToken(grant);
    const need = assessed === "serve" ? "refused" : assessed;
    if (need === "wait") return answerNotRefreshed(grant, grant.retryInMs);
    const flight = need === "not-refreshable" ? flights.bury(grant) : flights.refresh(grant, need);

    const works = (): boolean =>
      !isRejected(grant, wish) && !isExpired(grant, clock.monotonicMs() - readAt);
    // Background refreshes have no waiting caller, and the number of those running must be known.
    const patience = works() && !wish.ahead ? patienceMs : null;
    const answer = await waitFor(flight, patience, wish.signal, sleep);
    if (answer !== null && answer.kind !== "transient") return answer;
    // No call fails while the old token still works.
    if (works()) return serveToken(grant, clock.monotonicMs() - readAt);
    return answer ?? (await waitFor(flight, null, wish.signal, sleep)) ?? tryLater;
  };

  return { accessToken, close: flights.close };
}

/** Null if `limitMs` passed first. The work continues in any case. */
async function waitFor<T>(
  promise: Promise<T>,
  limitMs: number | null,
  signal: AbortSignal | undefined,
  sleep: Sleep,
): Promise<T | null> {
  const done = new AbortController();
  const ends: Promise<T | null>[] = [promise];
  if (limitMs !== null) ends.push(sleep(limitMs, done.signal).then(() => null));
  if (signal) {
    ends.push(
      new Promise((_, reject) => {
        const give = (): void => reject(signal.reason as Error);
        if (signal.aborted) give();
        else signal.addEventListener("abort", give, { once: true, signal: done.signal });
      }),
    );
  }
  try {
    return await Promise.race(ends);
  } finally {
    done.abort();
  }
}

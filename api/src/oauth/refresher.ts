/**
 * The refresher: the only place where a refresh token is sent. Callers ask for an access token per request; whatever their number and
 * that of the processes, an expiry costs one token request.
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
  /** Ends the caller's wait; a refresh that was begun goes on. */
  signal?: AbortSignal;
}

export interface Refresher {
  /**
   * A token that is good now, renewed if it is due.
   * @throws what the store throws when it cannot be read and nothing is known; the signal's reason
   */
  accessToken(grantId: string, options?: AccessTokenOptions): Promise<AccessTokenAnswer>;
  /** Begins nothing new, and waits until what was sent is answered and stored, or could not be. */
  close(): Promise<void>;
}

/** So long a caller with a token that still works waits for a better one: the holder of the lease may have died. */
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
    // Refused a moment ago, when the refresh began that is under way: what comes of it is better than what was refused.
    const joins = isRejected(grant, wish) && flights.isUnderWay(grantId);
    if (assessed === "serve" && !joins) return serveToken(grant);
    const need = assessed === "serve" ? "refused" : assessed;
    if (need === "wait") return answerNotRefreshed(grant, grant.retryInMs);
    const flight = need === "unrenewable" ? flights.bury(grant) : flights.refresh(grant, need);

    const works = (): boolean =>
      !isRejected(grant, wish) && !isExpired(grant, clock.monotonicMs() - readAt);
    // In the background nobody waits, and how many go on at once must stay known.
    const patience = works() && !wish.ahead ? patienceMs : null;
    const answer = await waitFor(flight, patience, wish.signal, sleep);
    if (answer !== null && answer.kind !== "transient") return answer;
    // Nobody fails while the old one still works.
    if (works()) return serveToken(grant, clock.monotonicMs() - readAt);
    return answer ?? (await waitFor(flight, null, wish.signal, sleep)) ?? tryLater;
  };

  return { accessToken, close: flights.close };
}

/** Null when `limitMs` passed first. What is waited for goes on in any case. */
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

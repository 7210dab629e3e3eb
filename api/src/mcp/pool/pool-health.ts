/** Assesses a shared connection by the results of its uses. */
import type { Failure } from "../failure.ts";

export interface PoolHealth {
  /** Records the result of a use. @returns whether the connection should be closed */
  note(answer: unknown): boolean;
}

/** The number of consecutive failures after which a connection is closed. A single failure may be caused by a slow or faulty tool. */
const MOST_FAILURES = 3;

/** @param results returns the number of results that the connection has received for all users */
export function createPoolHealth(results: () => number): PoolHealth {
  let failures = 0;
  let resultsThen = 0;
  return {
    note(answer) {
      const failure = readFailure(answer);
      if (!failure) return false;
      if (failure.sessionLost) return true;
      if (results() > resultsThen) failures = 0;
      resultsThen = results();
      failures += 1;
      // If no result was ever received, the cached era of the server may be wrong.
      return results() === 0 || failures >= MOST_FAILURES;
    },
  };
}

/** Returns the failures that say something about the connection. Refusals and cancellations do not. */
function readFailure(answer: unknown): { sessionLost: boolean } | null {
  if (typeof answer !== "object" || answer === null || !("kind" in answer)) return null;
  const { kind } = answer as Failure;
  if (kind !== "timed-out" && kind !== "unreachable" && kind !== "protocol-error") return null;
  return { sessionLost: isSessionLost(answer) };
}

/** Whether a use was rejected only because of its session, so that it can be repeated in another session (S6). */
export function isSessionLost(answer: unknown): boolean {
  return (
    typeof answer === "object" &&
    answer !== null &&
    "sessionLost" in answer &&
    answer.sessionLost === true
  );
}

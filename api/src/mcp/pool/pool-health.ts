/** Judges a shared connection by what its uses come to. */
import type { Failure } from "../failure.ts";

export interface PoolHealth {
  /** Takes note of what a use came to. @returns whether the connection is to be given up */
  note(answer: unknown): boolean;
}

/** A tool may well be slow or broken; a connection that gives nobody an answer so many times in a row is. */
const MOST_FAILURES = 3;

/** @param results how many results the connection has brought so far, whoever's they were */
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
      // Nothing has ever come: the server may speak otherwise than was remembered of it.
      return results() === 0 || failures >= MOST_FAILURES;
    },
  };
}

/** What says something about the connection: being refused or given up does not. */
function readFailure(answer: unknown): { sessionLost: boolean } | null {
  if (typeof answer !== "object" || answer === null || !("kind" in answer)) return null;
  const { kind } = answer as Failure;
  if (kind !== "timed-out" && kind !== "unreachable" && kind !== "protocol-error") return null;
  return { sessionLost: isSessionLost(answer) };
}

/** Whether a use was refused for the session alone, so that another session may do it (S6). */
export function isSessionLost(answer: unknown): boolean {
  return (
    typeof answer === "object" &&
    answer !== null &&
    "sessionLost" in answer &&
    answer.sessionLost === true
  );
}

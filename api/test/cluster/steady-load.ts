/** Calls that go on at every process, one after the other, whatever happens around them. */
import { setTimeout as delay } from "node:timers/promises";
import { expect } from "vitest";
import type { Account, CallOutcome, Cluster } from "./cluster.ts";

export interface SteadyLoad extends AsyncDisposable {
  /** All answers so far. */
  readonly outcomes: readonly CallOutcome[];
  /** Resolves when so many more calls have had this answer. */
  answers(answer: string, count?: number): Promise<void>;
  /** Resolves with all answers, when the last call has ended. */
  stop(): Promise<readonly CallOutcome[]>;
}

const callersEach = 2;
/** Between an answer and the next call: the load is steady, not all that the machine can do. */
const pauseMs = 20;

export function startLoad(cluster: Cluster, account: Account): SteadyLoad {
  const outcomes: CallOutcome[] = [];
  const over = new AbortController();
  const callers = cluster.processes.flatMap((process) =>
    Array.from({ length: callersEach }, async () => {
      while (!over.signal.aborted) {
        if (process.isRunning()) outcomes.push(await cluster.callOnce(account, process));
        await delay(pauseMs);
      }
    }),
  );
  const stop = async () => {
    over.abort();
    await Promise.all(callers);
    return outcomes;
  };
  return {
    outcomes,
    async answers(answer, count = 12) {
      const begin = outcomes.length;
      await expect
        .poll(() => outcomes.slice(begin).filter((each) => each.answer === answer).length, {
          timeout: 120_000,
        })
        .toBeGreaterThanOrEqual(count);
    },
    stop,
    [Symbol.asyncDispose]: async () => {
      await stop();
    },
  };
}

/** Runs what strangers' schemas and patterns make of the time: none can hold up the process. */
import { createContext, Script } from "node:vm";

const context = createContext(Object.create(null), {
  codeGeneration: { strings: false, wasm: false },
});
const script = new Script("run()");
/** A timer may end so much early. */
const TIMER_SLACK_MS = 2;
/** By when the one that runs must end, and with it all that run within it. */
let endsAtMs = Infinity;

/**
 * Runs something synchronous, for so long at most; null when the time ran out, and it was stopped where it stood. Costs a thread each
 * time: only for what may take long. What it throws is thrown on.
 *
 * @param timeoutMs more than 0
 */
export function runWithin<T>(timeoutMs: number, run: () => T): { value: T } | null {
  const outerEndsAtMs = endsAtMs;
  endsAtMs = Math.min(outerEndsAtMs, performance.now() + timeoutMs);
  context["run"] = run;
  try {
    return { value: script.runInContext(context, { timeout: Math.ceil(timeoutMs) }) as T };
  } catch (error) {
    // When the time of both runs out at once, the inner one takes the stop that was meant for the outer.
    if (!isTimeout(error) || performance.now() + TIMER_SLACK_MS >= outerEndsAtMs) throw error;
    return null;
  } finally {
    endsAtMs = outerEndsAtMs;
    context["run"] = undefined;
  }
}

/** Told by its code: the error need not be of this realm's class. */
function isTimeout(error: unknown): boolean {
  if (typeof error !== "object" || error === null || !("code" in error)) return false;
  return error.code === "ERR_SCRIPT_EXECUTION_TIMEOUT";
}

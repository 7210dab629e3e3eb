/** Runs synchronous code that depends on external schemas and patterns with a time limit, so that it cannot block the process. */
import { createContext, Script } from "node:vm";

const context = createContext(Object.create(null), {
  codeGeneration: { strings: false, wasm: false },
});
const script = new Script("run()");
/** The tolerance for timers that fire early. */
const TIMER_SLACK_MS = 2;
/** The time at which the current run must end, together with all runs inside it. */
let endsAtMs = Infinity;

/**
 * Runs a synchronous function with a time limit. Returns null if it was stopped at the limit. Starts a thread each time, so it should be
 * used only for code that may be slow. Errors of the function are rethrown.
 *
 * @param timeoutMs greater than 0
 */
export function runWithin<T>(timeoutMs: number, run: () => T): { value: T } | null {
  const outerEndsAtMs = endsAtMs;
  endsAtMs = Math.min(outerEndsAtMs, performance.now() + timeoutMs);
  context["run"] = run;
  try {
    return { value: script.runInContext(context, { timeout: Math.ceil(timeoutMs) }) as T };
  } catch (error) {
    // If the limits of nested runs expire at the same time, the inner run receives the stop of the outer one and must pass it on.
    if (!isTimeout(error) || performance.now() + TIMER_SLACK_MS >= outerEndsAtMs) throw error;
    return null;
  } finally {
    endsAtMs = outerEndsAtMs;
    context["run"] = undefined;
  }
}

/** Detected by code, because the error may belong to a different realm. */
function isTimeout(error: unknown): boolean {
  if (typeof error !== "object" || error === null || !("code" in error)) return false;
  return error.code === "ERR_SCRIPT_EXECUTION_TIMEOUT";
}

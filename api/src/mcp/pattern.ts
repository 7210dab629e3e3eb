/** Regular expressions that strangers wrote, run so that none can hold up the process (catastrophic backtracking). */
import { createContext, Script } from "node:vm";

/** Time for all patterns of one validation together. What is not tested by then passes: the server checks its input itself. */
const BUDGET_MS = 100;

export interface PatternTester {
  test(text: string): boolean;
}

const context = createContext(Object.create(null), {
  codeGeneration: { strings: false, wasm: false },
});
const script = new Script("pattern.test(text)");
let spentMs = 0;

/** Starts the time budget of a validation. */
export function resetPatternBudget(): void {
  spentMs = 0;
}

/** A tester for `source`, in Unicode mode if it compiles there. A pattern that does not compile at all matches everything. */
export function compilePattern(source: string, flags: string): PatternTester {
  const pattern = tryCompile(source, flags) ?? tryCompile(source, "");
  return { test: (text) => pattern === null || runPattern(pattern, text) };
}

function tryCompile(source: string, flags: string): RegExp | null {
  try {
    return new RegExp(source, flags);
  } catch {
    return null;
  }
}

function runPattern(pattern: RegExp, text: string): boolean {
  const leftMs = Math.ceil(BUDGET_MS - spentMs);
  if (leftMs <= 0) return true;
  const startedAt = performance.now();
  context["pattern"] = pattern;
  context["text"] = text;
  try {
    return script.runInContext(context, { timeout: leftMs }) === true;
  } catch (error) {
    if (isTimeout(error)) return true;
    throw error;
  } finally {
    spentMs += performance.now() - startedAt;
    context["pattern"] = context["text"] = undefined;
  }
}

/** Told by its code: the error need not be of this realm's class. */
function isTimeout(error: unknown): boolean {
  if (typeof error !== "object" || error === null || !("code" in error)) return false;
  return error.code === "ERR_SCRIPT_EXECUTION_TIMEOUT";
}

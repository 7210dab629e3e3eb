import { ServiceError } from "../access/service-error.ts";
import type { Executions } from "./execute-tool.ts";

/**
 * The result of a call of `executeTool`, for metrics: the type of the result, `ToolError` if the tool reported an error, or the code of a
 * thrown error.
 */
export interface CallReport {
  outcome: string;
  durationMs: number;
}

/** Wraps `execute` so that every completed call is reported. */
export function countCalls(
  execute: Executions["execute"],
  { note, monotonicMs }: { note(report: CallReport): void; monotonicMs(): number },
): Executions["execute"] {
  return async (caller, input) => {
    const startedMs = monotonicMs();
    const noteAs = (outcome: string) => note({ outcome, durationMs: monotonicMs() - startedMs });
    try {
      const answer = await execute(caller, input);
      const isToolError = answer.__typename === "ToolExecuted" && answer.execution.isToolError;
      noteAs(isToolError ? "ToolError" : answer.__typename);
      return answer;
    } catch (error) {
      noteAs(error instanceof ServiceError ? error.code : "INTERNAL");
      throw error;
    }
  };
}

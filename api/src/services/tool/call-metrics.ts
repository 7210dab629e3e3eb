import { ServiceError } from "../access/service-error.ts";
import type { Executions } from "./execute-tool.ts";

/** How a call of `executeTool` ended, for whoever counts: the answer's type, `ToolError` for a tool's own failure, or an error's code. */
export interface CallReport {
  outcome: string;
  durationMs: number;
}

/** The same, with every call told of once it is answered. */
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

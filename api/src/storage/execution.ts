import type { ToolExecution, ToolExecutionStatus } from "@gatehouse/prisma";
import type { ExecutionContent, ExecutionProgress } from "./execution-content.ts";

/** A run as everybody reads it who may see it, and what the process at hand remembers of it for its runner. */
export interface Execution extends Omit<ToolExecution, "arguments" | "result" | "progress"> {
  /** For the runner alone, as all that follows. Null: none yet, or erased. */
  progress: ExecutionProgress | null;
  /** In clear, while the process that ran it remembers it; null: sealed in the database. */
  contents: ExecutionContents | null;
}

export interface ExecutionContents {
  /** Any JSON; null once it is erased. */
  arguments: unknown;
  /** Null: none yet, or erased. */
  result: ExecutionContent | null;
}

export type UnfinishedStatus = Extract<ToolExecutionStatus, "RUNNING" | "WAITING_FOR_INPUT">;
export type FinishedStatus = Exclude<ToolExecutionStatus, UnfinishedStatus>;

const unfinished: readonly ToolExecutionStatus[] = ["RUNNING", "WAITING_FOR_INPUT"];

export function isFinished(status: ToolExecutionStatus): status is FinishedStatus {
  return !unfinished.includes(status);
}

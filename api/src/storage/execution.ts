import type { ToolExecution, ToolExecutionStatus } from "@gatehouse/prisma";
import type { ExecutionContent, ExecutionProgress } from "./execution-content.ts";

/**
 * A tool execution as every member who may see it reads it, and the content that this process keeps
 * in memory for the user who started it.
 */
export interface Execution extends Omit<ToolExecution, "arguments" | "result" | "progress"> {
  /**
   * This property and the following ones are only for the user who started the execution. Null:
   * none yet, or erased.
   */
  progress: ExecutionProgress | null;
  /**
   * Not encrypted, while the process that ran the tool keeps it in memory; null: stored encrypted
   * in the database.
   */
  contents: ExecutionContents | null;
}

export interface ExecutionContents {
  /** Any JSON value; null after it was erased. */
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

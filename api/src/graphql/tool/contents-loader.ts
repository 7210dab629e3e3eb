import DataLoader from "dataloader";
import type { Execution, ExecutionHistory } from "#services/tool/execution-history.ts";
import type { OperationBudget } from "../budget/operation-budget.ts";
import { createBatchLoader } from "../load-batches.ts";

/**
 * Loads the arguments and results of tool executions that are not in memory. An execution can have
 * two megabytes.
 */
export type ContentsLoader = Pick<
  DataLoader<Execution, Awaited<ReturnType<ExecutionHistory["loadContents"]>>[number]>,
  "load"
>;

/** The maximum stored size of a result, in bytes. */
const truncatedBytes = 1024 * 1024;
/** Sixty executions at a time, with four fields each. */
const maxBatchSize = 60 * 4;

export function createContentsLoader(
  history: Pick<ExecutionHistory, "loadContents">,
  budget: OperationBudget,
): ContentsLoader {
  const contents = createBatchLoader((ids) => history.loadContents(ids), { maxBatchSize });
  const counted = new Set<string>();
  return {
    async load({ id, argumentBytes, resultBytes, contentTruncated }) {
      if (!counted.has(id)) {
        counted.add(id);
        const keptBytes = contentTruncated ? truncatedBytes : (resultBytes ?? 0);
        budget.addLoaded((argumentBytes ?? 0) + keptBytes);
      }
      return contents.load(id);
    },
  };
}

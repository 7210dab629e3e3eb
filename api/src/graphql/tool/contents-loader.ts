import DataLoader from "dataloader";
import type { Execution, ExecutionHistory } from "../../services/execution-history.ts";
import type { OperationBudget } from "../budget/operation-budget.ts";

/** What runs were given and gave back, of those that are not in memory; a run may hold two megabytes. */
export type ContentsLoader = DataLoader<
  Execution,
  Awaited<ReturnType<ExecutionHistory["loadContents"]>>[number],
  string
>;

/** What is kept of a result that was too large. */
const truncatedBytes = 1024 * 1024;

export function createContentsLoader(
  history: Pick<ExecutionHistory, "loadContents">,
  budget: OperationBudget,
): ContentsLoader {
  return new DataLoader(
    async (executions) => {
      const unique = [
        ...new Map(executions.map((execution) => [execution.id, execution])).values(),
      ];
      for (const { argumentBytes, resultBytes, contentTruncated } of unique) {
        const keptBytes = contentTruncated ? truncatedBytes : (resultBytes ?? 0);
        budget.addLoaded((argumentBytes ?? 0) + keptBytes);
      }
      const contents = await history.loadContents(unique.map(({ id }) => id));
      const byId = new Map(unique.map(({ id }, index) => [id, contents[index] ?? null]));
      return executions.map(({ id }) => byId.get(id) ?? null);
    },
    // An operation may be a subscription that lives for hours: what it has loaded must not.
    { cache: false, cacheKeyFn: ({ id }) => id, maxBatchSize: 60 },
  );
}

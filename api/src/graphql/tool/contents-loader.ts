import type DataLoader from "dataloader";
import type { ExecutionHistory } from "../../services/execution-history.ts";
import { createBatchLoader } from "../load-batches.ts";

/** Arguments and results of runs that are not in memory; a run can hold two megabytes. */
export type ContentsLoader = DataLoader<
  string,
  Awaited<ReturnType<ExecutionHistory["loadContents"]>>[number]
>;

/** Sixty runs at once, each of which four fields ask for. */
const maxBatchSize = 60 * 4;

export function createContentsLoader(
  history: Pick<ExecutionHistory, "loadContents">,
): ContentsLoader {
  return createBatchLoader((ids) => history.loadContents(ids), { maxBatchSize });
}

import DataLoader from "dataloader";
import type { ExecutionHistory } from "../../services/execution-history.ts";

/** What runs were given and gave back, of those that are not in memory; a run may hold two megabytes. */
export type ContentsLoader = DataLoader<
  string,
  Awaited<ReturnType<ExecutionHistory["loadContents"]>>[number]
>;

export function createContentsLoader(
  history: Pick<ExecutionHistory, "loadContents">,
): ContentsLoader {
  // An operation may be a subscription that lives for hours: what it has loaded must not.
  return new DataLoader((ids) => history.loadContents(ids), { cache: false, maxBatchSize: 60 });
}

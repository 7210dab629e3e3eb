import type { Database, Transaction } from "@gatehouse/prisma";
import type { SealedBox } from "#crypto/sealed-box.ts";
import { type ExecutionSnapshot, writeExecutions } from "./execution-rows.ts";
import { type Execution, isFinished } from "./execution.ts";

/** One tool execution of a batch. */
export interface BatchItem {
  snapshot: ExecutionSnapshot;
  /** Whether the row may already be visible to other processes. */
  isStored: boolean;
  /** Whether no tool was called, so that the idempotency key can be used again. */
  freesKey: boolean;
}

export type BatchOutcome<Item> =
  | { kind: "written" }
  /** The database is unavailable: the items in `left` must be retried. */
  | { kind: "away"; error: unknown; left: Item[] }
  /**
   * All other items were written. The database rejects these items because of their content, so a
   * retry would fail too.
   */
  | { kind: "refused"; refused: { item: Item; error: unknown }[] };

export interface ExecutionBatchesDeps {
  db: Database;
  box: SealedBox;
  /**
   * Appends TOOL_EXECUTED for each execution, in this order. Must be the last statement of the
   * transaction.
   */
  appendFinished(tx: Transaction, executions: readonly Execution[]): Promise<void>;
  /**
   * Called after the commit with the executions that subscribers may follow and the workspaces
   * whose logs have grown.
   */
  publish(change: { executionIds: string[]; workspaceIds: string[] }): void;
}

/**
 * @returns a function that writes tool executions and their events in one transaction. It never
 * throws, and writing the same item twice has no further effect.
 */
export function createExecutionBatches(deps: ExecutionBatchesDeps) {
  const { db, box } = deps;

  async function write(items: readonly BatchItem[]): Promise<void> {
    const toFree = items
      .filter(({ freesKey }) => freesKey)
      .map(({ snapshot }) => snapshot.execution.id);
    const ended = await db.$transaction(
      async (tx) => {
        const snapshots = items.map(({ snapshot }) => snapshot);
        const written = await writeExecutions(tx, box, snapshots);
        if (toFree.length > 0)
          await tx.idempotencyKey.deleteMany({ where: { executionId: { in: toFree } } });
        const finished = snapshots
          .map(({ execution }) => execution)
          .filter(({ id, status }) => isFinished(status) && written.has(id));
        if (finished.length > 0) await deps.appendFinished(tx, finished);
        return finished;
      },
      { maxWait: 10_000, timeout: 30_000 },
    );
    // An execution that is written only once, when it has ended, has no subscribers.
    const executionIds = items
      .filter(({ isStored }) => isStored)
      .map(({ snapshot }) => snapshot.execution.id);
    const workspaceIds = [...new Set(ended.map(({ workspaceId }) => workspaceId))];
    if (executionIds.length + workspaceIds.length > 0) deps.publish({ executionIds, workspaceIds });
  }

  /** Resolves to null when the items were written, otherwise to the error. */
  function attempt(items: readonly BatchItem[]): Promise<unknown> {
    return write(items).then(
      () => null,
      (error: unknown) => error ?? new Error("unknown"),
    );
  }

  function isReachable(): Promise<boolean> {
    return db.$queryRaw`SELECT 1`.then(
      () => true,
      () => false,
    );
  }

  return async function writeBatch<Item extends BatchItem>(
    items: readonly Item[],
  ): Promise<BatchOutcome<Item>> {
    const error = await attempt(items);
    if (error === null) return { kind: "written" };
    if (!(await isReachable())) return { kind: "away", error, left: [...items] };
    // One row that the database rejects must not block the others.
    const refused: { item: Item; error: unknown }[] = [];
    for (const [index, item] of items.entries()) {
      const own = await attempt([item]);
      if (own === null) continue;
      if (!(await isReachable()))
        return {
          kind: "away",
          error: own,
          left: [...refused.map((one) => one.item), ...items.slice(index)],
        };
      refused.push({ item, error: own });
    }
    return refused.length > 0 ? { kind: "refused", refused } : { kind: "written" };
  };
}

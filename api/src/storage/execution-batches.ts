import type { Database, Transaction } from "@gatehouse/prisma";
import type { SealedBox } from "#crypto/sealed-box.ts";
import { type ExecutionSnapshot, writeExecutions } from "./execution-rows.ts";
import { type Execution, isFinished } from "./execution.ts";

/** One run of a batch. */
export interface BatchItem {
  snapshot: ExecutionSnapshot;
  /** Others may have seen its row already. */
  isStored: boolean;
  /** Nothing was run: its idempotency key is to be free again. */
  freesKey: boolean;
}

export type BatchOutcome<Item> =
  | { kind: "written" }
  /** The database is away: these are to be tried again. */
  | { kind: "away"; error: unknown; left: Item[] }
  /** Every other one is written. The database refuses these for what they are, and will go on doing so. */
  | { kind: "refused"; refused: { item: Item; error: unknown }[] };

export interface ExecutionBatchesDeps {
  db: Database;
  box: SealedBox;
  /** Appends TOOL_EXECUTED for each, in this order, as the last statement of the transaction. */
  appendFinished(tx: Transaction, executions: readonly Execution[]): Promise<void>;
  /** After the commit: runs that others may follow, and workspaces whose logs grew. */
  publish(change: { executionIds: string[]; workspaceIds: string[] }): void;
}

/** @returns what writes runs and tells of them, one transaction for all of them; it never throws, and twice is once */
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
    // Nobody else knows of a run that was written once.
    const executionIds = items
      .filter(({ isStored }) => isStored)
      .map(({ snapshot }) => snapshot.execution.id);
    const workspaceIds = [...new Set(ended.map(({ workspaceId }) => workspaceId))];
    if (executionIds.length + workspaceIds.length > 0) deps.publish({ executionIds, workspaceIds });
  }

  /** Null: they are written. */
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
    // What one row is refused for must not keep the others waiting for ever.
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

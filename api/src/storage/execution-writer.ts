import { setTimeout as delay } from "node:timers/promises";
import {
  type BatchItem,
  createExecutionBatches,
  type ExecutionBatchesDeps,
} from "./execution-batches.ts";
import { type Execution, isFinished } from "./execution.ts";

/** A run that this process remembers: while it goes on, and until its end is in the database. */
export interface RunRecord {
  /** Its present shape; replaced, never changed. */
  execution: Execution;
  /** JSON. */
  readonly arguments: string;
  /** JSON of what is stored; null: none. */
  result: string | null;
  /** Nothing was run: whoever brings its idempotency key again runs it anew. */
  freesKey: boolean;
}

/** History behind the answers: what changes is written in batches, each of them one transaction. */
export interface ExecutionWriter {
  /** The record is new, or its shape has changed: within 50 ms it is in the database. */
  note(record: RunRecord): void;
  /** The same, at once. Rejects when it could not be written now; that is tried again all the same. */
  store(record: RunRecord): Promise<void>;
  /** For a record whose row somebody else's transaction has written. */
  noteStored(record: RunRecord): void;
  /** Null: this process does not remember it (any more). */
  find(id: string): Execution | null;
  /** Writes what is left. With the database away it gives up after a few seconds. */
  close(): Promise<void>;
}

export interface ExecutionWriterDeps extends ExecutionBatchesDeps {
  log(message: string, details: object): void;
  limits?: Partial<typeof defaultLimits>;
}

const defaultLimits = {
  /** How long changes are gathered, in milliseconds; a run that ends within it is one row, written once. */
  gatherMs: 25,
  batchSize: 500,
  /** Of arguments and results in one batch. */
  batchCharacters: 8 * 1024 * 1024,
  /** Of all that waits while the database is away. Beyond it the oldest runs are forgotten: people look for the newest. */
  waitingCharacters: 64 * 1024 * 1024,
  /** What a run counts for besides its arguments and result. */
  recordCharacters: 2_000,
  /** Between attempts while the database is away, in milliseconds. */
  retryMs: 500,
  /** How long `close` goes on trying, in milliseconds. */
  closeMs: 5_000,
};

const NOT_TAKEN = "It ended, and what it came to could not be recorded.";

interface Entry {
  record: RunRecord;
  /** Its row is known to be there. */
  isStored: boolean;
  /** When it first changed since it was last taken. */
  changedAtMs: number;
  /** Who waits for its present shape to be written. */
  waiters: PromiseWithResolvers<void>[];
}

interface Taken extends BatchItem {
  entry: Entry;
  waiters: Entry["waiters"];
}

export function createExecutionWriter(deps: ExecutionWriterDeps): ExecutionWriter {
  const limits = { ...defaultLimits, ...deps.limits };
  const writeBatch = createExecutionBatches(deps);
  /** All that is remembered. */
  const entries = new Map<string, Entry>();
  /** What is not in the database in its present shape, in the order in which it changed. */
  const dirty = new Set<Entry>();
  let timer: NodeJS.Timeout | null = null;
  let flushing: Promise<void> | null = null;
  let isClosing = false;
  let isAway = false;

  /** Since the oldest change, which may have come while a batch was under way. */
  function countToGather(): number {
    const [oldest] = dirty;
    if (!oldest) return limits.gatherMs;
    return Math.max(0, oldest.changedAtMs + limits.gatherMs - performance.now());
  }

  function schedule(): void {
    if (isClosing) return;
    timer ??= setTimeout(
      () => {
        timer = null;
        void flush();
      },
      isAway ? limits.retryMs : countToGather(),
    );
  }

  function entryOf(record: RunRecord): Entry {
    const known = entries.get(record.execution.id);
    if (known) return known;
    const entry = { record, isStored: false, changedAtMs: performance.now(), waiters: [] };
    entries.set(record.execution.id, entry);
    return entry;
  }

  function forget(entry: Entry): void {
    dirty.delete(entry);
    entries.delete(entry.record.execution.id);
  }

  /** One that may be about to end waits for a turn, to be written once. */
  function isDue({ record, isStored, changedAtMs, waiters }: Entry): boolean {
    if (isClosing || isStored || waiters.length > 0 || isFinished(record.execution.status))
      return true;
    return performance.now() - changedAtMs >= limits.gatherMs - 1;
  }

  function weigh({ record, isStored }: Entry): number {
    const args = isStored ? 0 : record.arguments.length;
    return limits.recordCharacters + args + (record.result?.length ?? 0);
  }

  function take(): Taken[] {
    const batch: Taken[] = [];
    let characters = 0;
    for (const entry of dirty) {
      if (!isDue(entry)) continue;
      characters += weigh(entry);
      if (batch.length === limits.batchSize) break;
      if (batch.length > 0 && characters > limits.batchCharacters) break;
      dirty.delete(entry);
      const { record, isStored } = entry;
      const { execution, result, freesKey } = record;
      const snapshot = { execution, arguments: isStored ? null : record.arguments, result };
      batch.push({ entry, isStored, snapshot, freesKey, waiters: entry.waiters.splice(0) });
    }
    return batch;
  }

  function settle({ entry, snapshot, waiters }: Taken): void {
    entry.isStored = true;
    if (isFinished(snapshot.execution.status) && !dirty.has(entry)) forget(entry);
    for (const waiter of waiters) waiter.resolve();
  }

  /** In front of what came since; what there is no room for is forgotten, oldest first. */
  function putBack(left: readonly Taken[]): void {
    const since = [...dirty];
    dirty.clear();
    for (const entry of [...left.map((taken) => taken.entry), ...since]) dirty.add(entry);
    let characters = 0;
    for (const entry of [...dirty].toReversed()) {
      characters += weigh(entry);
      if (characters <= limits.waitingCharacters || !isFinished(entry.record.execution.status))
        continue;
      // Somebody may be following one that has a row: its end is told, whatever becomes of its result.
      if (entry.isStored) entry.record.result = null;
      else forget(entry);
    }
  }

  /** The end alone, where its words or its result are what the database does not take; false: there is no row, or that was tried. */
  function endBarely(entry: Entry): boolean {
    const { record, isStored } = entry;
    const isBare = record.result === null && record.execution.errorMessage === NOT_TAKEN;
    if (!isStored || isBare || !isFinished(record.execution.status)) return false;
    record.result = null;
    record.execution = { ...record.execution, errorMessage: NOT_TAKEN, progress: null };
    dirty.add(entry);
    return true;
  }

  async function flushOnce(): Promise<void> {
    const batch = take();
    if (batch.length === 0) return;
    const outcome = await writeBatch(batch);
    const wasAway = isAway;
    isAway = outcome.kind === "away";
    const failed = new Map<Taken, unknown>();
    if (outcome.kind === "away") {
      for (const taken of outcome.left) failed.set(taken, outcome.error);
      putBack(outcome.left);
      if (!wasAway) deps.log("history cannot be written for now", { err: outcome.error });
    } else if (outcome.kind === "refused") {
      for (const { item, error } of outcome.refused) {
        failed.set(item, error);
        if (!endBarely(item.entry)) forget(item.entry);
        const executionId = item.snapshot.execution.id;
        deps.log("a run could not be recorded", { err: error, executionId });
      }
    }
    for (const taken of batch)
      if (failed.has(taken)) reject(taken.waiters, failed.get(taken));
      else settle(taken);
  }

  function flush(): Promise<void> {
    flushing ??= flushOnce().finally(() => {
      flushing = null;
      if (!isAway && [...dirty].some(({ waiters }) => waiters.length > 0)) void flush();
      else if (dirty.size > 0) schedule();
    });
    return flushing;
  }

  function note(record: RunRecord): Entry {
    const entry = entryOf(record);
    if (!dirty.has(entry)) entry.changedAtMs = performance.now();
    dirty.add(entry);
    schedule();
    return entry;
  }

  return {
    note: (record) => void note(record),
    store(record) {
      const waiter = Promise.withResolvers<void>();
      note(record).waiters.push(waiter);
      void flush();
      return waiter.promise;
    },
    noteStored(record) {
      entryOf(record).isStored = true;
    },
    find: (id) => entries.get(id)?.record.execution ?? null,
    async close() {
      isClosing = true;
      if (timer) clearTimeout(timer);
      const giveUp = new AbortController();
      const patience = delay(limits.closeMs, undefined, { signal: giveUp.signal }).catch(
        () => undefined,
      );
      const finishing = (async () => {
        while ((dirty.size > 0 || flushing) && !giveUp.signal.aborted) {
          await flush();
          if (isAway) await delay(limits.retryMs / 5);
        }
      })();
      await Promise.race([finishing, patience]);
      giveUp.abort();
      if (entries.size > 0) deps.log("runs were not recorded", { count: entries.size });
    },
  };
}

function reject(waiters: Entry["waiters"], error: unknown): void {
  const reason = error instanceof Error ? error : new Error(String(error));
  for (const waiter of waiters) waiter.reject(reason);
}

import { setTimeout as delay } from "node:timers/promises";
import {
  type BatchItem,
  createExecutionBatches,
  type ExecutionBatchesDeps,
} from "./execution-batches.ts";
import { type Execution, isFinished } from "./execution.ts";

/**
 * A tool execution that this process keeps in memory while it runs and until its final state is
 * stored.
 */
export interface RunRecord {
  /** The current state. It is replaced as a whole and never modified. */
  execution: Execution;
  /** JSON. */
  readonly arguments: string;
  /** The stored form of the result, as JSON; null if there is none. */
  result: string | null;
  /**
   * Whether no tool was called, so that a request with the same idempotency key starts a new
   * execution.
   */
  freesKey: boolean;
}

/**
 * Writes the history of tool executions in the background. Changes are collected and written in
 * batches, one transaction each.
 */
export interface ExecutionWriter {
  /** Call this when a record is new or its state has changed. It is written within 50 ms. */
  note(record: RunRecord): void;
  /**
   * Writes the record immediately. Rejects if the write fails; the write is retried in that case.
   */
  store(record: RunRecord): Promise<void>;
  /** Marks a record whose row was written by another transaction. */
  noteStored(record: RunRecord): void;
  /** Returns null if this process does not keep the execution in memory. */
  find(id: string): Execution | null;
  /** Writes the remaining changes. Gives up after a few seconds if the database is unavailable. */
  close(): Promise<void>;
}

export interface ExecutionWriterDeps extends ExecutionBatchesDeps {
  log(message: string, details: object): void;
  limits?: Partial<typeof defaultLimits>;
}

const defaultLimits = {
  /**
   * How long changes are collected, in milliseconds. An execution that ends within this time is
   * written once.
   */
  gatherMs: 25,
  batchSize: 500,
  /** The maximum size of the arguments and results in one batch, in characters. */
  batchCharacters: 8 * 1024 * 1024,
  /**
   * The maximum size of all records that wait while the database is unavailable. Above it the
   * oldest executions are dropped, because users look at the newest.
   */
  waitingCharacters: 64 * 1024 * 1024,
  /** The size that is counted for an execution in addition to its arguments and result. */
  recordCharacters: 2_000,
  /** The time between attempts while the database is unavailable, in milliseconds. */
  retryMs: 500,
  /** How long `close` keeps trying, in milliseconds. */
  closeMs: 5_000,
};

const NOT_TAKEN = "The execution ended, but its result could not be recorded.";

interface Entry {
  record: RunRecord;
  /** Whether the row is known to exist. */
  isStored: boolean;
  /** When it first changed since it was last written. */
  changedAtMs: number;
  /** Callers that wait until the current state is written. */
  waiters: PromiseWithResolvers<void>[];
}

interface Taken extends BatchItem {
  entry: Entry;
  waiters: Entry["waiters"];
}

export function createExecutionWriter(deps: ExecutionWriterDeps): ExecutionWriter {
  const limits = { ...defaultLimits, ...deps.limits };
  const writeBatch = createExecutionBatches(deps);
  /** All executions that are kept in memory. */
  const entries = new Map<string, Entry>();
  /** Entries whose current state is not stored, in the order in which they changed. */
  const dirty = new Set<Entry>();
  let timer: NodeJS.Timeout | null = null;
  let flushing: Promise<void> | null = null;
  let isClosing = false;
  let isAway = false;

  /** Counted from the oldest change, which may have been made while a batch was being written. */
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

  /** An execution that may end soon is delayed for one turn, so that it is written once. */
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

  /**
   * Puts items back in front of newer changes. If there is not enough room, the oldest are dropped.
   */
  function putBack(left: readonly Taken[]): void {
    const since = [...dirty];
    dirty.clear();
    for (const entry of [...left.map((taken) => taken.entry), ...since]) dirty.add(entry);
    let characters = 0;
    for (const entry of [...dirty].toReversed()) {
      characters += weigh(entry);
      if (characters <= limits.waitingCharacters || !isFinished(entry.record.execution.status))
        continue;
      // An execution that has a row may have subscribers, so its end is still written, but without
      // its result.
      if (entry.isStored) entry.record.result = null;
      else forget(entry);
    }
  }

  /**
   * Writes only the final status, for an execution whose error message or result the database
   * rejects. Returns false if there is no row, or if this was already tried.
   */
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

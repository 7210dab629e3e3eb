import type { DatabaseClock } from "#storage/database-clock.ts";
import type {
  ExecutionContent,
  ExecutionProgress,
  StoredResult,
} from "#storage/execution-content.ts";
import type { ExecutionWriter, RunRecord } from "#storage/execution-writer.ts";
import type { Execution, FinishedStatus } from "#storage/execution.ts";
import type { WrittenArguments } from "./argument-limits.ts";

export interface NewExecution {
  toolName: string;
  /** Any JSON value, equal to the stored one. */
  arguments: unknown;
  written: WrittenArguments;
  /** The owner of the account that the tool runs with: the ID of the user, or of the workspace. */
  ownerId: string;
  startedById: string;
  apiTokenId: string | null;
  workspaceId: string;
  serverId: string;
}

/**
 * The outcome of an execution. `errorMessage` is visible to admins and kept longer than the result, so it must not contain text from the
 * server.
 */
export interface ExecutionOutcome {
  status: FinishedStatus;
  errorMessage: string | null;
  /** Whether the tool ran and reported an error. */
  isToolError?: boolean;
  result?: ExecutionContent | null;
  /** Whether nothing was run, so that the idempotency key is released. */
  freesKey?: boolean;
}

/** The reason that an execution was aborted before it had a result. */
export type EndCause = "CANCELLED" | "INTERRUPTED";

/** An execution in this process. */
export interface Run {
  readonly record: RunRecord;
  /** Aborted when the execution is cancelled or the process shuts down; `endCause` states which. */
  readonly signal: AbortSignal;
  readonly endCause: EndCause | null;
  /** Aborts the execution. A result that arrives first still counts; `ended` resolves in both cases. */
  cancel(): void;
  /** Resolves when the execution has finished. */
  readonly ended: Promise<void>;
  /** Reports progress. Updates are published a few times per second at most. */
  noteProgress(progress: ExecutionProgress): void;
  /** Ends the execution and returns it with its complete result, even if only part of it is stored. Must be called once. */
  finish(outcome: ExecutionOutcome): Execution;
}

/** The executions that are running in this process. Other processes read them from the database. */
export interface RunningExecutions {
  /** Creates a record that is not visible to anyone until `start` is called. */
  prepare(execution: NewExecution): RunRecord;
  /** @param isStored whether the row has already been stored */
  start(record: RunRecord, isStored?: boolean): Run;
  find(id: string): Run | null;
  ids(): string[];
  /**
   * Sets and stores the status WAITING_FOR_INPUT, because the server requests input from the user. Returns false if the execution is
   * ending.
   */
  wait(id: string): Promise<boolean>;
  /** Sets the status RUNNING again after the answer. */
  resume(id: string): Promise<void>;
  /** Lets executions continue for `graceMs` milliseconds, then aborts the remaining ones and waits for them. */
  close(graceMs: number): Promise<void>;
}

export interface RunningExecutionsDeps {
  writer: ExecutionWriter;
  onFinished(run: { status: string; durationMs: number }): void;
  clock: DatabaseClock;
  newId(): string;
  processId: string;
  cutResult(result: ExecutionContent): StoredResult;
}

const contentTtlMs = 24 * 60 * 60_000;
const progressEveryMs = 250;
const longestMessage = 500;

/** A run, and the function that aborts it for a reason. */
type OwnRun = Run & { abort(cause: EndCause): void };

export function createRunningExecutions(deps: RunningExecutionsDeps): RunningExecutions {
  const { writer, clock } = deps;
  const running = new Map<string, OwnRun>();
  /** Whether the grace period of a shutdown is over. */
  let isInterrupting = false;

  return {
    prepare({ arguments: args, written, ...whose }) {
      const startedAt = clock.now();
      return {
        arguments: written.text,
        result: null,
        freesKey: false,
        execution: {
          ...whose,
          id: deps.newId(),
          status: "RUNNING",
          isToolError: false,
          errorMessage: null,
          startedAt,
          finishedAt: null,
          argumentBytes: written.bytes,
          resultBytes: null,
          contentTruncated: false,
          contentExpiresAt: new Date(startedAt.getTime() + contentTtlMs),
          processId: deps.processId,
          cancelRequestedAt: null,
          progress: null,
          contents: { arguments: args, result: null },
        },
      };
    },
    start(record, isStored = false) {
      const { id } = record.execution;
      const run = createRun(deps, record, { onEnd: () => running.delete(id) });
      running.set(id, run);
      if (isInterrupting) run.abort("INTERRUPTED");
      if (isStored) writer.noteStored(record);
      else writer.note(record);
      return run;
    },
    find: (id) => running.get(id) ?? null,
    ids: () => [...running.keys()],

    async wait(id) {
      const run = running.get(id);
      if (!run || run.signal.aborted) return false;
      change(run.record, { status: "WAITING_FOR_INPUT" });
      await writer.store(run.record);
      return running.has(id);
    },
    async resume(id) {
      const run = running.get(id);
      if (!run) return;
      change(run.record, { status: "RUNNING" });
      writer.note(run.record);
    },

    async close(graceMs) {
      const timer = setTimeout(() => {
        isInterrupting = true;
        for (const run of running.values()) run.abort("INTERRUPTED");
      }, graceMs);
      while (running.size > 0) await Promise.all([...running.values()].map((run) => run.ended));
      clearTimeout(timer);
    },
  };
}

function change(record: RunRecord, shape: Partial<Execution>): void {
  record.execution = { ...record.execution, ...shape };
}

function createRun(
  deps: RunningExecutionsDeps,
  record: RunRecord,
  { onEnd }: { onEnd(): void },
): OwnRun {
  const controller = new AbortController();
  const ended = Promise.withResolvers<void>();
  const progress = createProgressNotes(deps.writer, record);
  let endCause: EndCause | null = null;

  const abort = (cause: EndCause): void => {
    endCause ??= cause;
    controller.abort();
  };
  return {
    record,
    signal: controller.signal,
    get endCause() {
      return endCause;
    },
    ended: ended.promise,
    abort,
    cancel: () => abort("CANCELLED"),
    noteProgress: progress.note,
    finish(outcome) {
      const args = record.execution.contents?.arguments ?? null;
      recordOutcome(deps, record, outcome, progress.end());
      onEnd();
      deps.writer.note(record);
      const { status, startedAt, finishedAt } = record.execution;
      deps.onFinished({ status, durationMs: Number(finishedAt) - startedAt.getTime() });
      ended.resolve();
      return { ...record.execution, contents: { arguments: args, result: outcome.result ?? null } };
    },
  };
}

/** Publishes progress at an interval, as long as the execution is running. */
function createProgressNotes(writer: ExecutionWriter, record: RunRecord) {
  let isEnded = false;
  let timer: NodeJS.Timeout | null = null;
  let publishedAtMs = -Infinity;
  /** The most recent progress, which may not have been published yet. */
  let newest: ExecutionProgress | null = null;
  return {
    note({ progress, total, message }: ExecutionProgress): void {
      if (isEnded) return;
      newest = { progress, total, message: message && message.slice(0, longestMessage) };
      timer ??= setTimeout(
        () => {
          timer = null;
          publishedAtMs = performance.now();
          change(record, { progress: newest });
          writer.note(record);
        },
        Math.max(0, publishedAtMs + progressEveryMs - performance.now()),
      );
    },
    /** Returns the most recent progress. */
    end(): ExecutionProgress | null {
      isEnded = true;
      if (timer) clearTimeout(timer);
      return newest;
    },
  };
}

function recordOutcome(
  { clock, cutResult }: RunningExecutionsDeps,
  record: RunRecord,
  { status, errorMessage, isToolError = false, result = null, freesKey = false }: ExecutionOutcome,
  progress: ExecutionProgress | null,
): void {
  const stored = result && cutResult(result);
  record.result = stored?.text ?? null;
  record.freesKey = freesKey;
  change(record, {
    status,
    errorMessage,
    isToolError,
    progress,
    finishedAt: clock.now(),
    resultBytes: stored?.bytes ?? null,
    contentTruncated: stored?.isTruncated ?? false,
    contents: {
      arguments: record.execution.contents?.arguments ?? null,
      // Matches what later reads will return while the result is kept.
      result: stored?.isTruncated ? (JSON.parse(stored.text) as ExecutionContent) : result,
    },
  });
}

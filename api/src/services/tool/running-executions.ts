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
  /** Any JSON, and the same as it is stored. */
  arguments: unknown;
  written: WrittenArguments;
  /** Whose account it runs as: the user's id, or the workspace's. */
  ownerId: string;
  startedById: string;
  apiTokenId: string | null;
  workspaceId: string;
  serverId: string;
}

/** How a run ended. `errorMessage` is seen by admins and kept longer than the rest: what a server said does not belong there. */
export interface ExecutionOutcome {
  status: FinishedStatus;
  errorMessage: string | null;
  /** The tool ran and says that it failed. */
  isToolError?: boolean;
  result?: ExecutionContent | null;
  /** Nothing was run: an idempotency key that was taken for it is free again. */
  freesKey?: boolean;
}

/** Why a run was aborted before it had an answer. */
export type EndCause = "CANCELLED" | "INTERRUPTED";

/** A run of this process. */
export interface Run {
  readonly record: RunRecord;
  /** Aborted when somebody cancels it or the process stops; `endCause` says which. */
  readonly signal: AbortSignal;
  readonly endCause: EndCause | null;
  /** Aborts it. Whether that ends it before it has an answer, `ended` tells. */
  cancel(): void;
  /** Resolves once it has finished. */
  readonly ended: Promise<void>;
  /** Shown a few times a second at most, however often the server tells. */
  noteProgress(progress: ExecutionProgress): void;
  /** Its shape afterwards, whole, whatever of it is stored. To be called once. */
  finish(outcome: ExecutionOutcome): Execution;
}

/** What runs in this process now. Other processes know it from the database. */
export interface RunningExecutions {
  /** A run that nobody knows of yet; without `start` it has never been. */
  prepare(execution: NewExecution): RunRecord;
  /** @param isStored its row is there already */
  start(record: RunRecord, isStored?: boolean): Run;
  find(id: string): Run | null;
  ids(): string[];
  /** The server asks the person something: it waits for input, for everybody to see, and stored. False: it does not go on any more. */
  wait(id: string): Promise<boolean>;
  /** It has its answer and goes on. */
  resume(id: string): Promise<void>;
  /** Lets everything go on for `graceMs`, then aborts what is left and waits for it. */
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

export function createRunningExecutions(deps: RunningExecutionsDeps): RunningExecutions {
  const { writer, clock } = deps;
  const running = new Map<string, Run & { abort(cause: EndCause): void }>();
  /** The grace period of a shutdown is over. */
  let isInterrupting = false;

  function start(record: RunRecord, isStored = false): Run {
    const controller = new AbortController();
    const ended = Promise.withResolvers<void>();
    let endCause: EndCause | null = null;
    let timer: NodeJS.Timeout | null = null;
    let toldAtMs = -Infinity;
    /** Not all of it is told. */
    let newest: ExecutionProgress | null = null;

    function change(shape: Partial<Execution>): void {
      record.execution = { ...record.execution, ...shape };
    }

    const run: Run & { abort(cause: EndCause): void } = {
      record,
      signal: controller.signal,
      get endCause() {
        return endCause;
      },
      ended: ended.promise,
      cancel: () => run.abort("CANCELLED"),
      noteProgress({ progress, total, message }) {
        if (!running.has(record.execution.id)) return;
        newest = { progress, total, message: message && message.slice(0, longestMessage) };
        const inMs = toldAtMs + progressEveryMs - performance.now();
        timer ??= setTimeout(
          () => {
            timer = null;
            toldAtMs = performance.now();
            change({ progress: newest });
            writer.note(record);
          },
          Math.max(0, inMs),
        );
      },
      finish({ status, errorMessage, isToolError = false, result = null, freesKey = false }) {
        if (timer) clearTimeout(timer);
        const stored = result && deps.cutResult(result);
        record.result = stored?.text ?? null;
        record.freesKey = freesKey;
        const args = record.execution.contents?.arguments ?? null;
        change({
          status,
          errorMessage,
          isToolError,
          progress: newest,
          finishedAt: clock.now(),
          resultBytes: stored?.bytes ?? null,
          contentTruncated: stored?.isTruncated ?? false,
          contents: {
            arguments: args,
            // Read again a moment later it is what it will be for a day.
            result: stored?.isTruncated ? (JSON.parse(stored.text) as ExecutionContent) : result,
          },
        });
        running.delete(record.execution.id);
        writer.note(record);
        const { startedAt, finishedAt } = record.execution;
        deps.onFinished({ status, durationMs: Number(finishedAt) - startedAt.getTime() });
        ended.resolve();
        return { ...record.execution, contents: { arguments: args, result } };
      },
      abort(cause) {
        endCause ??= cause;
        controller.abort();
      },
    };
    running.set(record.execution.id, run);
    if (isInterrupting) run.abort("INTERRUPTED");
    if (isStored) writer.noteStored(record);
    else writer.note(record);
    return run;
  }

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
    start,
    find: (id) => running.get(id) ?? null,
    ids: () => [...running.keys()],

    async wait(id) {
      const run = running.get(id);
      if (!run || run.signal.aborted) return false;
      run.record.execution = { ...run.record.execution, status: "WAITING_FOR_INPUT" };
      await writer.store(run.record);
      return running.has(id);
    },
    async resume(id) {
      const run = running.get(id);
      if (!run) return;
      run.record.execution = { ...run.record.execution, status: "RUNNING" };
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

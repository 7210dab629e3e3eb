import { type PausableTimeout, startPausableTimeout } from "#mcp/elicitation/pausable-timeout.ts";
import { callTool } from "#mcp/calls/execute.ts";
import type { Asking } from "#mcp/elicitation/elicitation-queue.ts";
import type { ToolCallAnswer } from "#mcp/calls/execute.ts";
import { notSent } from "#mcp/failure.ts";
import type { Execution } from "#storage/execution.ts";
import type { ExecutionWriter } from "#storage/execution-writer.ts";
import type { IdempotencyKey } from "#storage/idempotency-store.ts";
import type { Caller } from "../access/access.ts";
import type { Accounts } from "../grant/credentials.ts";
import type { CallContext, CallContexts } from "./call-contexts.ts";
import { writeArguments } from "./argument-limits.ts";
import type { Catalogs, CatalogTool } from "../catalog/catalogs.ts";
import { concludeRun } from "./execution-outcome.ts";
import { InputFaults, ServiceError } from "../access/service-error.ts";
import { type ExecuteAnswer, timedOutAnswer } from "./execute-answer.ts";
import type { ExecutionLimits } from "./execution-limits.ts";
import { checkIdempotencyKey, describeKey, type Idempotency } from "./idempotency.ts";
import { checkTimeout } from "../access/input.ts";
import { type PreparedCall, prepareCall } from "./prepare-call.ts";
import type { NewExecution, Run, RunningExecutions } from "./running-executions.ts";
import { decidePolicy } from "../catalog/tool-policy.ts";
import type { OpenToolSession } from "../session/mcp-sessions.ts";

export interface ExecuteInput {
  serverId: string;
  toolName: string;
  arguments: unknown;
  timeoutMs: number | null;
  /** If false, returns as soon as the execution is visible to others. */
  wait: boolean;
  confirmed: boolean;
  /** Null if the call is not idempotent. */
  idempotencyKey: string | null;
}

export interface Executions {
  /**
   * Runs a tool once, with the account that the caller's calls use. A caller that disconnects does not cancel the execution.
   * @throws ServiceError as `Access.requireServer(caller, serverId, "use")`; BAD_USER_INPUT; CONFLICT if the idempotency key was used with
   * different arguments; RATE_LIMITED
   */
  execute(caller: Caller | null, input: ExecuteInput): Promise<ExecuteAnswer>;
}

export interface ExecutionsDeps {
  contexts: CallContexts;
  accounts: Accounts;
  catalogs: Catalogs;
  openSession: OpenToolSession;
  running: RunningExecutions;
  writer: Pick<ExecutionWriter, "store">;
  limits: ExecutionLimits;
  idempotency: Idempotency;
  /** Handles the elicitations that the server sends during the execution. */
  askIn(execution: Execution): Asking;
  /**
   * Returns the execution once it has ended, or its current state when `until` aborts (immediately if null). Null if it has been deleted.
   */
  follow(id: string, until: AbortSignal | null): Promise<Execution | null>;
  log(message: string, details: object): void;
}

/** The timeout of the whole call, in milliseconds. */
function timeoutOf({ server }: CallContext, { timeoutMs }: ExecuteInput): number {
  return timeoutMs ?? server.requestTimeoutMs;
}

/**
 * How long the first caller waits for its idempotency key to be released, in milliseconds. The key is released in the background in any
 * case.
 */
const freeingTimeoutMs = 5_000;

/** The settings or permissions changed after the call had been admitted. */
const changedBeforeSending = notSent(
  "The server's settings, or the right to use it, changed before the tool was called. Nothing was run.",
);

export function createExecutions(deps: ExecutionsDeps): Executions {
  const { contexts, running, writer, idempotency } = deps;

  /** Calls the tool. Expected failures are returned; unexpected errors are thrown. */
  async function call(
    context: CallContext,
    { tool, arguments: args }: PreparedCall,
    input: ExecuteInput,
    run: Run,
    clock: PausableTimeout,
  ): Promise<ToolCallAnswer> {
    const { server, ownerId } = context;
    const { signal } = run;
    clock.follow(signal);
    const timeoutMs = timeoutOf(context, input);
    const answer = await deps.openSession(
      { server, ownerId, timeoutMs, leftMs: clock.leftMs, signal },
      async (session) => {
        if (!(await isStillAllowed(context, tool, input.confirmed))) return changedBeforeSending;
        return callTool(session, {
          name: tool.name,
          arguments: args,
          timeoutMs: clock,
          tool,
          signal,
          asking: deps.askIn(run.record.execution),
          onProgress: ({ message, ...progress }) =>
            run.noteProgress({ ...progress, message: message && session.redact(message) }),
        });
      },
    );
    if (answer.kind === "result") {
      const lifting = deps.accounts.accepted(server, ownerId);
      if (lifting) await lifting;
    }
    return answer;
  }

  /** Connecting and waiting take time in which a permission may have been revoked. With cached data this check costs nothing. */
  async function isStillAllowed(
    { caller, server, ownerId }: CallContext,
    tool: CatalogTool,
    confirmed: boolean,
  ): Promise<boolean> {
    try {
      const reading = contexts.read(caller, server.id);
      const now = reading instanceof Promise ? await reading : reading;
      const isSame = now.server.configVersion === server.configVersion && now.ownerId === ownerId;
      const { kind } = decidePolicy(tool, now.policies.get(tool.name), now.newToolPolicy);
      return isSame && now.server.enabled && kind !== "DENY" && (kind !== "ASK" || confirmed);
    } catch (error) {
      // If the database is not available, no permission can have been revoked either.
      return !(error instanceof ServiceError);
    }
  }

  async function runToEnd(
    context: CallContext,
    prepared: PreparedCall,
    input: ExecuteInput,
    run: Run,
    clock: PausableTimeout,
  ): Promise<ExecuteAnswer> {
    const { server } = context;
    try {
      const answer = await call(context, prepared, input, run, clock);
      const facts = { server, toolName: prepared.tool.name, endCause: run.endCause };
      const conclusion = concludeRun(answer, facts);
      const execution = run.finish(conclusion.outcome);
      // A caller that learns that nothing was run may retry immediately with the same key, so the key must be free by then.
      if (input.idempotencyKey !== null && conclusion.outcome.freesKey) await waitForFreeing(run);
      return conclusion.answer(execution);
    } catch (error) {
      run.finish({ status: "FAILED", errorMessage: "Something went wrong inside Gatehouse." });
      throw error;
    }
  }

  async function waitForFreeing({ record }: Run): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const patience = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, freeingTimeoutMs);
    });
    // If this fails, the writer retries in the background.
    await Promise.race([writer.store(record).catch(() => undefined), patience]);
    clearTimeout(timer);
  }

  /** Returns null if another caller took the key in the meantime. */
  async function begin(
    newExecution: NewExecution,
    key: IdempotencyKey | null,
    wait: boolean,
  ): Promise<Run | null> {
    const record = running.prepare(newExecution);
    if (!key && wait) return running.start(record);
    let run: Run | null = null;
    try {
      if (key) return (await idempotency.reserve(key, record)) ? running.start(record, true) : null;
      run = running.start(record);
      await writer.store(record);
      return run;
    } catch (error) {
      // The insert may have succeeded despite the error. Recording the failure ensures that the row states that nothing was run.
      run ??= running.start(record);
      const errorMessage = "It could not be recorded, so it was not run.";
      run.finish({ status: "FAILED", errorMessage, freesKey: true });
      throw error;
    }
  }

  /**
   * Returns the result of the first execution with this key, as its own caller received it. Null if the key is free, or free again.
   * @param until how long to wait for the execution to end; null to not wait
   */
  async function findFirst(
    { server }: CallContext,
    key: IdempotencyKey,
    until: AbortSignal | null,
  ): Promise<ExecuteAnswer | null> {
    const id = await idempotency.findFirst(key);
    if (id === null) return null;
    const first = await deps.follow(id, until);
    // The execution was stored together with the key and is kept longer than the key.
    if (!first) throw new Error("The run under an idempotency key is gone.");
    // An execution that did not run anything has released the key.
    if (first.finishedAt !== null && (await idempotency.findFirst(key)) !== id) return null;
    return first.status === "TIMED_OUT" || (until && first.finishedAt === null)
      ? timedOutAnswer(server, first)
      : { __typename: "ToolExecuted", execution: first };
  }

  return {
    async execute(maybeCaller, input) {
      const faults = new InputFaults();
      checkTimeout(faults, "timeoutMs", input.timeoutMs);
      checkIdempotencyKey(faults, input.idempotencyKey);
      faults.throwIfAny();
      const context = await contexts.read(maybeCaller, input.serverId);
      const { caller, server, ownerId } = context;
      const args = input.arguments ?? {};
      // Arguments that are too large or too deeply nested are rejected below, before a key is reserved.
      const key =
        input.idempotencyKey === null || "fault" in writeArguments(args)
          ? null
          : describeKey(caller, input.idempotencyKey, { ...input, arguments: args });
      // Waiting for the first execution with the same key also counts against the limits.
      const leave = deps.limits.take({
        workspaceId: server.workspaceId,
        serverId: server.id,
        userId: caller.userId,
      });
      const clock = startPausableTimeout(timeoutOf(context, input));
      const end = () => {
        clock[Symbol.dispose]();
        leave();
      };
      let run: Run | null = null;
      try {
        for (;;) {
          const first = key && (await findFirst(context, key, input.wait ? clock.signal : null));
          if (first) return first;
          const prepared = await prepareCall(deps.catalogs, context, input, clock);
          if (prepared.__typename !== undefined) return prepared;
          const newExecution = {
            toolName: prepared.tool.name,
            arguments: args,
            written: prepared.written,
            ownerId,
            startedById: caller.userId,
            apiTokenId: caller.apiToken?.id ?? null,
            workspaceId: server.workspaceId,
            serverId: server.id,
          };
          run = await begin(newExecution, key, input.wait);
          if (!run) continue;
          const answer = runToEnd(context, prepared, input, run, clock).finally(end);
          if (input.wait) return await answer;
          const { execution } = run.record;
          answer.catch((error: unknown) => deps.log("a tool's run failed", { err: error }));
          return { __typename: "ToolExecuted", execution };
        }
      } finally {
        if (!run) end();
      }
    },
  };
}

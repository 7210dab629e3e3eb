import { startPausableTimeout } from "#mcp/elicitation/pausable-timeout.ts";
import type { Execution } from "#storage/execution.ts";
import type { IdempotencyKey } from "#storage/idempotency-store.ts";
import type { Caller } from "../access/access.ts";
import { checkTimeout } from "../access/input.ts";
import { InputFaults } from "../access/service-error.ts";
import type { Catalogs } from "../catalog/catalogs.ts";
import { writeArguments } from "./argument-limits.ts";
import type { CallContext } from "./call-contexts.ts";
import { type ExecuteAnswer, timedOutAnswer } from "./execute-answer.ts";
import type { ExecutionLimits } from "./execution-limits.ts";
import { checkIdempotencyKey, describeKey, type Idempotency } from "./idempotency.ts";
import { prepareCall } from "./prepare-call.ts";
import { type RunDeps, type RunOptions, runTool } from "./run-tool.ts";
import type { NewExecution, Run, RunningExecutions } from "./running-executions.ts";

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

export interface ExecutionsDeps extends RunDeps {
  catalogs: Catalogs;
  running: RunningExecutions;
  limits: ExecutionLimits;
  idempotency: Idempotency;
  /**
   * Returns the execution once it has ended, or its current state when `until` aborts (immediately if null). Null if it has been deleted.
   */
  follow(id: string, until: AbortSignal | null): Promise<Execution | null>;
  log(message: string, details: object): void;
}

export function createExecutions(deps: ExecutionsDeps): Executions {
  return { execute: (caller, input) => executeTool(deps, caller, input) };
}

async function executeTool(
  deps: ExecutionsDeps,
  maybeCaller: Caller | null,
  input: ExecuteInput,
): Promise<ExecuteAnswer> {
  const faults = new InputFaults();
  checkTimeout(faults, "timeoutMs", input.timeoutMs);
  checkIdempotencyKey(faults, input.idempotencyKey);
  faults.throwIfAny();
  const context = await deps.contexts.read(maybeCaller, input.serverId);
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
  const { confirmed, idempotencyKey } = input;
  const timeoutMs = input.timeoutMs ?? server.requestTimeoutMs;
  const options: RunOptions = { timeoutMs, confirmed, idempotencyKey };
  const clock = startPausableTimeout(timeoutMs);
  const end = () => {
    clock[Symbol.dispose]();
    leave();
  };
  let run: Run | null = null;
  try {
    for (;;) {
      const first = key && (await findFirst(deps, context, key, input.wait ? clock.signal : null));
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
      run = await startExecution(deps, newExecution, key, input.wait);
      if (!run) continue;
      const answer = runTool(deps, context, prepared, options, run, clock).finally(end);
      if (input.wait) return await answer;
      const { execution } = run.record;
      answer.catch((error: unknown) => deps.log("a tool's run failed", { err: error }));
      return { __typename: "ToolExecuted", execution };
    }
  } finally {
    if (!run) end();
  }
}

/** Records and starts an execution. Returns null if another caller took the key in the meantime. */
async function startExecution(
  { running, writer, idempotency }: ExecutionsDeps,
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
    const errorMessage = "The execution could not be recorded, so the tool was not run.";
    run.finish({ status: "FAILED", errorMessage, freesKey: true });
    throw error;
  }
}

/**
 * Returns the result of the first execution with this key, as its own caller received it. Null if the key is free, or free again.
 * @param until how long to wait for the execution to end; null to not wait
 */
async function findFirst(
  { idempotency, follow }: ExecutionsDeps,
  { server }: CallContext,
  key: IdempotencyKey,
  until: AbortSignal | null,
): Promise<ExecuteAnswer | null> {
  const id = await idempotency.findFirst(key);
  if (id === null) return null;
  const first = await follow(id, until);
  // The execution was stored together with the key and is kept longer than the key.
  if (!first) throw new Error("The run under an idempotency key is gone.");
  // An execution that did not run anything has released the key.
  if (first.finishedAt !== null && (await idempotency.findFirst(key)) !== id) return null;
  return first.status === "TIMED_OUT" || (until && first.finishedAt === null)
    ? timedOutAnswer(server, first)
    : { __typename: "ToolExecuted", execution: first };
}

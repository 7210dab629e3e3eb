import { type CallClock, startCallClock } from "#mcp/elicitation/pausable-timeout.ts";
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
  /** False: answered as soon as others can read of the run. */
  wait: boolean;
  confirmed: boolean;
  /** Null: a call of its own. */
  idempotencyKey: string | null;
}

export interface Executions {
  /**
   * Runs a tool with the account that the caller would use, once; a caller that goes away cancels nothing.
   * @throws ServiceError as `Access.requireServer(caller, serverId, "use")`; BAD_USER_INPUT; CONFLICT for an idempotency key under which
   * something else was asked for; RATE_LIMITED
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
  /** Where the questions of a server go that it asks in a run. */
  askIn(execution: Execution): Asking;
  /** A run's end, or its shape when `until` aborts, or now where nobody waits; null once it is forgotten. */
  follow(id: string, until: AbortSignal | null): Promise<Execution | null>;
  log(message: string, details: object): void;
}

/** For the whole of a call, in milliseconds. */
function timeoutOf({ server }: CallContext, { timeoutMs }: ExecuteInput): number {
  return timeoutMs ?? server.requestTimeoutMs;
}

/** Who asked first under a key may wait so long for it to be free again, in milliseconds; the key is freed behind in any case. */
const freeingTimeoutMs = 5_000;

/** It was admitted, and then something of it was changed; whoever asks again is told what. */
const changedBeforeSending = notSent(
  "The server's settings, or the right to use it, changed before the tool was called. Nothing was run.",
);

export function createExecutions(deps: ExecutionsDeps): Executions {
  const { contexts, running, writer, idempotency } = deps;

  /** What a server gave back, or why there is nothing. Unexpected trouble throws. */
  async function call(
    context: CallContext,
    { tool, arguments: args }: PreparedCall,
    input: ExecuteInput,
    run: Run,
    clock: CallClock,
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

  /** Connecting and waiting take time, in which a right may have been taken away; what is remembered costs nothing to ask again. */
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
      // With the database away nobody can have taken anything away either.
      return !(error instanceof ServiceError);
    }
  }

  async function runToEnd(
    context: CallContext,
    prepared: PreparedCall,
    input: ExecuteInput,
    run: Run,
    clock: CallClock,
  ): Promise<ExecuteAnswer> {
    const { server } = context;
    try {
      const answer = await call(context, prepared, input, run, clock);
      const facts = { server, toolName: prepared.tool.name, endCause: run.endCause };
      const conclusion = concludeRun(answer, facts);
      const execution = run.finish(conclusion.outcome);
      // Whoever is told that nothing was run may ask again at once.
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
    // It is tried again behind.
    await Promise.race([writer.store(record).catch(() => undefined), patience]);
    clearTimeout(timer);
  }

  /** Null: somebody else took the key meanwhile. */
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
      // It may have been written all the same: what stands there then is that nothing was run.
      run ??= running.start(record);
      const errorMessage = "It could not be recorded, so it was not run.";
      run.finish({ status: "FAILED", errorMessage, freesKey: true });
      throw error;
    }
  }

  /**
   * The first run under a key, as its own caller was answered; null: the key is free (again).
   * @param until how long its end is waited for; null: not at all
   */
  async function findFirst(
    { server }: CallContext,
    key: IdempotencyKey,
    until: AbortSignal | null,
  ): Promise<ExecuteAnswer | null> {
    const id = await idempotency.findFirst(key);
    if (id === null) return null;
    const first = await deps.follow(id, until);
    // It was written with the key, and is kept for longer.
    if (!first) throw new Error("The run under an idempotency key is gone.");
    // One that proved not to have run anything has freed the key.
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
      // What is too large or too deep to be written is refused below, before a key could count.
      const key =
        input.idempotencyKey === null || "fault" in writeArguments(args)
          ? null
          : describeKey(caller, input.idempotencyKey, { ...input, arguments: args });
      // Whoever waits for the first run under a key takes a place as well.
      const leave = deps.limits.take({
        workspaceId: server.workspaceId,
        serverId: server.id,
        userId: caller.userId,
      });
      const clock = startCallClock(timeoutOf(context, input));
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

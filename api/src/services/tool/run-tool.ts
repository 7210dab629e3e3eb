import { callTool, type ToolCallAnswer } from "#mcp/calls/execute.ts";
import type { Asking } from "#mcp/elicitation/elicitation-queue.ts";
import type { PausableTimeout } from "#mcp/elicitation/pausable-timeout.ts";
import { notSent } from "#mcp/failure.ts";
import type { Execution } from "#storage/execution.ts";
import type { ExecutionWriter } from "#storage/execution-writer.ts";
import { ServiceError } from "../access/service-error.ts";
import type { CatalogTool } from "../catalog/catalogs.ts";
import { decidePolicy } from "../catalog/tool-policy.ts";
import type { Accounts } from "../grant/credentials.ts";
import type { OpenToolSession } from "../session/mcp-sessions.ts";
import type { CallContext, CallContexts } from "./call-contexts.ts";
import type { ExecuteAnswer } from "./execute-answer.ts";
import { concludeRun } from "./execution-outcome.ts";
import type { PreparedCall } from "./prepare-call.ts";
import type { Run } from "./running-executions.ts";

export interface RunDeps {
  contexts: CallContexts;
  accounts: Accounts;
  openSession: OpenToolSession;
  writer: Pick<ExecutionWriter, "store">;
  /** Handles the elicitations that the server sends during the execution. */
  askIn(execution: Execution): Asking;
}

export interface RunOptions {
  /** The timeout of the whole call, in milliseconds. */
  timeoutMs: number;
  confirmed: boolean;
  /** Null if the call is not idempotent. */
  idempotencyKey: string | null;
}

/**
 * How long the first caller waits for its idempotency key to be released, in milliseconds. The key is released in the background in any
 * case.
 */
const freeingTimeoutMs = 5_000;

/** The settings or permissions changed after the call had been admitted. */
const changedBeforeSending = notSent(
  "The server's settings or your permissions changed before the tool was called. The tool was not run.",
);

/** Runs an execution that was started, and records its outcome. Expected failures are returned; unexpected errors are thrown. */
export async function runTool(
  deps: RunDeps,
  context: CallContext,
  prepared: PreparedCall,
  options: RunOptions,
  run: Run,
  clock: PausableTimeout,
): Promise<ExecuteAnswer> {
  const { server } = context;
  try {
    const answer = await callInSession(deps, context, prepared, options, run, clock);
    const facts = { server, toolName: prepared.tool.name, endCause: run.endCause };
    const conclusion = concludeRun(answer, facts);
    const execution = run.finish(conclusion.outcome);
    // A caller that learns that nothing was run may retry immediately with the same key, so the key must be free by then.
    if (options.idempotencyKey !== null && conclusion.outcome.freesKey)
      await waitForFreeing(deps, run);
    return conclusion.answer(execution);
  } catch (error) {
    run.finish({ status: "FAILED", errorMessage: "An internal error occurred." });
    throw error;
  }
}

/** Calls the tool in an MCP session of the account. Expected failures are returned; unexpected errors are thrown. */
async function callInSession(
  deps: RunDeps,
  context: CallContext,
  { tool, arguments: args }: PreparedCall,
  { timeoutMs, confirmed }: RunOptions,
  run: Run,
  clock: PausableTimeout,
): Promise<ToolCallAnswer> {
  const { server, ownerId } = context;
  const { signal } = run;
  clock.follow(signal);
  const answer = await deps.openSession(
    { server, ownerId, timeoutMs, leftMs: clock.leftMs, signal },
    async (session) => {
      if (!(await isStillAllowed(deps, context, tool, confirmed))) return changedBeforeSending;
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
  { contexts }: RunDeps,
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

async function waitForFreeing({ writer }: RunDeps, { record }: Run): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const patience = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, freeingTimeoutMs);
  });
  // If this fails, the writer retries in the background.
  await Promise.race([writer.store(record).catch(() => undefined), patience]);
  clearTimeout(timer);
}

/** Runs a tool once. A call that may have run is never repeated (S6). */
import {
  isInputRequiredResult,
  ProtocolError,
  ProtocolErrorCode,
} from "@modelcontextprotocol/client";
import type { CallToolResult } from "@modelcontextprotocol/client";
import { callWithAnswers } from "../elicitation/call-with-elicitation.ts";
import type { Continuation } from "../elicitation/call-with-elicitation.ts";
import { startPausableTimeout } from "../elicitation/pausable-timeout.ts";
import type { PausableTimeout } from "../elicitation/pausable-timeout.ts";
import { listTools } from "./catalog.ts";
import type { Tool } from "./catalog.ts";
import type { Session } from "../connection/connect.ts";
import { toContentBlock } from "./content.ts";
import type { ContentBlock } from "./content.ts";
import { classifyFailure, isStreamEnd } from "../connection/classify-error.ts";
import { notSent, redactFailure, shortenMessage } from "../failure.ts";
import type { Failure } from "../failure.ts";
import type { JsonObject } from "../json-schema/json.ts";
import { outputValidator } from "../json-schema/json-schema.ts";
import { NOTES_KEY } from "../repair/normalize-lists.ts";
import { ElicitationQueue } from "../elicitation/elicitation-queue.ts";
import type { Asking } from "../elicitation/elicitation-queue.ts";
import { traceRequest } from "../connection/request-trace.ts";
import type { RequestTrace } from "../connection/request-trace.ts";

/** The timeout was reached before anything was sent. */
const timeIsUp = notSent("The time ran out before the call was sent.");

/** The maximum delay of a timer. */
const NEVER_MS = 2 ** 31 - 1;

export interface Progress {
  progress: number;
  total: number | null;
  message: string | null;
}

export interface ToolCall {
  name: string;
  arguments: JsonObject;
  /** The timeout in milliseconds, or a clock that is already running. Paused while the user answers an elicitation. */
  timeoutMs: number | PausableTimeout;
  /** Handles elicitations from the server. If omitted, a tool that requires input fails. */
  asking?: Asking | undefined;
  /**
   * The tool's definition from the catalog, if available: results are checked against its output schema, and the headers that it requires
   * are sent.
   */
  tool?: Pick<Tool, "name" | "inputSchema" | "outputSchema">;
  onProgress?: (progress: Progress) => void;
  /** Aborting also cancels the call at the server. */
  signal?: AbortSignal;
}

export type ToolCallAnswer = (
  | {
      kind: "result";
      content: ContentBlock[];
      /** Any JSON value; null if the tool returned none. */
      structuredContent: unknown;
      /** Whether the tool ran and reported an error. */
      isError: boolean;
    }
  /** The server has no such tool, or no tools at all. Nothing was run. */
  | { kind: "unknown-tool"; hasNoTools?: true }
  | Failure
) & {
  /** Messages about elicitations that were not shown to the user and about parts of the result that were omitted. */
  notes?: string[];
};

/**
 * Calls a tool. Expected failures are returned and identified by type and code (S9); only internal errors are thrown. A timeout or abort
 * cancels the call at the server: with `notifications/cancelled` at a legacy server, by closing the stream at a modern one (S7).
 */
export async function callTool(session: Session, call: ToolCall): Promise<ToolCallAnswer> {
  const trace: RequestTrace = { sent: false, answered: false };
  if (call.signal?.aborted) return { kind: "cancelled" };
  if (typeof call.timeoutMs !== "number") return callWithin(call.timeoutMs, session, call, trace);
  using clock = startPausableTimeout(call.timeoutMs, call.signal);
  // Awaited so that the clock is not disposed before the call has ended.
  return await callWithin(clock, session, call, trace);
}

async function callWithin(
  clock: PausableTimeout,
  session: Session,
  call: ToolCall,
  trace: RequestTrace,
): Promise<ToolCallAnswer> {
  if (clock.leftMs() === 0) return timeIsUp;
  const questions = call.asking && new ElicitationQueue(call.asking, clock, session.redact);
  trace.questions = questions;
  const answer = await answerOf(session, call, trace, clock.signal);
  const notes = [...(questions?.notes ?? []), ...(answer.notes ?? [])];
  return notes.length > 0 ? { ...answer, notes } : answer;
}

async function answerOf(
  session: Session,
  call: ToolCall,
  trace: RequestTrace,
  signal: AbortSignal,
): Promise<ToolCallAnswer> {
  try {
    return await traceRequest(trace, () => run(session, call, trace, signal));
  } catch (error) {
    if (call.signal?.aborted && !trace.answered) return { kind: "cancelled", sent: trace.sent };
    if (ProtocolError.isInstance(error)) {
      if (trace.answered) return invalidOutput(session, error.message);
      const unknown = await findUnknownTool(session, call, error, signal);
      if (unknown) return unknown;
    }
    const reason = isStreamEnd(error) ? trace.streamFailure : null;
    const failure = classifyFailure(reason, "call") ?? classifyFailure(error, "call");
    if (!failure) throw error;
    return redactFailure(correctByTrace(failure, trace), session.redact);
  } finally {
    // Elicitations that are still pending are cancelled, because their answers are no longer needed.
    await trace.questions?.close();
  }
}

async function run(
  session: Session,
  call: ToolCall,
  trace: RequestTrace,
  signal: AbortSignal,
  isRepeated = false,
): Promise<ToolCallAnswer> {
  const { questions } = trace;
  const send = async (continuation: Continuation) => {
    const result = await request(session, call, continuation, signal);
    // An elicitation is not a result: nothing has run at this point.
    if (isInputRequiredResult(result)) trace.answered = false;
    return result;
  };
  const answer = questions
    ? await callWithAnswers(send, questions, signal)
    : ({ kind: "result", result: await send({}) } as const);
  if (answer.kind === "failed") return answer.failure;
  const { result } = answer;
  const challenge = readChallenge(result);
  if (challenge !== null) {
    const verdict = await session.reportRefusal(challenge.status, challenge.text);
    if (verdict !== "retry") return { kind: "refused", stop: verdict.stop };
    if (!isRepeated) return run(session, call, trace, signal, true);
    return { kind: "refused", stop: null };
  }
  const notes = readNotes(result);
  const fault = findOutputFault(call.tool?.outputSchema, result);
  if (fault !== null) return invalidOutput(session, fault);
  return {
    kind: "result",
    content: result.content.map(toContentBlock),
    structuredContent: result.structuredContent ?? null,
    isError: result.isError === true,
    ...(notes ? { notes } : {}),
  };
}

/**
 * The challenge in a failed result, with which a server asks for credentials although its response is a success (regressions I12). It has
 * the form of `WWW-Authenticate` (RFC 9110 §11.6.1).
 */
function readChallenge({
  isError,
  _meta,
}: CallToolResult): { status: 401 | 403; text: string } | null {
  const given: unknown = isError === true ? _meta?.["mcp/www_authenticate"] : undefined;
  const lines: unknown[] = Array.isArray(given) ? given : [given];
  const text = lines.filter((line) => typeof line === "string").join(", ");
  if (text === "") return null;
  return { status: /\berror="?insufficient_scope\b/i.test(text) ? 403 : 401, text };
}

/** Reads the notes about parts of a result that were omitted during normalization. */
function readNotes(result: CallToolResult): string[] | null {
  const notes: unknown = result._meta?.[NOTES_KEY];
  return Array.isArray(notes) ? notes.map(String) : null;
}

function request(
  session: Session,
  call: ToolCall,
  continuation: Continuation,
  signal: AbortSignal,
): Promise<CallToolResult> {
  const { onProgress, tool } = call;
  return session.client.callTool(
    { name: call.name, arguments: call.arguments, ...continuation },
    {
      // The clock's signal ends the call. The SDK's own timer cannot be paused, so it is effectively disabled.
      timeout: NEVER_MS,
      signal,
      ...(call.asking ? { allowInputRequired: true } : {}),
      ...(tool ? { toolDefinition: toDefinition(tool) } : {}),
      ...(onProgress
        ? {
            onprogress: ({ progress, total, message }) =>
              onProgress({ progress, total: total ?? null, message: message ?? null }),
          }
        : {}),
    },
  );
}

/** The output schema is omitted because the SDK would otherwise apply it to elicitations too. */
function toDefinition({ name, inputSchema }: NonNullable<ToolCall["tool"]>) {
  return { name, inputSchema: { ...inputSchema, type: "object" as const } };
}

/** Checks a result against the tool's output schema (MCP 2025-11-25, tools, output schema). Returns null if it is valid. */
function findOutputFault(
  schema: JsonObject | null | undefined,
  { structuredContent, isError }: CallToolResult,
): string | null {
  if (!schema || isError === true) return null;
  if (structuredContent === undefined) return "The structured content is missing.";
  const { valid, errorMessage } = outputValidator.getValidator(schema)(structuredContent);
  return valid ? null : (errorMessage ?? "The structured content is not valid.");
}

function invalidOutput(session: Session, fault: string): Failure {
  const message = `The tool ran, but its result does not match its output schema. ${fault}`;
  return {
    kind: "protocol-error",
    code: "invalid-output",
    message: session.redact(shortenMessage(message)),
  };
}

/** Servers use ambiguous error codes for an unknown tool, so the list of tools is checked. */
async function findUnknownTool(
  session: Session,
  call: ToolCall,
  error: ProtocolError,
  signal: AbortSignal,
): Promise<ToolCallAnswer | null> {
  const codes: number[] = [ProtocolErrorCode.InvalidParams, ProtocolErrorCode.MethodNotFound];
  if (!codes.includes(error.code)) return null;
  const catalog = await listTools(session, undefined, signal);
  if (catalog.kind !== "tools" || catalog.isTruncated) return null;
  if (catalog.tools.some((tool) => tool.name === call.name)) return null;
  return catalog.tools.length > 0
    ? { kind: "unknown-tool" }
    : { kind: "unknown-tool", hasNoTools: true };
}

/** The trace records whether the request was actually sent, which is more reliable than the error. */
function correctByTrace(failure: Failure, trace: RequestTrace): Failure {
  const { httpStatus = 200 } = trace;
  if (failure.kind === "protocol-error" && httpStatus >= 400) return { ...failure, httpStatus };
  if (trace.sent) return failure;
  if (failure.kind === "timed-out") return timeIsUp;
  if (failure.kind !== "unreachable" || failure.sent === false) return failure;
  return { ...failure, sent: false, retryable: true, httpStatus: null };
}

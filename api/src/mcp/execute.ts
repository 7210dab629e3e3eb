/** Runs a tool once. Whatever happens, a call that may have run is never repeated (S6). */
import { ProtocolError, ProtocolErrorCode } from "@modelcontextprotocol/client";
import type { CallToolResult } from "@modelcontextprotocol/client";
import { listTools } from "./catalog.ts";
import type { Tool } from "./catalog.ts";
import type { Session } from "./connect.ts";
import { toContentBlock } from "./content.ts";
import type { ContentBlock } from "./content.ts";
import { classifyFailure, isStreamEnd } from "./errors.ts";
import { notSent, redactFailure, shortenMessage } from "./failure.ts";
import type { Failure } from "./failure.ts";
import type { JsonObject } from "./json.ts";
import { traceRequest } from "./request-trace.ts";
import type { RequestTrace } from "./request-trace.ts";

export interface Progress {
  progress: number;
  total: number | null;
  message: string | null;
}

export interface ToolCall {
  name: string;
  arguments: JsonObject;
  timeoutMs: number;
  /** From the catalogue, when it is at hand: its output schema is checked, and headers that it asks for are sent. */
  tool?: Pick<Tool, "name" | "inputSchema" | "outputSchema">;
  onProgress?: (progress: Progress) => void;
  /** Aborting cancels the call at the server too. */
  signal?: AbortSignal;
}

export type ToolCallAnswer =
  | {
      kind: "result";
      content: ContentBlock[];
      /** Any JSON; null when the tool gave none. */
      structuredContent: unknown;
      /** The tool ran and says that it failed. */
      isError: boolean;
    }
  /** The server has no such tool; nothing was run. */
  | { kind: "unknown-tool" }
  | Failure;

/**
 * Calls a tool. Expected trouble is an answer, told by types and codes (S9); only faults of our own throw. A timeout or an abort
 * cancels the call at the server: `notifications/cancelled` to a legacy one, by closing the stream of a modern one (S7).
 */
export async function callTool(session: Session, call: ToolCall): Promise<ToolCallAnswer> {
  const trace: RequestTrace = { sent: false, answered: false };
  if (call.signal?.aborted) return { kind: "cancelled" };
  try {
    return toAnswer(await traceRequest(trace, () => request(session, call)));
  } catch (error) {
    if (call.signal?.aborted && !trace.answered) return { kind: "cancelled" };
    if (ProtocolError.isInstance(error)) {
      if (trace.answered) return invalidOutput(session, error);
      if (await isUnknownTool(session, call, error)) return { kind: "unknown-tool" };
    }
    const reason = isStreamEnd(error) ? trace.streamFailure : null;
    const failure = classifyFailure(reason, "call") ?? classifyFailure(error, "call");
    if (!failure) throw error;
    return redactFailure(correctByTrace(failure, trace), session.redact);
  }
}

function request(session: Session, call: ToolCall): Promise<CallToolResult> {
  const { onProgress, signal, tool } = call;
  return session.client.callTool(
    { name: call.name, arguments: call.arguments },
    {
      timeout: call.timeoutMs,
      ...(signal ? { signal } : {}),
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

function toDefinition(tool: NonNullable<ToolCall["tool"]>) {
  const { name, inputSchema, outputSchema } = tool;
  return {
    name,
    inputSchema: { ...inputSchema, type: "object" as const },
    ...(outputSchema ? { outputSchema } : {}),
  };
}

function toAnswer(result: CallToolResult): ToolCallAnswer {
  return {
    kind: "result",
    content: result.content.map(toContentBlock),
    structuredContent: result.structuredContent ?? null,
    isError: result.isError === true,
  };
}

/** The SDK checks a result against the tool's output schema and throws it away when it does not fit. */
function invalidOutput(session: Session, error: ProtocolError): Failure {
  const message = `The tool ran, but its result is not what it declares. ${error.message}`;
  return {
    kind: "protocol-error",
    code: "invalid-output",
    message: session.redact(shortenMessage(message)),
  };
}

/** Servers answer "no such tool" with codes that also mean other things; the list of tools is what tells. */
async function isUnknownTool(
  session: Session,
  call: ToolCall,
  error: ProtocolError,
): Promise<boolean> {
  const codes: number[] = [ProtocolErrorCode.InvalidParams, ProtocolErrorCode.MethodNotFound];
  if (!codes.includes(error.code)) return false;
  const catalog = await listTools(session, undefined, call.signal);
  if (catalog.kind !== "tools" || catalog.isTruncated) return false;
  return !catalog.tools.some((tool) => tool.name === call.name);
}

/** The trace knows better than the error whether the call has left. */
function correctByTrace(failure: Failure, trace: RequestTrace): Failure {
  if (trace.sent) return failure;
  if (failure.kind === "timed-out") return notSent("The time ran out before the call was sent.");
  if (failure.kind !== "unreachable" || failure.sent === false) return failure;
  return notSent(failure.message);
}

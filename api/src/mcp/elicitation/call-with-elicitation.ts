/**
 * Performs a call whose server may request input before it runs the tool: with `input_required` results (MCP 2026-07-28), or with the error
 * that requires a URL to be opened first (-32042, MCP 2025-11-25). Both mean that the call was not run and must be sent again with the
 * answers.
 */
import { isInputRequiredResult, UrlElicitationRequiredError } from "@modelcontextprotocol/client";
import type { CallToolResult, InputRequiredResult } from "@modelcontextprotocol/client";
import { setTimeout as delay } from "node:timers/promises";
import type { Failure } from "../failure.ts";
import { isObject } from "../json-schema/json.ts";
import type { JsonObject } from "../json-schema/json.ts";
import type { ElicitationQueue } from "./elicitation-queue.ts";

/** Data that is sent in addition to the call itself: the answers, and the server's state, unchanged. */
export type Continuation = { inputResponses?: JsonObject; requestState?: string };

/** The maximum number of times that the server can request input. */
const MOST_ROUNDS = 10;
/** The delay before a call is repeated that the server only postponed. */
const PUT_OFF_MS = 250;

type Round = { kind: "go-on"; continuation: Continuation } | { kind: "failed"; failure: Failure };

/**
 * Sends the call with `send` until the server returns a result.
 *
 * @param send performs one request; rejects with the SDK's errors
 */
export async function callWithAnswers(
  send: (continuation: Continuation) => Promise<CallToolResult | InputRequiredResult>,
  questions: ElicitationQueue,
  signal: AbortSignal,
): Promise<{ kind: "result"; result: CallToolResult } | { kind: "failed"; failure: Failure }> {
  let continuation: Continuation = {};
  for (let round = 0; round <= MOST_ROUNDS; round += 1) {
    let next: Round;
    try {
      const result = await send(continuation);
      if (!isInputRequiredResult(result)) return { kind: "result", result };
      next = await answerRequests(result, questions, signal);
    } catch (error) {
      if (!UrlElicitationRequiredError.isInstance(error)) throw error;
      next = await openAddresses(error, questions, continuation);
    }
    // The call was cancelled while the user was asked, so nothing more is sent.
    signal.throwIfAborted();
    if (next.kind === "failed") return next;
    continuation = next.continuation;
  }
  return fail("The tool asked too many times and did not run.");
}

async function answerRequests(
  { inputRequests, requestState }: InputRequiredResult,
  questions: ElicitationQueue,
  signal: AbortSignal,
): Promise<Round> {
  const requests = Object.entries((inputRequests ?? {}) as Record<string, unknown>);
  const other = requests.find(([, it]) => !isObject(it) || it["method"] !== "elicitation/create");
  if (other) {
    return fail("The server requires a client capability that Gatehouse does not support.");
  }
  if (requests.length === 0) await delay(PUT_OFF_MS, undefined, { signal }).catch(() => undefined);
  const responses: [string, unknown][] = [];
  for (const [key, request] of requests) {
    const params = isObject(request) ? request["params"] : undefined;
    responses.push([key, writeAnswer(await questions.answer(params))]);
  }
  return {
    kind: "go-on",
    continuation: {
      ...(responses.length > 0 ? { inputResponses: Object.fromEntries(responses) } : {}),
      ...(requestState === undefined ? {} : { requestState }),
    },
  };
}

/** Asks the user to open each of the URLs. The call fails unless the user agrees to all of them. */
async function openAddresses(
  error: UrlElicitationRequiredError,
  questions: ElicitationQueue,
  continuation: Continuation,
): Promise<Round> {
  const { elicitations } = error;
  if (!Array.isArray(elicitations) || elicitations.length === 0) {
    return fail("The server requires a page to be opened first, but does not specify its URL.");
  }
  for (const elicitation of elicitations) {
    const { action } = await questions.answer({ ...elicitation, mode: "url" });
    if (action !== "accept") {
      return fail("The server requires a page to be opened first, and it was not opened.");
    }
  }
  return { kind: "go-on", continuation };
}

/** Converts the answer to the form that the protocol defines. */
export function writeAnswer(answer: Awaited<ReturnType<ElicitationQueue["answer"]>>): JsonObject {
  return answer.action === "accept" && answer.content
    ? { action: "accept", content: answer.content }
    : { action: answer.action };
}

function fail(message: string): { kind: "failed"; failure: Failure } {
  return { kind: "failed", failure: { kind: "protocol-error", code: "input-required", message } };
}

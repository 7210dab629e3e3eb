/**
 * A call whose server may answer with questions before it runs: `input_required` results (MCP 2026-07-28) and the error that wants an
 * address opened first (-32042, MCP 2025-11-25). Both say that the call was not run and is to be sent anew with the answers.
 */
import { isInputRequiredResult, UrlElicitationRequiredError } from "@modelcontextprotocol/client";
import type { CallToolResult, InputRequiredResult } from "@modelcontextprotocol/client";
import { setTimeout as delay } from "node:timers/promises";
import type { Failure } from "../failure.ts";
import { isObject } from "../json-schema/json.ts";
import type { JsonObject } from "../json-schema/json.ts";
import type { Questions } from "./elicitation-queue.ts";

/** What is sent besides the call itself: the answers, and the server's own state as it came. */
export type Continuation = { inputResponses?: JsonObject; requestState?: string };

/** The server may come back with questions so often. */
const MOST_ROUNDS = 10;
/** Before a call that the server only put off. */
const PUT_OFF_MS = 250;

type Round = { kind: "go-on"; continuation: Continuation } | { kind: "failed"; failure: Failure };

/**
 * Sends the call by `send` until the server gives a result.
 *
 * @param send one exchange; rejects as the SDK does
 */
export async function callWithAnswers(
  send: (continuation: Continuation) => Promise<CallToolResult | InputRequiredResult>,
  questions: Questions,
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
    // Given up while the person was asked: nothing is sent any more.
    signal.throwIfAborted();
    if (next.kind === "failed") return next;
    continuation = next.continuation;
  }
  return fail("The tool asked again and again, and did not run.");
}

async function answerRequests(
  { inputRequests, requestState }: InputRequiredResult,
  questions: Questions,
  signal: AbortSignal,
): Promise<Round> {
  const requests = Object.entries((inputRequests ?? {}) as Record<string, unknown>);
  const other = requests.find(([, it]) => !isObject(it) || it["method"] !== "elicitation/create");
  if (other) {
    return fail("The server needs something of its client that Gatehouse does not offer.");
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

/** The person agrees to each of the addresses, or the call has failed. */
async function openAddresses(
  error: UrlElicitationRequiredError,
  questions: Questions,
  continuation: Continuation,
): Promise<Round> {
  const { elicitations } = error;
  if (!Array.isArray(elicitations) || elicitations.length === 0) {
    return fail("The server wants something to be opened first, and does not say what.");
  }
  for (const elicitation of elicitations) {
    const { action } = await questions.answer({ ...elicitation, mode: "url" });
    if (action !== "accept") {
      return fail("The server wants an address to be opened first, and it was not.");
    }
  }
  return { kind: "go-on", continuation };
}

/** The answer as the protocol writes it. */
export function writeAnswer(answer: Awaited<ReturnType<Questions["answer"]>>): JsonObject {
  return answer.action === "accept" && answer.content
    ? { action: "accept", content: answer.content }
    : { action: answer.action };
}

function fail(message: string): { kind: "failed"; failure: Failure } {
  return { kind: "failed", failure: { kind: "protocol-error", code: "input-required", message } };
}

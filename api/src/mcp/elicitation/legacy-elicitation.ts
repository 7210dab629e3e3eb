/** Handles elicitations that a legacy server sends as separate requests during a call (`elicitation/create`). */
import type { JSONRPCRequest, JSONRPCMessage, RequestId } from "@modelcontextprotocol/client";
import { writeAnswer } from "./call-with-elicitation.ts";
import type { ElicitationQueue } from "./elicitation-queue.ts";

export class LegacyElicitation {
  readonly #send: (message: JSONRPCMessage) => Promise<void>;
  readonly #waiting = new Map<RequestId, AbortController>();

  /** @param send runs outside of any call's trace. Its failures are ignored, because they mean that the server is gone */
  constructor(send: (message: JSONRPCMessage) => Promise<void>) {
    this.#send = send;
  }

  /** @param questions the handler of the call that the elicitation belongs to; if undefined, it is declined */
  async receive(
    { id, params }: JSONRPCRequest,
    questions: ElicitationQueue | undefined,
  ): Promise<void> {
    const withdrawn = new AbortController();
    this.#waiting.set(id, withdrawn);
    try {
      const answer = questions
        ? await questions.answer(params, withdrawn.signal)
        : ({ action: "decline" } as const);
      // The server no longer waits for the answer to a withdrawn question.
      if (withdrawn.signal.aborted) return;
      await this.#send({ jsonrpc: "2.0", id, result: writeAnswer(answer) });
    } finally {
      this.#waiting.delete(id);
    }
  }

  /** Called when the server no longer waits (`notifications/cancelled`). */
  withdraw(id: RequestId): void {
    this.#waiting.get(id)?.abort();
  }
}

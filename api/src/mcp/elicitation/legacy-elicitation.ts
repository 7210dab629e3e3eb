/** Questions that a legacy server sends as requests of its own while a call is under way (`elicitation/create`). */
import type { JSONRPCRequest, JSONRPCMessage, RequestId } from "@modelcontextprotocol/client";
import { writeAnswer } from "./call-with-elicitation.ts";
import type { Questions } from "./elicitation-queue.ts";

export class QuestionChannel {
  readonly #send: (message: JSONRPCMessage) => Promise<void>;
  readonly #waiting = new Map<RequestId, AbortController>();

  /** @param send outside any call's trace; its failure is nobody's concern: the server has gone away */
  constructor(send: (message: JSONRPCMessage) => Promise<void>) {
    this.#send = send;
  }

  /** @param questions those of the call that the question belongs to; none: it is declined */
  async receive({ id, params }: JSONRPCRequest, questions: Questions | undefined): Promise<void> {
    const withdrawn = new AbortController();
    this.#waiting.set(id, withdrawn);
    try {
      const answer = questions
        ? await questions.answer(params, withdrawn.signal)
        : ({ action: "decline" } as const);
      // Nobody listens for the answer to a question that was withdrawn.
      if (withdrawn.signal.aborted) return;
      await this.#send({ jsonrpc: "2.0", id, result: writeAnswer(answer) });
    } finally {
      this.#waiting.delete(id);
    }
  }

  /** The server no longer waits (`notifications/cancelled`). */
  withdraw(id: RequestId): void {
    this.#waiting.get(id)?.abort();
  }
}

/** The requests of one connection that have not been answered. */
import type { RequestId } from "@modelcontextprotocol/client";
import type { ElicitationQueue } from "../elicitation/elicitation-queue.ts";
import type { RequestTrace } from "./request-trace.ts";

interface PendingRequest {
  method: string;
  abort: AbortController;
  trace: RequestTrace | undefined;
}

export class PendingRequests {
  /** Whether a call was given up that the server may still be working on. */
  hasUnansweredCall = false;
  readonly #requests = new Map<RequestId, PendingRequest>();

  add(id: RequestId, request: PendingRequest): void {
    this.#requests.set(id, request);
  }

  /** Removes and returns a request. */
  take(id: RequestId): PendingRequest | undefined {
    const request = this.#requests.get(id);
    this.#requests.delete(id);
    return request;
  }

  abortAll(): void {
    for (const request of this.#requests.values()) request.abort.abort();
    this.#requests.clear();
  }

  /**
   * Returns the handler for an elicitation: that of the call in whose exchange it arrived. On a stream that does not belong to a call, it
   * is that of the only active call, provided that all earlier calls were answered; an abandoned call may still be asking.
   * @param exchange the request whose exchange is in progress
   */
  findAsked(exchange: RequestId | undefined): ElicitationQueue | undefined {
    if (exchange !== undefined) return this.#requests.get(exchange)?.trace?.questions;
    const calls = [...this.#requests.values()].filter(({ method }) => method === "tools/call");
    return calls.length === 1 && !this.hasUnansweredCall ? calls[0]?.trace?.questions : undefined;
  }
}

/** The elicitations of one call: asked one at a time, counted, and cancelled when the call ends. */
import type { PausableTimeout } from "./pausable-timeout.ts";
import { readElicitation } from "./elicitation.ts";
import type { Answer, Question } from "./elicitation.ts";

/** Handles elicitations. */
export interface Asking {
  /** Whether URLs to open may be http URLs of the local machine. */
  allowsLoopback: boolean;
  /**
   * Asks the user a question and returns the answer. Implementations apply their own time limit, because the timeout of the call is paused
   * in the meantime. Must settle soon after `signal` aborts (the call has ended or the server withdrew the question), and must reject only
   * for internal errors.
   */
  ask(question: Question, signal: AbortSignal): Promise<Answer>;
}

/** The maximum number of questions that a user is asked for one call. Further ones are declined. */
export const MAX_ELICITATIONS = 10;

const TOO_MANY = `The server asked more than ${MAX_ELICITATIONS} questions. The remaining ones were declined.`;

export class ElicitationQueue {
  readonly #asking: Asking;
  readonly #clock: PausableTimeout;
  readonly #redact: (text: string) => string;
  readonly #over = new AbortController();
  readonly #notes = new Set<string>();
  #asked = 0;
  #last: Promise<unknown> = Promise.resolve();

  constructor(asking: Asking, clock: PausableTimeout, redact: (text: string) => string) {
    this.#asking = asking;
    this.#clock = clock;
    this.#redact = redact;
    // The call timed out or was cancelled by the caller.
    clock.signal.addEventListener("abort", () => this.#over.abort(), { once: true });
  }

  /** Messages that explain why questions were not shown to the user. */
  get notes(): string[] {
    return [...this.#notes];
  }

  /**
   * Answers a question in any supported form, after all earlier ones. Rejects only for internal errors.
   *
   * @param withdrawn aborts when the server no longer waits for the answer
   */
  answer(params: unknown, withdrawn?: AbortSignal): Promise<Answer> {
    const answering = this.#last.then(() => this.#answer(params, withdrawn));
    this.#last = answering.catch(() => undefined);
    return answering;
  }

  /** Cancels the current question. Resolves when none is in progress. */
  async close(): Promise<void> {
    this.#over.abort();
    await this.#last;
  }

  async #answer(params: unknown, withdrawn: AbortSignal | undefined): Promise<Answer> {
    const over = this.#over.signal;
    if (over.aborted || withdrawn?.aborted) return { action: "cancel" };
    const read = readElicitation(params, this.#asking.allowsLoopback);
    if (read.kind === "refused") return this.#decline(read.note);
    const question = this.#redactElicitation(read.question);
    if (!question) return this.#decline("A question of the server contained a credential.");
    if (this.#asked === MAX_ELICITATIONS) return this.#decline(TOO_MANY);
    this.#asked += 1;
    const signal = withdrawn ? AbortSignal.any([over, withdrawn]) : over;
    this.#clock.pause();
    try {
      return await this.#asking.ask(question, signal);
    } finally {
      if (!over.aborted) this.#clock.resume();
    }
  }

  #decline(note: string): Answer {
    this.#notes.add(note);
    return { action: "decline" };
  }

  /** Returns null if a credential occurs in a part that must not be changed. */
  #redactElicitation(question: Question): Question | null {
    const exact = question.mode === "url" ? question.url : JSON.stringify(question.requestedSchema);
    if (this.#redact(exact) !== exact) return null;
    return { ...question, message: this.#redact(question.message) };
  }
}

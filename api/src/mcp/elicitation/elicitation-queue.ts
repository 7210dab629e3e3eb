/** The questions of one call: put one after the other, counted, and ended with the call. */
import type { CallClock } from "./pausable-timeout.ts";
import { readQuestion } from "./elicitation.ts";
import type { Answer, Question } from "./elicitation.ts";

/** Where questions go. */
export interface Asking {
  /** Addresses to open may be http ones of this machine. */
  allowsLoopback: boolean;
  /**
   * Puts a question to the person and answers what they said. Its own bound on time is its own matter: the call's timeout stands
   * still meanwhile. Must settle soon once `signal` aborts (the call is over, or the server has withdrawn the question), and must not
   * reject for anything but a fault of ours.
   */
  ask(question: Question, signal: AbortSignal): Promise<Answer>;
}

/** So many questions a person answers for one call; whatever comes then is declined. */
export const MOST_QUESTIONS = 10;

const TOO_MANY = `The server asked more than ${MOST_QUESTIONS} questions; the others were declined.`;

export class Questions {
  readonly #asking: Asking;
  readonly #clock: CallClock;
  readonly #redact: (text: string) => string;
  readonly #over = new AbortController();
  readonly #notes = new Set<string>();
  #asked = 0;
  #last: Promise<unknown> = Promise.resolve();

  constructor(asking: Asking, clock: CallClock, redact: (text: string) => string) {
    this.#asking = asking;
    this.#clock = clock;
    this.#redact = redact;
    // Out of time, or given up by the caller.
    clock.signal.addEventListener("abort", () => this.#over.abort(), { once: true });
  }

  /** Why questions were not put to the person, in sentences. */
  get notes(): string[] {
    return [...this.#notes];
  }

  /**
   * Answers a question, however it is written; those before it come first. Rejects for a fault of ours alone.
   *
   * @param withdrawn the server no longer waits for the answer
   */
  answer(params: unknown, withdrawn?: AbortSignal): Promise<Answer> {
    const answering = this.#last.then(() => this.#answer(params, withdrawn));
    this.#last = answering.catch(() => undefined);
    return answering;
  }

  /** Ends what is being asked; resolves once nothing is any more. */
  async close(): Promise<void> {
    this.#over.abort();
    await this.#last;
  }

  async #answer(params: unknown, withdrawn: AbortSignal | undefined): Promise<Answer> {
    const over = this.#over.signal;
    if (over.aborted || withdrawn?.aborted) return { action: "cancel" };
    const read = readQuestion(params, this.#asking.allowsLoopback);
    if (read.kind === "refused") return this.#decline(read.note);
    const question = this.#redactQuestion(read.question);
    if (!question) return this.#decline("The server asked with a credential of ours in its words.");
    if (this.#asked === MOST_QUESTIONS) return this.#decline(TOO_MANY);
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

  /** Null where a credential stands in what has to stay as it is. */
  #redactQuestion(question: Question): Question | null {
    const exact = question.mode === "url" ? question.url : JSON.stringify(question.requestedSchema);
    if (this.#redact(exact) !== exact) return null;
    return { ...question, message: this.#redact(question.message) };
  }
}

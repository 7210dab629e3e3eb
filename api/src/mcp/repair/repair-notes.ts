/** Collects messages about omissions and corrections. Their number is limited; further ones are only counted. */
import { shortenMessage } from "../failure.ts";

const MOST_NOTES = 50;

export class Notes {
  readonly #kept: string[] = [];
  #more = 0;

  /** Messages are limited because they contain names chosen by the server. */
  add(note: string): void {
    if (this.#kept.length < MOST_NOTES) this.#kept.push(shortenMessage(note).toWellFormed());
    else this.#more += 1;
  }

  /** Adds the messages of another collection, including its count of further messages. */
  addAll(notes: readonly string[], more: number): void {
    for (const note of notes) this.add(note);
    this.#more += more;
  }

  get kept(): string[] {
    return [...this.#kept];
  }

  /** The number of messages that were only counted. */
  get more(): number {
    return this.#more;
  }

  /** Returns all messages, with `first` at the beginning. */
  summarize(first?: string): string[] {
    const all = first === undefined ? this.#kept : [first, ...this.#kept];
    const shown = all.slice(0, MOST_NOTES);
    const more = this.#more + all.length - shown.length;
    return more > 0 ? [...shown, `${more} more notes were omitted.`] : shown;
  }
}

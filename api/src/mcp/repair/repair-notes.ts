/** What was left out or mended, in sentences; so many are kept, the rest is counted. */
import { shortenMessage } from "../failure.ts";

const MOST_NOTES = 50;

export class Notes {
  readonly #kept: string[] = [];
  #more = 0;

  /** A server chooses the names in the notes, and how many there are. */
  add(note: string): void {
    if (this.#kept.length < MOST_NOTES) this.#kept.push(shortenMessage(note).toWellFormed());
    else this.#more += 1;
  }

  /** What another has collected, which may have been more than it kept. */
  addAll(notes: readonly string[], more: number): void {
    for (const note of notes) this.add(note);
    this.#more += more;
  }

  get kept(): string[] {
    return [...this.#kept];
  }

  /** How many were counted alone. */
  get more(): number {
    return this.#more;
  }

  /** All in words; `first` stands before the others. */
  summarize(first?: string): string[] {
    const all = first === undefined ? this.#kept : [first, ...this.#kept];
    const shown = all.slice(0, MOST_NOTES);
    const more = this.#more + all.length - shown.length;
    return more > 0 ? [...shown, `And ${more} more of the kind.`] : shown;
  }
}

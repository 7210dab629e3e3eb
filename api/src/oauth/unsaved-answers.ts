/**
 * Responses of the authorization server that could not be stored yet. They are served from memory,
 * and stored as soon as the database is available.
 */
import type { Sleep } from "./ports.ts";

export interface UnsavedAnswers<Answer> {
  find(grantId: string): Answer | null;
  /**
   * Keeps the response, and retries `save` with increasing delays until it succeeds, or `close` was
   * called.
   */
  keep(grantId: string, answer: Answer): void;
  /** Tries to save each response once more, then drops them. */
  close(): Promise<void>;
}

const firstDelayMs = 250;
const maxDelayMs = 10_000;

/** @param options.save throws if the database is unavailable */
export function createUnsavedAnswers<Answer>(options: {
  save: (answer: Answer) => Promise<unknown>;
  sleep: Sleep;
}): UnsavedAnswers<Answer> {
  const { save, sleep } = options;
  const kept = new Map<string, Answer>();
  const retries = new Set<Promise<void>>();
  const closing = new AbortController();

  const retry = async (grantId: string, answer: Answer): Promise<void> => {
    for (let delayMs = firstDelayMs; ; delayMs = Math.min(delayMs * 2, maxDelayMs)) {
      await sleep(delayMs, closing.signal).catch(() => {});
      const last = closing.signal.aborted;
      try {
        await save(answer);
        break;
      } catch {
        if (last) break;
      }
    }
    if (kept.get(grantId) === answer) kept.delete(grantId);
  };

  return {
    find: (grantId) => kept.get(grantId) ?? null,
    keep(grantId, answer) {
      kept.set(grantId, answer);
      const running = retry(grantId, answer).finally(() => retries.delete(running));
      retries.add(running);
    },
    async close() {
      closing.abort();
      await Promise.all(retries);
    },
  };
}

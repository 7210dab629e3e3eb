import type { LiveResults } from "#graphql/live/subscriber.ts";
import type { LiveResult } from "#graphql/live/shared-results.ts";

export interface LiveSending {
  /** Resolves when there is room for the next. */
  send(message: string): Promise<void>;
  /** A result as its client may see it. */
  write(live: LiveResult): string;
}

/**
 * Sends the results of a subscription as they come, and yields none of them: graphql-ws, which waits for what is yielded, would write
 * each anew for every subscriber. It still tells when the subscription is over, and ends it.
 * @param id the client's name for the subscription
 */
export function sendResults(
  results: LiveResults,
  id: string,
  { send, write }: LiveSending,
): AsyncGenerator<never, undefined> {
  const begin = `{"id":${JSON.stringify(id)},"type":"next","payload":`;
  let isOver = false;
  const end = async () => {
    isOver = true;
    await results.return?.();
    return { done: true, value: undefined } as const;
  };
  return {
    async next() {
      for (;;) {
        const step = await results.next();
        if (step.done || isOver) return { done: true, value: undefined };
        await send(`${begin}${write(step.value)}}`);
      }
    },
    return: end,
    throw: end,
    [Symbol.asyncIterator]() {
      return this;
    },
    [Symbol.asyncDispose]: async () => void (await end()),
  };
}

import type { LiveResults } from "#graphql/live/subscriber.ts";
import type { LiveResult } from "#graphql/live/shared-results.ts";

export interface LiveSending {
  /** Resolves when the next message can be sent. */
  send(message: string): Promise<void>;
  /** Serializes a result in the form that its client may see. */
  write(live: LiveResult): string;
}

/**
 * Sends the results of a subscription as they arrive, and yields none of them: graphql-ws would
 * serialize each yielded result again for every subscriber. graphql-ws still reports the end of the
 * subscription, and can end it.
 * @param id the subscription id of the client
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

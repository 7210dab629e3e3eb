/** What ends a generator from outside, and what ends it from within what it waits for. */
export type Aborting = [signal: AbortSignal, abort: (reason: Error) => void];

/**
 * Ties a generator that waits inside to its consumer: `return()` on a generator takes effect only when it next yields, so the
 * abort must come first or a closed subscription would stay until the next event.
 */
export function abortable<T>(
  start: (...aborting: Aborting) => AsyncGenerator<T, void>,
): AsyncIterable<T> {
  return {
    [Symbol.asyncIterator]() {
      const controller = new AbortController();
      const generator = start(controller.signal, (reason) => controller.abort(reason));
      return {
        next: () => generator.next(),
        return: () => {
          controller.abort();
          return generator.return();
        },
        throw: (error) => {
          controller.abort();
          return generator.throw(error);
        },
      };
    },
  };
}

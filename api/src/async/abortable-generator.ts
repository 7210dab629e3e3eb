/**
 * A signal that aborts when the consumer of a generator stops, and a function with which the work
 * inside can abort it.
 */
export type Aborting = [signal: AbortSignal, abort: (reason: Error) => void];

/**
 * Aborts a waiting generator when its consumer stops. `return()` on a generator takes effect only
 * at its next yield, so without the abort a closed subscription would stay until the next event.
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

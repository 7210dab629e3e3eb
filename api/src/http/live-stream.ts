/** The open streams, so that a shutdown can end them. */
export interface LiveStreams {
  /**
   * Passes the body on until it ends, its reader disconnects, or `end` is called. The last words
   * are only sent between two messages.
   * @param onOpen receives the function that ends the stream, and returns a function that is called
   * once when the stream has ended
   */
  track(response: Response, onOpen: (end: (lastWords?: string) => void) => () => void): Response;
  endAll(): void;
}

export interface LiveStreamsOptions {
  /** A stream is aborted if the client has not read a message after this time, in milliseconds. */
  slowConsumerMs: number;
  onSlow(): void;
}

export function createLiveStreams(options: LiveStreamsOptions): LiveStreams {
  const open = new Set<() => void>();
  return {
    track(response, onOpen) {
      if (!response.body) return response;
      const source = response.body;
      const reader = source.getReader();
      const release = () => {
        reader.cancel().catch(() => {});
        // Yoga's streams delay a reader's cancel until the pending read has ended, so a
        // subscription would stay open until the next ping. A native stream rejects this second
        // call, because it is locked.
        source.cancel().catch(() => {});
      };
      let over = false;
      let onOver = () => {};
      const endSilently = () => end();
      /** Returns false if the stream had already ended. */
      const settle = (): boolean => {
        if (over) return false;
        over = true;
        open.delete(endSilently);
        onOver();
        return true;
      };
      let end: (lastWords?: string) => void = () => {};
      let isBetweenMessages = true;
      let slow: NodeJS.Timeout | undefined;
      const body = new ReadableStream<Uint8Array>({
        start(controller) {
          end = (lastWords) => {
            if (!settle()) return;
            release();
            if (lastWords !== undefined && isBetweenMessages)
              controller.enqueue(new TextEncoder().encode(lastWords));
            controller.close();
          };
          open.add(endSilently);
          const onEnded = onOpen(end);
          onOver = () => {
            clearTimeout(slow);
            onEnded();
          };
        },
        async pull(controller) {
          clearTimeout(slow);
          try {
            const { done, value } = await reader.read();
            if (!done) {
              slow = setTimeout(() => {
                if (!settle()) return;
                options.onSlow();
                release();
                // Aborted instead of closed: otherwise a client that continues to read would treat
                // it as the regular end of the events.
                controller.error(new Error("too slow"));
              }, options.slowConsumerMs).unref();
              // If there is room, the stream is pulled again immediately, which stops the timer.
              isBetweenMessages = endsMessage(value);
              controller.enqueue(value);
            } else if (settle()) controller.close();
          } catch (error) {
            if (settle()) throw error;
          }
        },
        cancel() {
          if (settle()) release();
        },
      });
      return new Response(body, response);
    },
    endAll: () => open.forEach((end) => end()),
  };
}

/** A blank line ends a message of server-sent events. */
function endsMessage(chunk: Uint8Array): boolean {
  const newline = 10;
  return chunk.at(-1) === newline && chunk.at(-2) === newline;
}

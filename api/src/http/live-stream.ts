/** The streams that are open now, so that a shutdown can end them. */
export interface LiveStreams {
  /**
   * Passes the body on until it ends, its reader leaves, or `end` is called: with last words, if they can be said between two messages.
   * @param onOpen is given what ends the stream; returns what to do once it is over, however it ended.
   */
  track(response: Response, onOpen: (end: (lastWords?: string) => void) => () => void): Response;
  endAll(): void;
}

export interface LiveStreamsOptions {
  /** What the client has not taken after so long breaks its stream off. */
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
        // The streams that Yoga brings along queue a reader's cancel behind the pending read, so a subscription would outlive its
        // client until the next ping. A native stream refuses this second call, as it is locked.
        source.cancel().catch(() => {});
      };
      let over = false;
      let onOver = () => {};
      const endSilently = () => end();
      /** False when it was over already. */
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
                // Not closed: a client that reads on must not take it for the end of the events.
                controller.error(new Error("too slow"));
              }, options.slowConsumerMs).unref();
              // When there is room for more it is pulled for again at once, which stops the clock.
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

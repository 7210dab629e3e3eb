/** The streams that are open now, so that a shutdown can end them. */
export interface LiveStreams {
  /**
   * Passes the body on until it ends, its reader leaves, or `end` is called.
   * @param onOpen is given what ends the stream; returns what to do once it is over, however it ended.
   */
  track(response: Response, onOpen: (end: () => void) => () => void): Response;
  endAll(): void;
}

export function createLiveStreams(): LiveStreams {
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
      /** False when it was over already. */
      const settle = (end: () => void): boolean => {
        if (over) return false;
        over = true;
        open.delete(end);
        onOver();
        return true;
      };
      let end = () => {};
      const body = new ReadableStream<Uint8Array>({
        start(controller) {
          end = () => {
            if (!settle(end)) return;
            release();
            controller.close();
          };
          open.add(end);
          onOver = onOpen(end);
        },
        async pull(controller) {
          try {
            const { done, value } = await reader.read();
            if (!done) controller.enqueue(value);
            else if (settle(end)) controller.close();
          } catch (error) {
            if (settle(end)) throw error;
          }
        },
        cancel() {
          if (settle(end)) release();
        },
      });
      return new Response(body, response);
    },
    endAll: () => open.forEach((end) => end()),
  };
}

import type { WebSocket } from "ws";

/**
 * Waits until the message was sent, so that a slow client slows down its own subscriptions instead
 * of filling the memory of this process. The connection of a client that is slower than `limitMs`
 * is closed.
 */
export function send(
  socket: WebSocket,
  message: string,
  limitMs: number,
  onSlow: () => void,
): Promise<void> {
  return new Promise((resolve) => {
    let timer: NodeJS.Timeout | undefined;
    socket.send(message, () => {
      clearTimeout(timer);
      resolve();
    });
    // Most messages have been sent by now.
    if (socket.bufferedAmount > 0) timer = setTimeout(onSlow, limitMs).unref();
  });
}

/** Resolves when the socket is closed. */
export async function waitForClose(socket: WebSocket): Promise<void> {
  if (socket.readyState === socket.CLOSED) return;
  await new Promise((resolve) => socket.once("close", resolve));
}

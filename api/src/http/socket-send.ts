import type { WebSocket } from "ws";

/**
 * Waits until the message has left, so that a slow client slows its own subscriptions down instead of filling our memory. One that is
 * slower than `limitMs` is given up.
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
    // Most messages have left by now.
    if (socket.bufferedAmount > 0) timer = setTimeout(onSlow, limitMs).unref();
  });
}

/** Resolves when it is closed. */
export async function waitForClose(socket: WebSocket): Promise<void> {
  if (socket.readyState === socket.CLOSED) return;
  await new Promise((resolve) => socket.once("close", resolve));
}

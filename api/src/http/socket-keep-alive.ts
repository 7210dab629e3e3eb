import type { WebSocket } from "ws";

/**
 * Sends a ping every `intervalMs` and closes the connection if there was no response before the
 * next one. Returns a function that stops it.
 */
export function keepAlive(socket: WebSocket, intervalMs: number): () => void {
  let answered = true;
  socket.on("pong", () => {
    answered = true;
  });
  const timer = setInterval(() => {
    if (!answered) return socket.terminate();
    answered = false;
    socket.ping();
  }, intervalMs).unref();
  return () => clearInterval(timer);
}

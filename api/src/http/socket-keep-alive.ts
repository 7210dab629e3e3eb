import type { WebSocket } from "ws";

/** Pings every `intervalMs` and drops a peer that has not answered by the next one. Returns what stops it. */
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

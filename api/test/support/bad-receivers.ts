import { once } from "node:events";
import { createServer, type Socket } from "node:net";

/** How a receiver misbehaves: it never answers, answers a byte at a time, resets the connection, or fails. */
export type Misbehavior = "hangs" | "drips" | "resets" | "fails";
export const misbehaviors: readonly Misbehavior[] = ["hangs", "drips", "resets", "fails"];

export interface BadReceiver extends AsyncDisposable {
  url: string;
  /** Requests so far. */
  requests(): number;
  /** Connections that are open now. */
  connections(): number;
}

export async function startBadReceiver(misbehavior: Misbehavior): Promise<BadReceiver> {
  const sockets = new Set<Socket>();
  let requests = 0;
  const server = createServer((socket) => {
    sockets.add(socket);
    let dripping: NodeJS.Timeout | undefined;
    socket.on("error", () => {});
    socket.on("close", () => {
      clearInterval(dripping);
      sockets.delete(socket);
    });
    socket.on("data", (chunk) => {
      if (!chunk.toString("latin1").startsWith("POST")) return;
      requests += 1;
      if (misbehavior === "resets") socket.resetAndDestroy();
      if (misbehavior === "fails")
        socket.write("HTTP/1.1 500 Internal Server Error\r\ncontent-length: 0\r\n\r\n");
      if (misbehavior === "drips") {
        socket.write("HTTP/1.1 200 OK\r\nx-padding: ");
        dripping ??= setInterval(() => socket.write("x"), 200);
      }
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return {
    url: `http://127.0.0.1:${address.port}/hook`,
    requests: () => requests,
    connections: () => sockets.size,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}

import { connect, createServer, type Socket } from "node:net";

export interface StatementCounter extends AsyncDisposable {
  /** The database's URL through the counter. */
  url: string;
  /** Statements sent so far, over all connections. */
  count(): number;
}

/** The frontend messages that run something (PostgreSQL protocol 3.0): Query, and Execute of a prepared statement. */
const running = new Set(["Q", "E"].map((letter) => letter.charCodeAt(0)));

/** A proxy in front of PostgreSQL that counts the statements that pass. */
export async function startStatementCounter(databaseUrl: string): Promise<StatementCounter> {
  const target = new URL(databaseUrl);
  const sockets = new Set<Socket>();
  let statements = 0;

  // Without delay: small messages that wait for each other would cost 40 ms a statement.
  const server = createServer({ noDelay: true }, (client) => {
    const upstream = connect({
      port: Number(target.port),
      host: target.hostname,
      noDelay: true,
    });
    let pending = Buffer.alloc(0);
    let isStarted = false;
    client.on("data", (chunk) => {
      pending = Buffer.concat([pending, chunk]);
      // The first message has no type: a length and the start-up parameters.
      for (;;) {
        const header = isStarted ? 1 : 0;
        if (pending.length < header + 4) break;
        const end = header + pending.readInt32BE(header);
        if (pending.length < end) break;
        if (isStarted && running.has(pending[0] ?? 0)) statements += 1;
        isStarted = true;
        pending = pending.subarray(end);
      }
    });
    client.pipe(upstream).pipe(client);
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on("error", () => socket.destroy());
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  const url = new URL(databaseUrl);
  url.port = String(address.port);
  return {
    url: url.href,
    count: () => statements,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

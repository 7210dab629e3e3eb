import { connect, createServer, type Socket } from "node:net";

export interface HeldAnswer {
  /** Resolves when the database has answered a matching statement. */
  held: Promise<void>;
  /** Lets that answer, and every later one, through. */
  release(): void;
}

export interface AnswerGate extends AsyncDisposable {
  /** The database's URL through the gate. */
  url: string;
  /** Withholds the answer to the next statement whose text matches. Other connections are not affected. */
  hold(statement: RegExp): HeldAnswer;
}

/** A proxy in front of PostgreSQL that can stop the clock between the reading of a row and its use. */
export async function startAnswerGate(databaseUrl: string): Promise<AnswerGate> {
  const target = new URL(databaseUrl);
  const sockets = new Set<Socket>();
  let waiting: { statement: RegExp; onHeld(release: () => void): void } | null = null;

  const server = createServer({ noDelay: true }, (client) => {
    const upstream = connect({
      port: Number(target.port),
      host: target.hostname,
      noDelay: true,
    });
    let toHold: ((release: () => void) => void) | null = null;
    client.on("data", (chunk: Buffer) => {
      if (waiting?.statement.test(chunk.toString("latin1"))) {
        toHold = waiting.onHeld;
        waiting = null;
      }
      upstream.write(chunk);
    });
    upstream.on("data", (chunk: Buffer) => {
      if (!toHold) return void client.write(chunk);
      const tell = toHold;
      toHold = null;
      upstream.pause();
      tell(() => {
        client.write(chunk);
        upstream.resume();
      });
    });
    client.on("close", () => upstream.destroy());
    upstream.on("close", () => client.destroy());
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
    hold(statement) {
      let release = () => {};
      const held = new Promise<void>((resolve) => {
        waiting = {
          statement,
          onHeld(letThrough) {
            release = letThrough;
            resolve();
          },
        };
      });
      return { held, release: () => release() };
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

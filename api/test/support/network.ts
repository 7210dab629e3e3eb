import { connect, createServer, type Socket } from "node:net";

/** What lies between a program and Gatehouse. */
export interface Network extends AsyncDisposable {
  url: string;
  /** Breaks what is open, and lets nothing through until `mend`. */
  cut(): void;
  mend(): void;
}

/** @param port where the program finds Gatehouse */
export async function startNetwork(port: number, targetUrl: string): Promise<Network> {
  const target = Number(new URL(targetUrl).port);
  const sockets = new Set<Socket>();
  let isCut = false;
  const hold = (socket: Socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket)).on("error", () => {});
  };
  const server = createServer((near) => {
    hold(near);
    if (isCut) return near.destroy();
    const far = connect(target, "127.0.0.1");
    hold(far);
    near.pipe(far).pipe(near);
    near.on("close", () => far.destroy());
    far.on("close", () => near.destroy());
  });
  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  const breakAll = () => sockets.forEach((socket) => socket.destroy());
  return {
    url: `http://localhost:${port}`,
    cut() {
      isCut = true;
      breakAll();
    },
    mend: () => void (isCut = false),
    async [Symbol.asyncDispose]() {
      breakAll();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

import { createServer } from "node:http";
import type { RequestListener } from "node:http";
import type { AddressInfo } from "node:net";

/** A server under test; `close` drops its connections at once. */
export interface Counterparty {
  /** Of the MCP endpoint. */
  url: string;
  close(): Promise<void>;
}

/** Serves `listener` on a loopback port, a free one if it is 0; `url` ends in `path`. */
export async function listenOnLoopback(
  listener: RequestListener,
  path = "/mcp",
  port = 0,
): Promise<Counterparty> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  const { port: bound } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${bound}${path}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

import { createServer, type RequestListener, type Server } from "node:http";
import { getRequestListener } from "@hono/node-server";
import type { ProtectedResourceServer } from "./mcp/protected-resource.ts";

/** A server that listens before it serves, because what it serves must know its port. */
interface Listener {
  readonly origin: string;
  serve(listener: RequestListener): void;
  /** Ends all connections and refuses new ones, until `resume`. */
  interrupt(): Promise<void>;
  /** Listens at the same port again, if it does not. */
  resume(): Promise<void>;
  /** Stops listening and ends all connections, streams too. */
  close(): Promise<void>;
}

function formatHost(host: string): string {
  return host.includes(":") ? `[${host}]` : host;
}

async function bind(server: Server, host: string, port: number): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once("error", reject);
  server.listen(port, host, resolve);
  await promise;
  server.off("error", reject);
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no TCP address");
  return address.port;
}

/** Binds `port` (0: any free one) of `host`; throws the system's error when it is taken. */
export async function listen(host: string, port: number): Promise<Listener> {
  // Longer than clients keep a connection: one that is closed while a request is on its way costs that request.
  const server = createServer({ keepAliveTimeout: 60_000 });
  const boundPort = await bind(server, host, port);
  const authority = `${formatHost(host)}:${boundPort}`;
  const stop = async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    server.close(() => resolve());
    server.closeAllConnections();
    await promise;
  };
  return {
    origin: `http://${authority}`,
    serve(listener) {
      server.on("request", (request, response) => {
        // A page elsewhere whose name was made to resolve to this machine asks with its own name.
        if (request.headers.host === authority) return listener(request, response);
        response.writeHead(421, { "content-type": "text/plain" });
        response.end(`Open http://${authority} instead.\n`);
      });
    },
    interrupt: stop,
    async resume() {
      if (!server.listening) await bind(server, host, boundPort);
    },
    close: stop,
  };
}

/** Sends each request to the MCP server whose path it names, and all others to `otherwise`. */
export function routeRequests(
  servers: readonly ProtectedResourceServer[],
  otherwise: RequestListener,
): RequestListener {
  const routes = new Map<string, RequestListener>();
  for (const server of servers) {
    // The globals of this process belong to the application around the sandbox.
    const answer = getRequestListener(server.fetch, { overrideGlobalObjects: false });
    const listener: RequestListener = (request, response) => void answer(request, response);
    routes.set(server.mcpPath, listener);
    routes.set(server.metadataPath, listener);
  }
  return (request, response) => {
    const path = (request.url ?? "/").split("?", 1)[0] ?? "/";
    return (routes.get(path) ?? otherwise)(request, response);
  };
}

/** Answers what is not there. */
export const answerNotFound: RequestListener = (_request, response) => {
  response.writeHead(404, { "content-type": "text/plain" });
  response.end("Not found\n");
};

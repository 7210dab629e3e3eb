/** A2: what a response occupies is given back, however its connection or its operation ends. */
import { type IncomingMessage, request } from "node:http";

import { expect, it, onTestFinished } from "vitest";
import { WebSocket } from "ws";

import type { GraphQLHandler, RequestContext } from "./graphql-handler.ts";
import { COOKIE, createTestSessions, PUBLIC_URL, startTestServer } from "./testing/test-server.ts";

/** Operations that end when a test says so, and what was reported about their responses. */
function createHeldOperations() {
  const operations: { finish(): void; closed: boolean[] }[] = [];
  const waiting: (() => void)[] = [];
  async function run({ lifetime }: RequestContext): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const operation = { finish: resolve, closed: [] as boolean[] };
    lifetime?.onClose((wasSent) => {
      operation.closed.push(wasSent);
      waiting.splice(0).forEach((proceed) => proceed());
    });
    operations.push(operation);
    waiting.splice(0).forEach((proceed) => proceed());
    await promise;
  }
  /** Resolves when the condition holds; looked at whenever something was reported. */
  async function until(isTrue: () => boolean): Promise<void> {
    while (!isTrue()) await new Promise<void>((resolve) => waiting.push(resolve));
  }
  return { operations, run, until };
}

it("A2 a response whose caller disconnected before its operation began is reported as closed", async () => {
  const held = createHeldOperations();
  const sessions = createTestSessions();
  const asked = Promise.withResolvers<void>();
  const proceed = Promise.withResolvers<void>();
  const graphql = {
    async fetch(_request: Request, context: RequestContext) {
      await held.run(context);
      return Response.json({});
    },
  } as unknown as GraphQLHandler;
  await using server = await startTestServer({
    graphql,
    viewers: {
      ...sessions.viewers,
      async resolveViewer(headers) {
        asked.resolve();
        await proceed.promise;
        return sessions.viewers.resolveViewer(headers);
      },
    },
  });
  const { promise: disconnected, resolve: noteDisconnected } = Promise.withResolvers<void>();
  const caller = request(`${server.url}/graphql`, {
    method: "POST",
    headers: { host: "localhost:4000", cookie: COOKIE, "content-type": "application/json" },
  });
  caller.on("error", () => {});
  caller.on("close", noteDisconnected);
  caller.end('{"query":"{ whoami }"}');
  await asked.promise;
  caller.socket?.resetAndDestroy();
  await disconnected;
  // The next connection is accepted after the end of this one has been handled.
  await server.send("/healthz");
  proceed.resolve();
  await held.until(() => held.operations.length === 1);
  onTestFinished(() => held.operations[0]?.finish());
  await held.until(() => held.operations[0]?.closed.length === 1);
  expect(held.operations[0]?.closed).toEqual([false]);
});

it("A2 an operation on a socket whose id is used again is reported as closed, once", async () => {
  const held = createHeldOperations();
  const { schema, parse, validate } = await import("graphql").then((graphql) => ({
    schema: graphql.buildSchema("type Query { whoami: String }"),
    parse: graphql.parse,
    validate: graphql.validate,
  }));
  const graphql = {
    getEnveloped: () => ({ schema, parse, validate }),
    async getResultForParams(_operation: object, context: RequestContext) {
      await held.run(context);
      return { data: {} };
    },
  } as unknown as GraphQLHandler;
  await using server = await startTestServer({ graphql });
  const socket = new WebSocket(
    `${server.url.replace("http", "ws")}/graphql`,
    "graphql-transport-ws",
    { headers: { host: "localhost:4000", cookie: COOKIE, origin: PUBLIC_URL } },
  );
  const received: { id?: string; type: string }[] = [];
  let onMessage = () => {};
  socket.on("message", (message: Buffer) => {
    received.push(JSON.parse(message.toString()));
    onMessage();
  });
  const hear = async (type: string) => {
    while (!received.some((message) => message.type === type))
      await new Promise<void>((resolve) => (onMessage = resolve));
  };
  const say = (message: object) => socket.send(JSON.stringify(message));
  const run = { id: "1", type: "subscribe", payload: { query: "{ whoami }" } };
  await new Promise((resolve) => socket.once("open", resolve));
  say({ type: "connection_init" });
  await hear("connection_ack");

  say(run);
  await held.until(() => held.operations.length === 1);
  say({ id: "1", type: "complete" });
  say(run);
  await held.until(() => held.operations.length === 2);
  expect(held.operations.map(({ closed }) => closed)).toEqual([[false], []]);
  // The first one ends: the second is still running, and keeps its id.
  held.operations[0]?.finish();
  say({ type: "ping" });
  await hear("pong");
  expect(held.operations.map(({ closed }) => closed)).toEqual([[false], []]);
  held.operations[1]?.finish();
  await hear("complete");
  expect(held.operations.map(({ closed }) => closed)).toEqual([[false], [true]]);
  expect(received.filter(({ type }) => type === "next")).toHaveLength(1);
  socket.close();
});

it("A2 a response that is not read ends with its connection", async () => {
  const held = createHeldOperations();
  const graphql = {
    async fetch(_request: Request, context: RequestContext) {
      const run = held.run(context);
      held.operations[0]?.finish();
      await run;
      return new Response("x".repeat(32 * 1024 * 1024));
    },
  } as unknown as GraphQLHandler;
  await using server = await startTestServer({ graphql, limits: { maxSendMs: 100 } });
  const { promise: answered, resolve } = Promise.withResolvers<IncomingMessage>();
  request(
    `${server.url}/graphql`,
    { method: "POST", headers: { host: "localhost:4000", "content-type": "application/json" } },
    resolve,
  ).end('{"query":"{ whoami }"}');
  const response = await answered;
  response.on("error", () => {});
  await held.until(() => held.operations[0]?.closed.length === 1);
  expect(held.operations[0]?.closed).toEqual([false]);
  response.destroy();
});

import { request } from "node:http";
import type { IncomingMessage } from "node:http";
import { text } from "node:stream/consumers";

import { expect, it } from "vitest";
import { WebSocket } from "ws";

import { COOKIE, startTestServer } from "./testing/test-server.ts";

const NO_SOCKETS = {
  getEnveloped: () => expect.unreachable(),
  getResultForParams: () => expect.unreachable(),
  subscribe: () => expect.unreachable(),
};

function post(url: string, agent: false | undefined): Promise<IncomingMessage> {
  const { hostname, port } = new URL(url);
  const headers = { host: "localhost:4000", "content-type": "application/json", cookie: COOKIE };
  return new Promise((resolve, reject) => {
    request({ hostname, port, path: "/graphql", method: "POST", headers, agent }, resolve)
      .on("error", reject)
      .end('{"query":"{ whoami }"}');
  });
}

it("lets a running request finish, refuses new ones, and keeps no connection", async () => {
  let proceed = () => {};
  let arrive = () => {};
  const arrived = new Promise<void>((resolve) => (arrive = resolve));
  const gate = new Promise<void>((resolve) => (proceed = resolve));
  await using server = await startTestServer({
    graphql: {
      async fetch() {
        arrive();
        await gate;
        return Response.json({ data: "late" });
      },
      ...NO_SOCKETS,
    },
  });
  const running = post(server.url, undefined);
  await arrived;
  const closed = server.close();
  await expect(post(server.url, false)).rejects.toMatchObject({ code: "ECONNREFUSED" });
  proceed();
  const answer = await running;
  expect(answer.headers.connection).toBe("close");
  expect(await text(answer)).toBe('{"data":"late"}');
  await closed;
});

it("destroys what does not finish in time", async () => {
  let arrive = () => {};
  const arrived = new Promise<void>((resolve) => (arrive = resolve));
  await using server = await startTestServer({
    limits: { closeTimeoutMs: 100 },
    graphql: {
      fetch() {
        arrive();
        return new Promise(() => {});
      },
      ...NO_SOCKETS,
    },
  });
  const running = post(server.url, false);
  const failed = expect(running).rejects.toMatchObject({ code: "ECONNRESET" });
  await arrived;
  await server.close();
  await failed;
});

it("ends streams and sockets at once", async () => {
  const server = await startTestServer();
  const { port } = new URL(server.url);
  const headers = { host: "localhost:4000", cookie: COOKIE };
  const socket = new WebSocket(
    `${server.url.replace("http", "ws")}/graphql`,
    "graphql-transport-ws",
    { headers },
  );
  await new Promise((resolve) => socket.once("open", resolve));
  const code = new Promise((resolve) => socket.once("close", resolve));
  const stream = await new Promise<IncomingMessage>((resolve, reject) => {
    const accept = { accept: "text/event-stream", "content-type": "application/json" };
    request(
      {
        hostname: "127.0.0.1",
        port,
        path: "/graphql",
        method: "POST",
        headers: { ...headers, ...accept },
      },
      resolve,
    )
      .on("error", reject)
      .end('{"query":"subscription { forever }"}');
  });
  const received = text(stream);
  const released = server.subscriptions.released();
  await Promise.all([server.close(), released]);
  expect(await code).toBe(1012);
  expect(await received).toContain("open");
  expect(server.subscriptions.openCount).toBe(0);
});

it("says why it cannot listen", async () => {
  await using server = await startTestServer();
  const port = Number(new URL(server.url).port);
  await expect(startTestServer({ port })).rejects.toMatchObject({ code: "EADDRINUSE" });
});

it("answers an upgrade to anything but WebSocket as the plain request that it is", async () => {
  await using server = await startTestServer();
  const headers = {
    connection: "Upgrade, HTTP2-Settings",
    upgrade: "h2c",
    "http2-settings": "AAMAAABkAAQCAAAA",
  };
  expect((await server.send("/healthz", { headers })).status).toBe(200);
});

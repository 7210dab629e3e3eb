import { createClient, MessageType } from "graphql-ws";
import type { ClientOptions } from "graphql-ws";
import { describe, expect, it, vi } from "vitest";
import { WebSocket } from "ws";
import type { ClientOptions as SocketOptions } from "ws";

import {
  COOKIE,
  createTestSessions,
  createViewer,
  PUBLIC_URL,
  startTestServer,
} from "./testing/test-server.ts";
import type { TestServer } from "./testing/test-server.ts";

const OURS = { host: "localhost:4000", cookie: COOKIE, origin: PUBLIC_URL };

interface Opened {
  socket: WebSocket;
  say: (message: object) => void;
  /** The next message of the server. */
  hear: () => Promise<Record<string, unknown>>;
  closed: Promise<number>;
}

/** A socket of the bare protocol. Rejects with the HTTP status as cause when the upgrade is refused. */
async function open(
  server: TestServer,
  headers: Record<string, string> = OURS,
  {
    path = "/graphql",
    protocol = "graphql-transport-ws",
    ...options
  }: SocketOptions & { path?: string; protocol?: string } = {},
): Promise<Opened> {
  const url = server.url.replace("http", "ws") + path;
  const socket = new WebSocket(url, protocol, { ...options, headers });
  const inbox: Record<string, unknown>[] = [];
  const readers: ((message: Record<string, unknown>) => void)[] = [];
  socket.on("message", (received: Buffer) => {
    const message = JSON.parse(received.toString());
    const reader = readers.shift();
    if (reader) reader(message);
    else inbox.push(message);
  });
  const closed = new Promise<number>((resolve) => socket.once("close", resolve));
  await new Promise<void>((resolve, reject) => {
    socket.once("open", resolve);
    socket.once("unexpected-response", (_request, { statusCode }) =>
      reject(new Error("refused", { cause: statusCode })),
    );
    socket.on("error", reject);
  });
  return {
    socket,
    say: (message) => socket.send(JSON.stringify(message)),
    hear() {
      const message = inbox.shift();
      return message ? Promise.resolve(message) : new Promise((resolve) => readers.push(resolve));
    },
    closed,
  };
}

/** The same, past `connection_init`. */
async function connect(
  server: TestServer,
  headers?: Record<string, string>,
  options?: SocketOptions,
): Promise<Opened> {
  const opened = await open(server, headers, options);
  opened.say({ type: MessageType.ConnectionInit });
  expect(await opened.hear()).toEqual({ type: MessageType.ConnectionAck });
  return opened;
}

function subscribe(id: string, query: string) {
  return { id, type: MessageType.Subscribe, payload: { query } };
}

describe("upgrade", () => {
  it.each([
    ["our Origin", OURS, undefined, "opens"],
    [
      "no Origin, as scripts send none",
      { host: "localhost:4000", cookie: COOKIE },
      undefined,
      "opens",
    ],
    ["a foreign Origin", { ...OURS, origin: "http://localhost:4010" }, undefined, 403],
    ["Origin null", { ...OURS, origin: "null" }, undefined, 403],
    [
      "a foreign Origin without a cookie",
      { host: "localhost:4000", origin: "http://a.example" },
      undefined,
      "opens",
    ],
    ["a foreign Host", { ...OURS, host: "rebound.example" }, undefined, 421],
    ["another path", OURS, "/api/graphql", 404],
    ["a query", OURS, "/graphql?token=SECRET", "opens"],
  ])("with %s", async (_what, headers, path, expected) => {
    await using server = await startTestServer();
    const outcome = await open(server, headers, path === undefined ? {} : { path }).then(
      () => "opens",
      (refusal: Error) => refusal.cause,
    );
    expect(outcome).toBe(expected);
    expect(server.log[0]).toMatchObject({
      message: "upgrade",
      fields: { status: expected === "opens" ? 101 : expected },
    });
    expect(JSON.stringify(server.log)).not.toContain("SECRET");
  });

  it("wants the protocol graphql-transport-ws", async () => {
    await using server = await startTestServer();
    await expect(open(server, OURS, { protocol: "graphql-ws" })).rejects.toThrow(/subprotocol/);
  });
});

describe("connection", () => {
  it("is for who is signed in: 4401 after connection_init", async () => {
    await using server = await startTestServer();
    const { say, closed } = await open(server, { host: "localhost:4000" });
    say({ type: MessageType.ConnectionInit });
    // Sent before the answer is known, and nevertheless not run.
    say(subscribe("1", "subscription { forever }"));
    expect(await closed).toBe(4401);
    expect(server.subscriptions.openCount).toBe(0);
  });

  it("is bounded per viewer: 1013", async () => {
    await using server = await startTestServer({ limits: { maxSocketsPerViewer: 1 } });
    const first = await connect(server);
    const second = await open(server);
    second.say({ type: MessageType.ConnectionInit });
    expect(await second.closed).toBe(1013);
    first.socket.close();
    await first.closed;
    await connect(server);
  });

  it("that closes before its viewer is known takes no place", async () => {
    const sessions = createTestSessions();
    const waiting: (() => void)[] = [];
    let arrive = () => {};
    const arrived = new Promise<void>((resolve) => (arrive = resolve));
    await using server = await startTestServer({
      limits: { maxSocketsPerViewer: 1 },
      viewers: {
        ...sessions.viewers,
        async resolveViewer(headers) {
          arrive();
          await new Promise<void>((resolve) => waiting.push(resolve));
          return sessions.viewers.resolveViewer(headers);
        },
      },
    });
    const early = await open(server);
    early.say({ type: MessageType.ConnectionInit });
    await arrived;
    early.socket.close();
    await early.closed;
    const second = connect(server);
    await vi.waitUntil(() => waiting.length === 2);
    waiting.forEach((proceed) => proceed());
    await second;
  });

  it("ends with the session: 4401", async () => {
    await using server = await startTestServer();
    const { say, hear, closed } = await connect(server);
    say(subscribe("1", "subscription { forever }"));
    await hear();
    const released = server.subscriptions.released();
    server.sessions.end("ada");
    expect(await closed).toBe(4401);
    await released;
  });

  it("E2 ends when its viewer has lost every right: 4403", async () => {
    await using server = await startTestServer();
    const { say, hear, closed } = await connect(server);
    say(subscribe("1", "subscription { forever }"));
    await hear();
    const released = server.subscriptions.released();
    server.sessions.forbid("ada");
    expect(await closed).toBe(4403);
    await released;
  });

  it("ends by timer when the session expires: 4401", async () => {
    await using server = await startTestServer();
    server.sessions.open.set("ada", createViewer("ada", 150));
    const { closed } = await connect(server);
    expect(await closed).toBe(4401);
  });

  it("stays when the session was prolonged, until its new end", async () => {
    await using server = await startTestServer();
    server.sessions.open.set("ada", createViewer("ada", 100));
    const { closed } = await connect(server);
    const prolonged = createViewer("ada", 300);
    const endMs = prolonged.expiresAt?.getTime() ?? Infinity;
    server.sessions.open.set("ada", prolonged);
    expect(await closed).toBe(4401);
    expect(Date.now()).toBeGreaterThanOrEqual(endMs);
  });

  it("runs nothing more once its session is gone elsewhere: 4401", async () => {
    await using server = await startTestServer();
    const { say, hear, closed } = await connect(server);
    server.sessions.open.delete("ada");
    say(subscribe("1", "{ whoami }"));
    expect(await Promise.race([closed, hear().then(() => closed)])).toBe(4401);
  });

  it("drops a peer that answers no ping", async () => {
    await using server = await startTestServer({ limits: { pingIntervalMs: 30 } });
    const { closed } = await connect(server, OURS, { autoPong: false });
    expect(await closed).toBe(1006);
  });

  it("cuts off a peer that takes nothing, and tells it to come back", async () => {
    await using server = await startTestServer({ limits: { slowConsumerMs: 300 } });
    const { socket, say, closed } = await connect(server);
    socket.pause();
    say(subscribe("1", "subscription { flood }"));
    await expect
      .poll(() => server.log.map(({ message }) => message), { timeout: 30_000 })
      .toContain("a subscriber that is too slow was cut off");
    socket.resume();
    expect([1006, 1013]).toContain(await closed);
  }, 60_000);

  it("keeps a peer that answers", async () => {
    await using server = await startTestServer({ limits: { pingIntervalMs: 30 } });
    const { socket, say, hear } = await connect(server);
    for (let pings = 0; pings < 4; pings += 1) {
      await new Promise((resolve) => socket.once("ping", resolve));
    }
    say(subscribe("1", "{ whoami }"));
    expect(await hear()).toMatchObject({ payload: { data: { whoami: "ada" } } });
  });

  it("takes no message over the limit: 1009", async () => {
    await using server = await startTestServer({ limits: { maxBodyBytes: 1_000 } });
    const { say, closed } = await connect(server);
    say(subscribe("1", `{ whoami } # ${"x".repeat(1_000)}`));
    expect(await closed).toBe(1009);
  });
});

describe("operations", () => {
  it("run through the client that the web app uses", async () => {
    await using server = await startTestServer();
    class OurSocket extends WebSocket {
      constructor(url: string, protocol: string) {
        super(url, protocol, { headers: OURS });
      }
    }
    const options: ClientOptions = {
      url: server.url.replace("http", "ws") + "/graphql",
      webSocketImpl: OurSocket,
    };
    const client = createClient(options);
    const counts = [];
    for await (const { data } of client.iterate({ query: "subscription { count(to: 3) }" }))
      counts.push(data);
    expect(counts).toEqual([{ count: 1 }, { count: 2 }, { count: 3 }]);
    const query = client.iterate({
      query: "mutation M($text: String!) { echo(text: $text) }",
      variables: { text: "hi" },
      operationName: "M",
    });
    expect((await query.next()).value).toEqual({ data: { echo: "hi" } });
    await client.dispose();
  });

  it("are given the viewer and a request id each", async () => {
    await using server = await startTestServer();
    const { say, hear } = await connect(server);
    const ids = new Set();
    for (const id of ["1", "2"]) {
      say(subscribe(id, "{ whoami requestId }"));
      const { payload } = await hear();
      expect(payload).toEqual({
        data: { whoami: "ada", requestId: expect.stringMatching(/^[0-9a-f-]{36}$/) },
      });
      ids.add(JSON.stringify(payload));
      expect(await hear()).toEqual({ id, type: MessageType.Complete });
    }
    expect(ids.size).toBe(2);
  });

  it.each([
    ["syntax", "{ whoami", "GRAPHQL_PARSE_FAILED"],
    ["validation", "{ nothing }", "GRAPHQL_VALIDATION_FAILED"],
  ])("with an error of %s are refused, and the connection goes on", async (_what, query, code) => {
    await using server = await startTestServer();
    const { say, hear } = await connect(server);
    say(subscribe("1", query));
    expect(await hear()).toMatchObject({
      id: "1",
      type: MessageType.Error,
      payload: [{ extensions: { code, requestId: expect.any(String) } }],
    });
    say(subscribe("1", "{ whoami }"));
    expect(await hear()).toMatchObject({ payload: { data: { whoami: "ada" } } });
  });

  it("mask what fails unexpectedly, at once and later, and say what is meant for the client", async () => {
    await using server = await startTestServer();
    const { say, hear } = await connect(server);
    say(subscribe("1", "{ breaks refuses }"));
    const { payload } = await hear();
    expect(JSON.stringify(payload)).not.toContain("secret");
    expect(payload).toMatchObject({
      errors: [
        {
          path: ["breaks"],
          extensions: { code: "INTERNAL_SERVER_ERROR", requestId: expect.any(String) },
        },
        { message: "Not yours.", extensions: { code: "NOT_FOUND", requestId: expect.any(String) } },
      ],
    });
    expect(JSON.stringify(payload)).not.toContain('"http"');
    await hear();
    say(subscribe("2", "subscription { breaksLater }"));
    await hear();
    const later = await hear();
    expect(JSON.stringify(later)).not.toContain("secret");
    const extensions = { code: "INTERNAL_SERVER_ERROR", requestId: expect.any(String) };
    expect(later).toMatchObject({ type: MessageType.Next, payload: { errors: [{ extensions }] } });
    expect(await hear()).toEqual({ id: "2", type: MessageType.Complete });
  });

  it("are bounded per socket", async () => {
    await using server = await startTestServer({ limits: { maxSubscriptionsPerSocket: 1 } });
    const { say, hear } = await connect(server);
    say(subscribe("1", "subscription { forever }"));
    await hear();
    say(subscribe("2", "subscription { forever }"));
    expect(await hear()).toMatchObject({
      id: "2",
      payload: [{ extensions: { code: "RATE_LIMITED", retryAfterMs: 5_000 } }],
    });
    say({ id: "1", type: MessageType.Complete });
    say(subscribe("3", "{ whoami }"));
    expect(await hear()).toMatchObject({ id: "3", type: MessageType.Next });
  });

  it.each(["completes", "leaves"])("release the subscription when the client %s", async (how) => {
    await using server = await startTestServer();
    const { socket, say, hear } = await connect(server);
    say(subscribe("1", "subscription { forever }"));
    await hear();
    const released = server.subscriptions.released();
    if (how === "leaves") socket.terminate();
    else say({ id: "1", type: MessageType.Complete });
    await released;
    expect(server.subscriptions.openCount).toBe(0);
  });
});

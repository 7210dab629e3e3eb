import { request } from "node:http";
import type { IncomingMessage } from "node:http";
import { text } from "node:stream/consumers";

import { describe, expect, it, onTestFinished, vi } from "vitest";

import { COOKIE, createViewer, startTestServer } from "./testing/test-server.ts";
import type { TestServer } from "./testing/test-server.ts";

describe("bodies", () => {
  it.each(["application/json", "application/json; charset=utf-8"])("takes %s", async (type) => {
    await using server = await startTestServer();
    const answer = await server.postGraphQL("{ whoami }", {
      "content-type": type,
      cookie: COOKIE,
    });
    expect(JSON.parse(answer.body)).toEqual({ data: { whoami: "ada" } });
  });

  it.each([
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=x",
    "text/plain",
    "text/plain; a=application/json",
    "application/graphql",
    "application/jsonp",
    "",
  ])("refuses %j with 415", async (type) => {
    await using server = await startTestServer();
    const answer = await server.postGraphQL("{ whoami }", { "content-type": type, cookie: COOKIE });
    expect(answer.status).toBe(415);
    expect(JSON.parse(answer.body).errors[0].extensions.requestId).toBe(
      answer.headers["x-request-id"],
    );
  });

  it.each(["GET", "PUT", "DELETE", "OPTIONS"])("refuses %s with 405", async (method) => {
    await using server = await startTestServer();
    const answer = await server.send("/graphql?query=%7Bwhoami%7D", {
      method,
      headers: { cookie: COOKIE },
    });
    expect(answer).toMatchObject({ status: 405, headers: { allow: "POST" } });
  });

  it.each([
    ["a length", {}],
    ["chunks", { "transfer-encoding": "chunked" }],
  ])("refuses more than 1 MiB sent with %s, and takes just that much", async (_what, headers) => {
    await using server = await startTestServer();
    const send = (bytes: number) => {
      const frame = JSON.stringify({
        query: "mutation ($text: String!) { echo(text: $text) }",
        variables: { text: "" },
      });
      const body = frame.replace('"text":""', `"text":"${"x".repeat(bytes - frame.length)}"`);
      return server.send("/graphql", {
        method: "POST",
        headers: { "content-type": "application/json", ...headers },
        body,
      });
    };
    expect((await send(1024 * 1024)).status).toBe(200);
    const answer = await send(1024 * 1024 + 1);
    expect(answer.status).toBe(413);
    expect(JSON.parse(answer.body).errors[0]).toEqual({
      message: "The request is larger than 1048576 bytes.",
      extensions: { code: "BAD_USER_INPUT", requestId: answer.headers["x-request-id"] },
    });
  });
});

describe("operations", () => {
  it("are given the viewer and the request id of the answer", async () => {
    await using server = await startTestServer();
    const answer = await server.postGraphQL("{ whoami requestId }", { cookie: COOKIE });
    const { data } = JSON.parse(answer.body);
    expect(data).toEqual({ whoami: "ada", requestId: answer.headers["x-request-id"] });
    expect(answer.headers).toMatchObject({
      "cache-control": "no-store",
      "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    });
  });

  it("tell the browser when the session was prolonged", async () => {
    await using server = await startTestServer();
    server.sessions.setCookies.push("a=1", "b=2");
    const answer = await server.postGraphQL("{ whoami }", { cookie: COOKIE });
    expect(answer.headers["set-cookie"]).toEqual(["a=1", "b=2"]);
  });

  it("mask what fails unexpectedly", async () => {
    await using server = await startTestServer();
    expect((await server.postGraphQL("{ breaks }")).body).not.toContain("secret");
  });
});

/** What `curl -N` does. */
async function subscribe(server: TestServer, query: string): Promise<IncomingMessage> {
  const { hostname, port } = new URL(server.url);
  return new Promise((resolve, reject) => {
    const headers = {
      host: "localhost:4000",
      "content-type": "application/json",
      accept: "text/event-stream",
      cookie: COOKIE,
    };
    const options = { hostname, port, path: "/graphql", method: "POST", headers, agent: false };
    request(options, resolve).on("error", reject).end(JSON.stringify({ query }));
  });
}

/** Reads on until `part` has come. */
async function readUntil(stream: IncomingMessage, part: string): Promise<void> {
  let seen = "";
  for await (const chunk of stream.iterator({ destroyOnReturn: false })) {
    seen += String(chunk);
    if (seen.includes(part)) return;
  }
  throw new Error(`The stream ended without ${part}: ${seen}`);
}

describe("server-sent events", () => {
  it("carry a subscription to its end", async () => {
    await using server = await startTestServer();
    const stream = await subscribe(server, "subscription { count(to: 3) }");
    expect(stream.headers).toMatchObject({
      "content-type": "text/event-stream",
      "x-accel-buffering": "no",
    });
    const events = (await text(stream)).match(/event: .*\ndata:.*/g);
    expect(events).toEqual([
      'event: next\ndata: {"data":{"count":1}}',
      'event: next\ndata: {"data":{"count":2}}',
      'event: next\ndata: {"data":{"count":3}}',
      "event: complete\ndata:",
    ]);
  });

  it("release the subscription at once when the client leaves", async () => {
    // Yoga pings every 300 ms under "test", which would hide a release that waits for the next ping.
    vi.stubEnv("NODE_ENV", "production");
    onTestFinished(() => void vi.unstubAllEnvs());
    await using server = await startTestServer();
    const stream = await subscribe(server, "subscription { forever }");
    await readUntil(stream, "open");
    const released = server.subscriptions.released();
    stream.destroy();
    await released;
    expect(server.subscriptions.openCount).toBe(0);
  });

  it("E2 end with the session: a last error UNAUTHENTICATED, then complete", async () => {
    await using server = await startTestServer();
    const stream = await subscribe(server, "subscription { forever }");
    await readUntil(stream, "open");
    const released = server.subscriptions.released();
    server.sessions.end("ada");
    const [rest] = await Promise.all([text(stream), released]);
    const [, error] = /event: next\ndata: (.+)\n\nevent: complete\ndata:\n\n$/.exec(rest) ?? [];
    expect(JSON.parse(error ?? "null")).toMatchObject({
      errors: [{ extensions: { code: "UNAUTHENTICATED", requestId: expect.any(String) } }],
    });
    expect(server.subscriptions.openCount).toBe(0);
  });

  it("end when the session expires", async () => {
    await using server = await startTestServer();
    server.sessions.open.set("ada", createViewer("ada", 150));
    const stream = await subscribe(server, "subscription { forever }");
    await readUntil(stream, "open");
    await Promise.all([text(stream), server.subscriptions.released()]);
    expect(server.subscriptions.openCount).toBe(0);
  });

  it("are broken off, not closed, when the client takes nothing", async () => {
    await using server = await startTestServer({ limits: { slowConsumerMs: 300 } });
    const stream = await subscribe(server, "subscription { flood }");
    stream.pause();
    await expect
      .poll(() => server.log.map(({ message }) => message), { timeout: 30_000 })
      .toContain("a subscriber that is too slow was cut off");
    await expect(text(stream)).rejects.toThrow();
  }, 60_000);

  it("are bounded per viewer", async () => {
    await using server = await startTestServer({ limits: { maxStreamsPerViewer: 1 } });
    const first = await subscribe(server, "subscription { forever }");
    await readUntil(first, "open");
    const second = await subscribe(server, "subscription { forever }");
    expect(second.statusCode).toBe(429);
    expect(await text(second)).toContain("RATE_LIMITED");
    const released = server.subscriptions.released();
    first.destroy();
    await released;
    expect((await subscribe(server, "subscription { count(to: 1) }")).statusCode).toBe(200);
  });
});

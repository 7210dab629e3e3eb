import { mkdtemp, mkdir, rm, writeFile } from "node:fs/promises";
import { Agent } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { brotliCompressSync, gzipSync } from "node:zlib";

import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { COOKIE, PUBLIC_URL, startTestServer } from "./testing/test-server.ts";

const JSON_BODY = { method: "POST", body: '{"query":"{ whoami }"}' } as const;
const JSON_TYPE = { "content-type": "application/json" };

/** As a browser keeps them: one, for one request after the other. */
function keepConnections(): Disposable & { agent: Agent } {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  return { agent, [Symbol.dispose]: () => agent.destroy() };
}

describe("Host", () => {
  it.each([
    ["a page", "/s/1?tab=tools", { accept: "text/html" }, 307],
    ["a script", "/assets/app.js", { accept: "*/*" }, 421],
    ["the callback", "/oauth/callback?code=c&state=s", { accept: "text/html" }, 421],
    ["GraphQL", "/graphql", { accept: "text/html" }, 421],
    ["a path that begins like a probe", "/healthz/x", {}, 421],
  ])(
    "sends %s at a foreign Host to PUBLIC_URL or refuses it",
    async (_what, path, headers, status) => {
      await using server = await startTestServer();
      const answer = await server.send(path, { headers: { ...headers, host: "rebound.example" } });
      expect(answer.status).toBe(status);
      expect(answer.headers.location).toBe(status === 307 ? PUBLIC_URL + path : undefined);
    },
  );

  it("C9 redirects to PUBLIC_URL alone, whatever the path and the proxy's headers say", async () => {
    await using server = await startTestServer();
    const answer = await server.send("//evil.example/x", {
      headers: { accept: "text/html", host: "127.0.0.1", "x-forwarded-host": "evil.example" },
    });
    expect(answer.headers.location).toBe(`${PUBLIC_URL}//evil.example/x`);
  });

  it.each(["/healthz", "/readyz", "/metrics"])(
    "A10 answers %s by the address of a machine",
    async (path) => {
      await using server = await startTestServer({ metricsToken: "token" });
      const headers = { host: "10.1.2.3:4000", authorization: "Bearer token" };
      expect((await server.send(path, { headers })).status).toBe(200);
      const unknown = { ...headers, authorization: "Bearer other" };
      expect((await server.send("/metrics", { headers: unknown })).status).toBe(404);
    },
  );

  it("serves a Host of ALLOWED_HOSTS", async () => {
    await using server = await startTestServer();
    const answer = await server.send("/readyz", { headers: { host: "probe.internal:4000" } });
    expect(answer).toMatchObject({ status: 200, body: '{"status":"ready"}' });
  });

  it("refuses a GraphQL request at a foreign Host in GraphQL's words", async () => {
    await using server = await startTestServer();
    const answer = await server.postGraphQL("{ whoami }", { host: "rebound.example" });
    expect(answer.status).toBe(421);
    expect(JSON.parse(answer.body).errors[0].extensions).toEqual({
      code: "FORBIDDEN",
      requestId: answer.headers["x-request-id"],
    });
  });
});

describe("Origin", () => {
  it.each([
    ["ours, with a cookie", "/graphql", { cookie: COOKIE, origin: PUBLIC_URL }, 200],
    ["none, with a cookie", "/graphql", { cookie: COOKIE }, 200],
    [
      "foreign, with a cookie",
      "/graphql",
      { cookie: COOKIE, origin: "http://localhost:4010" },
      403,
    ],
    ["null, with a cookie", "/graphql", { cookie: COOKIE, origin: "null" }, 403],
    ["none, from a page", "/graphql", { cookie: COOKIE, "sec-fetch-site": "same-site" }, 403],
    ["foreign, without a cookie", "/graphql", { origin: "http://localhost:4010" }, 200],
    [
      "foreign, at sign-out",
      "/api/auth/sign-out",
      { cookie: COOKIE, origin: "http://evil.example" },
      403,
    ],
    ["foreign, at sign-in", "/api/auth/sign-in/email", { origin: "http://evil.example" }, 403],
    ["none, at sign-out", "/api/auth/sign-out", { cookie: COOKIE }, 200],
  ])("%s", async (_what, path, headers, status) => {
    await using server = await startTestServer();
    const answer = await server.send(path, { ...JSON_BODY, headers: { ...JSON_TYPE, ...headers } });
    expect(answer.status).toBe(status);
  });

  it("lets the development server of the web app in when it is named", async () => {
    await using server = await startTestServer({ allowedOrigins: ["http://localhost:5173"] });
    const headers = { cookie: COOKIE, origin: "http://localhost:5173" };
    expect((await server.postGraphQL("{ whoami }", headers)).status).toBe(200);
  });
});

describe("answers", () => {
  it("names every request and logs it without its query", async () => {
    await using server = await startTestServer();
    const answer = await server.send("/oauth/callback?code=SECRET-CODE&state=SECRET-STATE");
    await server.send("/oauth/resume?held=SECRET-HELD");
    await server.send("/nothing?token=SECRET-TOKEN", { headers: { host: "rebound.example" } });
    expect(server.log[0]).toEqual({
      message: "request",
      fields: {
        requestId: answer.headers["x-request-id"],
        method: "GET",
        path: "/oauth/callback",
        status: 303,
        ms: expect.any(Number),
      },
    });
    expect(server.log).toHaveLength(3);
    expect(JSON.stringify(server.log)).not.toContain("SECRET");
  });

  it("never takes a request id from the caller", async () => {
    await using server = await startTestServer();
    const answer = await server.send("/healthz", { headers: { "x-request-id": "mine" } });
    expect(answer.headers["x-request-id"]).toMatch(/^[0-9a-f-]{36}$/);
  });

  it.each(["/api/nothing", "/graphql/nothing", "/oauth/nothing", "/oauth/assets/nothing.js"])(
    "answers 404 in JSON at %s",
    async (path) => {
      await using server = await startTestServer();
      const answer = await server.send(path, { headers: { accept: "text/html" } });
      expect(answer.status).toBe(404);
      expect(JSON.parse(answer.body).error).toMatchObject({
        code: "NOT_FOUND",
        requestId: answer.headers["x-request-id"],
      });
    },
  );

  it("masks what fails unexpectedly", async () => {
    await using server = await startTestServer({
      auth: { handle: () => Promise.reject(new Error("secret of the database")) },
    });
    const answer = await server.send("/api/auth/sign-out", {
      method: "POST",
      headers: JSON_TYPE,
      body: "{}",
    });
    expect(answer.status).toBe(500);
    expect(answer.body).not.toContain("secret");
    expect(server.log.map(({ message }) => message)).toContain("a request failed unexpectedly");
  });

  it("refuses a large body at sign-in", async () => {
    await using server = await startTestServer();
    const sent = { method: "POST", headers: JSON_TYPE, body: "x".repeat(17_000) };
    expect((await server.send("/api/auth/sign-in/email", sent)).status).toBe(413);
  });

  it.each([
    ["is too large", "/graphql", {}, 413],
    ["is too large, in chunks", "/graphql", { "transfer-encoding": "chunked" }, 413],
    ["is no JSON", "/graphql", { "content-type": "text/plain" }, 415],
    ["comes from elsewhere", "/graphql", { cookie: COOKIE, origin: "null" }, 403],
    ["is too large for sign-in", "/api/auth/sign-in/email", {}, 413],
    ["nobody wants", "/api/nothing", {}, 404],
  ])("end the connection on which a body is left that %s", async (_what, path, more, status) => {
    await using server = await startTestServer();
    using connections = keepConnections();
    const headers = { ...JSON_TYPE, ...more };
    const body = "x".repeat(4 * 1024 * 1024);
    const refused = await server.send(path, { method: "POST", headers, body, ...connections });
    expect(refused).toMatchObject({ status, headers: { connection: "close" } });
    const next = await server.send("/graphql", {
      ...JSON_BODY,
      headers: JSON_TYPE,
      ...connections,
    });
    expect(next).toMatchObject({ status: 200, headers: { connection: "keep-alive" } });
  });

  it("keep the connection after what was read whole", async () => {
    await using server = await startTestServer();
    using connections = keepConnections();
    for (const path of ["/healthz", "/graphql", "/api/nothing"])
      expect(await server.send(path, { ...connections })).toMatchObject({
        headers: { connection: "keep-alive" },
      });
  });

  it("says whether it lives and whether it is ready", async () => {
    const answers = [async () => true, async () => false, () => Promise.reject(new Error("away"))];
    const statuses = [];
    for (const isReady of answers) {
      await using server = await startTestServer({ isReady });
      statuses.push([
        (await server.send("/healthz")).status,
        (await server.send("/readyz")).status,
      ]);
    }
    expect(statuses).toEqual([
      [200, 200],
      [200, 503],
      [200, 503],
    ]);
  });

  it("sends HSTS and wss when PUBLIC_URL is https", async () => {
    await using server = await startTestServer({ publicUrl: "https://gatehouse.example" });
    const { headers } = await server.send("/", { headers: { host: "gatehouse.example" } });
    expect(headers["strict-transport-security"]).toBe("max-age=31536000");
    expect(headers["content-security-policy"]).toContain(
      "connect-src 'self' wss://gatehouse.example",
    );
  });
});

describe("the web app", () => {
  const script = `console.log("${"gatehouse ".repeat(500)}")`;
  let webRoot: string;
  beforeAll(async () => {
    const folder = await mkdtemp(join(tmpdir(), "gatehouse-web-"));
    webRoot = join(folder, "dist");
    await mkdir(join(webRoot, "assets"), { recursive: true });
    await writeFile(join(folder, "secret.txt"), "outside");
    await writeFile(join(webRoot, ".env"), "hidden");
    await writeFile(join(webRoot, "index.html"), "<!doctype html><title>Gatehouse</title>");
    await writeFile(join(webRoot, "assets", "app-4f2a.js"), script);
    await writeFile(join(webRoot, "assets", "app-4f2a.js.br"), brotliCompressSync(script));
    await writeFile(join(webRoot, "assets", "app-4f2a.js.gz"), gzipSync(script));
  });
  afterAll(() => rm(join(webRoot, ".."), { recursive: true }));

  it.each(["/", "/s/U2VydmVy/t/add_note", "/sign-in?next=%2F", "/s/1/t/notes.list"])(
    "answers %s with its index and the app's headers",
    async (path) => {
      await using server = await startTestServer({ webRoot });
      const { status, headers, body } = await server.send(path, {
        headers: { accept: "text/html" },
      });
      expect({ status, body }).toEqual({
        status: 200,
        body: "<!doctype html><title>Gatehouse</title>",
      });
      expect(headers).toMatchObject({
        "content-type": "text/html; charset=utf-8",
        "cache-control": "no-cache",
        "cross-origin-opener-policy": "same-origin-allow-popups",
        "referrer-policy": "same-origin",
        "x-content-type-options": "nosniff",
        "x-frame-options": "DENY",
      });
      const policy = headers["content-security-policy"];
      expect(policy).toContain(
        "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline';",
      );
      expect(policy).toContain("connect-src 'self' ws://localhost:4000;");
      expect(policy).toContain("base-uri 'none'; form-action 'self'; frame-ancestors 'none'");
      expect(headers["strict-transport-security"]).toBeUndefined();
    },
  );

  it("sends hashed files compressed, for good, and 304 to who has them", async () => {
    await using server = await startTestServer({ webRoot });
    const br = await server.send("/assets/app-4f2a.js", {
      headers: { "accept-encoding": "gzip, br" },
    });
    expect(br.headers).toMatchObject({
      "content-encoding": "br",
      "cache-control": "public, max-age=31536000, immutable",
      "content-type": "text/javascript; charset=utf-8",
      vary: "Accept-Encoding",
    });
    const again = await server.send("/assets/app-4f2a.js", {
      headers: { "accept-encoding": "br", "if-none-match": br.headers.etag ?? "" },
    });
    expect(again).toMatchObject({ status: 304, body: "" });
    const plain = await server.send("/assets/app-4f2a.js", {
      headers: { "accept-encoding": "br;q=0, gzip;q=0.0" },
    });
    expect(plain.body).toBe(script);
  });

  it.each(["br", "gzip"])("sends what the build compressed with %s", async (encoding) => {
    await using server = await startTestServer({ webRoot });
    const headers = { "accept-encoding": encoding };
    const answer = await server.send("/assets/app-4f2a.js", { headers });
    expect(answer).toMatchObject({ body: script, headers: { "content-encoding": encoding } });
  });

  it("sends the whole file for a range, and its size for HEAD", async () => {
    await using server = await startTestServer({ webRoot });
    const path = "/assets/app-4f2a.js";
    const range = await server.send(path, { headers: { range: "bytes=0-9" } });
    expect(range).toMatchObject({ status: 200, body: script });
    const head = await server.send(path, { method: "HEAD" });
    expect(head).toMatchObject({ status: 200, body: "" });
    expect(head.headers["content-length"]).toBe(String(script.length));
  });

  it("sees a file that a new build replaced", async () => {
    await using server = await startTestServer({ webRoot });
    await writeFile(join(webRoot, "news.txt"), "old");
    expect((await server.send("/news.txt")).body).toBe("old");
    await writeFile(join(webRoot, "news.txt"), "newer");
    expect((await server.send("/news.txt")).body).toBe("newer");
  });

  it.each([
    "/assets/gone.js",
    "/gone.js",
    "/.env",
    "/../secret.txt",
    "/%2e%2e/secret.txt",
    "/..%2fsecret.txt",
  ])("has nothing at %s", async (path) => {
    await using server = await startTestServer({ webRoot });
    const answer = await server.send(path);
    expect(answer.status).toBe(404);
    expect(answer.body).not.toMatch(/outside|hidden/);
  });
});

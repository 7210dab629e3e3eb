import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { openBus } from "#events/bus.ts";
import { createSessionPool } from "#mcp/pool/session-pool.ts";
import { createTarget } from "#mcp/testing/sessions.ts";
import { createSessionInvalidation } from "#services/session/session-invalidation.ts";
import { startDatabaseProxy } from "./cluster/database-proxy.ts";
import { type LegacyCounterparty, startLegacy } from "./counterparties/legacy.ts";
import { type MarkedCounterparty, startMarked } from "./counterparties/marked.ts";
import { challenge } from "./counterparties/protected.ts";
import { sendJson } from "./counterparties/scripted.ts";
import { startOldSse } from "./counterparties/old-sse.ts";
import { watchClients } from "./support/client-traffic.ts";
import {
  connect,
  createServer,
  executeTool,
  rowIdOf,
  startOAuth,
  type TestUser,
} from "./support/client.ts";
import { startGatehouse, type TestGatehouse } from "./support/gatehouse.ts";

let gatehouse: TestGatehouse;
/** The address of another process than the one that everybody signed up at. */
let there: string;
let ada: TestUser;
let server: LegacyCounterparty;
const started: { close(): Promise<void> }[] = [];

beforeAll(async () => {
  gatehouse = await startGatehouse({ undoMs: 300 });
  there = await gatehouse.addProcess();
});
afterAll(async () => {
  await gatehouse[Symbol.asyncDispose]();
  await Promise.all(started.map((one) => one.close()));
});
beforeEach(async () => {
  ada = await gatehouse.signUp();
  server = await startLegacy();
  started.push(server);
});

const soon = { timeout: 20_000, interval: 20 };
const add = (user: TestUser, serverId: string) =>
  executeTool(user, serverId, "add", { a: 1, b: 2 });
const succeeded = { __typename: "ToolExecuted", execution: { status: "SUCCEEDED" } };

/** A session on each of the two processes. */
async function openOnBoth(user: TestUser, serverId: string, tool = add): Promise<void> {
  expect(await tool(user, serverId)).toMatchObject(succeeded);
  expect(await tool(user.at(there), serverId)).toMatchObject(succeeded);
}

async function update(user: TestUser, serverId: string, input: object): Promise<void> {
  await user.query(
    "mutation ($input: UpdateMcpServerInput!) { updateMcpServer(input: $input) { id } }",
    { input: { id: serverId, ...input } },
  );
}

/** Somebody else in Ada's workspace. */
async function join(): Promise<TestUser> {
  const user = await gatehouse.signUp();
  const { id: userId } = await gatehouse.db.user.findUniqueOrThrow({
    where: { email: user.email },
  });
  await gatehouse.db.membership.create({
    data: { role: "MEMBER", workspaceId: rowIdOf(ada.workspaceId), userId },
  });
  return user;
}

describe("S1 sessions of MCP servers", () => {
  it("S1 are opened once per account and process, and a warm call costs one HTTP exchange", async () => {
    const serverId = await createServer(ada, server.url);
    await openOnBoth(ada, serverId);
    await expect.poll(() => server.openSessions(), soon).toBe(2);
    await expect.poll(() => server.openStreams(), soon).toBe(2);
    server.requests.length = 0;
    const calls = Array.from({ length: 10 }, () => add(ada, serverId));
    for (const answer of await Promise.all(calls)) expect(answer).toMatchObject(succeeded);
    expect(server.requests).toEqual(Array.from({ length: 10 }, () => "POST"));
    expect(server.openSessions()).toBe(2);
  });

  it("S6 are replaced without the caller noticing when the server has forgotten them", async () => {
    const serverId = await createServer(ada, server.url);
    await openOnBoth(ada, serverId);
    server.forgetSessions();
    await openOnBoth(ada, serverId);
    expect(server.openSessions()).toBe(2);
  });

  it("are ended when a process stops", async () => {
    const third = await gatehouse.addProcess();
    const serverId = await createServer(ada, server.url);
    expect(await add(ada.at(third), serverId)).toMatchObject(succeeded);
    const before = server.openSessions();
    await gatehouse.stopProcess(third);
    expect(server.openSessions()).toBe(before - 1);
  });
});

describe("S3 a change ends sessions on every process", () => {
  it.each([
    ["new headers", { headers: [{ name: "x-key", value: "secret-value" }] }],
    ["switching it off", { enabled: false }],
  ])("S3 %s", async (_name, input) => {
    const serverId = await createServer(ada, server.url);
    await openOnBoth(ada, serverId);
    await expect.poll(() => server.openSessions(), soon).toBe(2);
    await update(ada, serverId, input);
    await expect.poll(() => server.openSessions(), soon).toBe(0);
  });

  it("S3 another address", async () => {
    const serverId = await createServer(ada, server.url);
    await openOnBoth(ada, serverId);
    await expect.poll(() => server.openSessions(), soon).toBe(2);
    const other = await startLegacy();
    started.push(other);
    await update(ada, serverId, { url: other.url });
    await expect.poll(() => server.openSessions(), soon).toBe(0);
    await openOnBoth(ada, serverId);
    expect(server.openSessions()).toBe(0);
  });

  it("S3 deletion", async () => {
    const serverId = await createServer(ada, server.url);
    await openOnBoth(ada, serverId);
    await ada.query("mutation ($id: ID!) { deleteMcpServer(id: $id) { __typename } }", {
      id: serverId,
    });
    await expect.poll(() => server.openSessions(), soon).toBe(0);
  });

  it("D5 and a new name ends none", async () => {
    const serverId = await createServer(ada, server.url);
    await openOnBoth(ada, serverId);
    server.requests.length = 0;
    await update(ada, serverId, { name: "Another name", requestTimeoutMs: 30_000 });
    await openOnBoth(ada, serverId);
    expect(server.requests).toEqual(["POST", "POST"]);
  });

  it("S3 S2 while a call runs on it, which finishes", async () => {
    const serverId = await createServer(ada, server.url);
    const running = executeTool(ada.at(there), serverId, "wait");
    await server.gate.entered;
    await update(ada, serverId, { headers: [{ name: "x-key", value: "secret-value" }] });
    expect(await add(ada.at(there), serverId)).toMatchObject(succeeded);
    server.gate.open();
    expect(await running).toMatchObject(succeeded);
    // One of the new settings is left, on the process that has been asked since.
    await expect.poll(() => server.openSessions(), soon).toBe(1);
  });

  it("S3 S12 a member who leaves, and nobody else's", async () => {
    const bob = await join();
    const serverId = await createServer(ada, server.url);
    await openOnBoth(ada, serverId);
    await openOnBoth(bob, serverId);
    await expect.poll(() => server.openSessions(), soon).toBe(4);
    await bob.query("mutation ($id: ID!) { leaveWorkspace(workspaceId: $id) { id } }", {
      id: ada.workspaceId,
    });
    await expect.poll(() => server.openSessions(), soon).toBe(2);
    server.requests.length = 0;
    await openOnBoth(ada, serverId);
    expect(server.requests).toEqual(["POST", "POST"]);
  });

  it("S3 word of changes that may have been lost", async () => {
    const serverId = await createServer(ada, server.url);
    await openOnBoth(ada, serverId);
    await expect.poll(() => server.openSessions(), soon).toBe(2);
    await gatehouse.db.$queryRaw`
      SELECT pg_terminate_backend(pid)::text FROM pg_stat_activity
      WHERE datname = current_database() AND application_name = 'gatehouse listen'`;
    await expect.poll(() => server.openSessions(), soon).toBe(0);
  });
});

describe("S3 a change of an account ends its sessions", () => {
  const forecast = (user: TestUser, serverId: string) =>
    executeTool(user, serverId, "get_forecast", { city: "Lisbon", days: 1 });

  /** What a further process has: a pool, and word of changes. */
  async function startPool() {
    const resources = new AsyncDisposableStack();
    const bus = resources.adopt(await openBus(gatehouse.databaseUrl), (it) => it.close());
    const pool = resources.adopt(createSessionPool(), (it) => it.close());
    const evictions = resources.use(
      createSessionInvalidation({
        db: gatehouse.db,
        pool,
        onTopic: (kind) => (listener) =>
          bus.listen(kind, (topic) => listener(topic && topic.slice(kind.length + 1))),
        onError: (error) => expect.fail(String(error)),
      }),
    );
    return { pool, evictions, bus, [Symbol.asyncDispose]: () => resources.disposeAsync() };
  }

  it("S3 consent of another account ends them, and so does disconnecting; a refreshed token does not", async () => {
    const serverId = await createServer(ada, gatehouse.sandbox.weatherUrl);
    const { id: ownerId } = await gatehouse.db.user.findUniqueOrThrow({
      where: { email: ada.email },
    });
    const account = { serverId: rowIdOf(serverId), ownerId };
    await connect(ada, serverId, { login: "first" });
    await using process = await startPool();
    const { pool, evictions } = process;
    const open = async () => {
      const use = {
        key: { ...account, configVersion: 1, authType: "OAUTH" },
        async describe() {
          await evictions.watchAccount({ kind: "grant", ...account });
          return createTarget(server.url);
        },
        timeoutMs: 5_000,
      };
      expect(await pool.use(use, async () => "used")).toBe("used");
      expect(pool.count().open).toBe(1);
    };
    await open();

    // Past the processes, which look at a grant again when they are told of it.
    const traffic = await watchClients(gatehouse, serverId);
    const refreshes = () => traffic().refreshes;
    const before = refreshes();
    await gatehouse.db.$executeRaw`
      UPDATE "OAuthGrant" SET "accessTokenExpiresAt" = clock_timestamp(), "version" = "version" + 1
      WHERE "serverId" = ${account.serverId}::uuid`;
    await expect
      .poll(async () => {
        await forecast(ada, serverId);
        return refreshes();
      }, soon)
      .toBe(before + 1);
    // Word of the refresh came before word of this.
    const heard = Promise.withResolvers<void>();
    process.bus.listen("flow", () => heard.resolve());
    const started = await ada.query(
      `mutation ($id: ID!) { startOAuth(input: { serverId: $id, force: true }) { __typename } }`,
      { id: serverId },
    );
    expect(started).toMatchObject({ startOAuth: { __typename: "OAuthStarted" } });
    await heard.promise;
    expect(pool.count().open).toBe(1);

    await connect(ada, serverId, { login: "second" });
    await expect.poll(() => pool.count().open, soon).toBe(0);
    await open();
    await ada.query("mutation ($id: ID!) { disconnectOAuth(serverId: $id) { id } }", {
      id: serverId,
    });
    await expect.poll(() => pool.count().open, soon).toBe(0);
  });

  it("S3 a call after the consent of another account does not run on the old one's session", async () => {
    const serverId = await createServer(ada, gatehouse.sandbox.weatherUrl);
    await connect(ada, serverId, { login: "first" });
    await openOnBoth(ada, serverId, forecast);
    const opened = gatehouse.sandbox.listWeatherSessions();
    await connect(ada, serverId, { login: "second" });
    await openOnBoth(ada, serverId, forecast);
    const since = gatehouse.sandbox.listWeatherSessions().filter((id) => !opened.includes(id));
    expect(since).toHaveLength(2);
  });

  it("S3 the consent of another account gets a session of its own, also where nobody was told of it", async () => {
    const server = await startUnminding();
    await using way = await startDatabaseProxy(gatehouse.databaseUrl);
    const apart = await gatehouse.addProcess({}, way.url);
    const serverId = await createServer(ada, server.url);
    const consent = async () => {
      const { authorizationUrl } = await startOAuth(ada, serverId, { force: true });
      await ada.open(server.approve(authorizationUrl));
    };
    const call = async () =>
      expect(await executeTool(ada.at(apart), serverId, "look")).toMatchObject(succeeded);
    await consent();
    await call();
    const first = server.tokens.at(-1);
    way.losesNotifications = true;
    await consent();
    await expect
      .poll(async () => {
        await call();
        return server.tokens.at(-1);
      }, soon)
      .not.toBe(first);
    for (const [session, tokens] of server.tokensOf) expect([...tokens], session).toHaveLength(1);
    await gatehouse.stopProcess(apart);
  });
});

/** A legacy server that does not mind whose token comes in a session; with an authorization server of its own. */
async function startUnminding() {
  const tokensOf = new Map<string, Set<string>>();
  const tokens: string[] = [];
  const results: Record<string, object> = {
    initialize: {
      protocolVersion: "2025-06-18",
      capabilities: { tools: {} },
      serverInfo: { name: "unminding", version: "0" },
    },
    "tools/list": { tools: [{ name: "look", inputSchema: { type: "object" } }] },
    "tools/call": { content: [] },
  };
  const marked: MarkedCounterparty = await startMarked("unminding", {
    mcp(received, response) {
      const { authorization = "", "mcp-session-id": session } = received.headers;
      if (!marked.isAccepted(authorization)) return challenge(received, response);
      if (received.method !== "POST") return void response.writeHead(405).end();
      const { id, method } = JSON.parse(received.body);
      if (method === "initialize")
        response.setHeader("mcp-session-id", `session ${tokensOf.size + 1}`);
      if (method === "initialize") tokensOf.set(`session ${tokensOf.size + 1}`, new Set());
      tokensOf.get(String(session))?.add(authorization);
      if (method === "tools/call") tokens.push(authorization);
      const error = { code: -32_601, message: "Method not found" };
      const result = results[method];
      if (id === undefined) return void response.writeHead(202).end();
      sendJson(response, 200, { jsonrpc: "2.0", id, ...(result ? { result } : { error }) });
    },
  });
  started.push(marked);
  return { ...marked, tokens, tokensOf };
}

describe("a server that has nothing but HTTP+SSE", () => {
  it("is found, and its tools run on a session of its own kind", async () => {
    const old = await startOldSse();
    started.push(old);
    const serverId = await createServer(ada, old.url);
    const { mcpServer } = await ada.query("query ($id: ID!) { mcpServer(id: $id) { authType } }", {
      id: serverId,
    });
    expect(mcpServer).toMatchObject({ authType: "NONE" });
    expect(await add(ada, serverId)).toMatchObject(succeeded);
    old.requests.length = 0;
    expect(await add(ada, serverId)).toMatchObject(succeeded);
    expect(old.requests).toEqual(["POST /messages"]);
    await ada.query("mutation ($id: ID!) { deleteMcpServer(id: $id) { __typename } }", {
      id: serverId,
    });
    await expect.poll(() => old.openStreams(), soon).toBe(0);
  });
});

import { describe, expect } from "vitest";
import { startDatabaseProxy } from "./cluster/database-proxy.ts";
import { startLegacy } from "./counterparties/legacy.ts";
import { startModernOnly } from "./counterparties/modern.ts";
import { sendResult, startScripted, startScriptedLegacy } from "./counterparties/scripted.ts";
import { connect, createServer, executeTool, rowIdOf, type TestUser } from "./support/client.ts";
import { disposable } from "./support/disposable.ts";
import {
  cancelExecution,
  execute,
  listExecutions,
  readExecution,
  startHolding,
} from "./support/executions.ts";
import type { TestGatehouse } from "./support/gatehouse.ts";
import { it } from "./support/shared-gatehouse.ts";

/** The machine may be busy. */
const soon = { timeout: 20_000 };

let gatehouse: TestGatehouse;
/** Another process of the same Gatehouse. */
let there: string;
let ada: TestUser;

it.beforeAll(async ({ gatehouse: part, ada: user }) => {
  [gatehouse, ada] = [part, user];
  there = await gatehouse.addProcess();
});

async function start(user: TestUser, input: object): Promise<string> {
  const { data } = await execute(user, { wait: false, ...input });
  expect(data.executeTool).toMatchObject({ execution: { status: "RUNNING" } });
  return data.executeTool.execution.id;
}

function readRow(id: string) {
  return gatehouse.db.toolExecution.findUnique({ where: { id: rowIdOf(id) } });
}

function listEvents(id: string) {
  return gatehouse.db.workspaceEvent.findMany({
    where: { type: "TOOL_EXECUTED", payload: { path: ["executionId"], equals: rowIdOf(id) } },
  });
}

const update = (status: string) => ({ data: { toolExecutionUpdated: { status } } });

describe("what is kept of a run", () => {
  it("S12 is whole in the answer, and the same for every process a moment later: who, what, when, on whose account, how large", async () => {
    await using server = disposable(await startModernOnly());
    const serverId = await createServer(ada, server.url, { credentialScope: "WORKSPACE" });
    const { data } = await execute(ada, { serverId, toolName: "add", arguments: { a: 1, b: 2 } });
    const { execution } = data.executeTool;
    expect(execution).toMatchObject({
      status: "SUCCEEDED",
      arguments: { a: 1, b: 2 },
      structuredContent: { sum: 3 },
      content: [{ text: "3" }],
      argumentBytes: 13,
      startedBy: { name: "Ada" },
      server: { id: serverId },
      contentTruncated: false,
    });
    const stored = JSON.stringify({
      content: [{ type: "text", text: "3" }],
      structuredContent: { sum: 3 },
    });
    expect(execution.resultBytes).toBe(stored.length);
    expect(await readExecution(ada, execution.id)).toEqual(execution);
    await expect.poll(() => readExecution(ada.at(there), execution.id), soon).toEqual(execution);
    expect(await readRow(execution.id)).toMatchObject({
      ownerId: rowIdOf(ada.workspaceId),
      apiTokenId: null,
    });
    expect(await listEvents(execution.id)).toHaveLength(1);
  });

  it("no answer waits for the database once all is known, and what it did not hear is written afterwards", async () => {
    await using server = disposable(await startModernOnly());
    await using proxy = await startDatabaseProxy(gatehouse.databaseUrl);
    const apart = await gatehouse.addProcess({}, proxy.url);
    const serverId = await createServer(ada, server.url);
    const run = () => executeTool(ada.at(apart), serverId, "add", { a: 1, b: 2 });
    for (let i = 0; i < 3; i += 1) await run();
    proxy.isSilent = true;
    const { execution } = await run();
    expect(execution).toMatchObject({ status: "SUCCEEDED", structuredContent: { sum: 3 } });
    proxy.cut();
    proxy.isSilent = false;
    proxy.open();
    await expect.poll(() => readExecution(ada, execution.id), soon).toMatchObject(execution);
    await gatehouse.stopProcess(apart);
  });

  it("a result of more than a megabyte reaches its caller whole, and says that the end of it is not kept", async () => {
    const text = "x".repeat(3 * 1024 * 1024);
    await using server = disposable(await startTool(() => ({ content: [{ type: "text", text }] })));
    const serverId = await createServer(ada, server.url);
    const { data } = await execute(ada, { serverId, toolName: "tool" });
    const { execution } = data.executeTool;
    expect(execution.contentTruncated).toBe(true);
    expect(execution.content[0].text).toHaveLength(text.length);
    expect(execution.resultBytes).toBeGreaterThan(text.length);
    const check = async (user: TestUser) => {
      const read = await readExecution(user, execution.id);
      return read?.content && [read.contentTruncated, read.content[0].text.length < 1024 * 1024];
    };
    expect(await check(ada)).toEqual([true, true]);
    await expect.poll(() => check(ada.at(there)), soon).toEqual([true, true]);
  });

  it("S10 an answer of more than 16 MiB is not read to its end", async () => {
    let isOverread = false;
    await using server = disposable(
      await startScriptedLegacy((call, response) => {
        if (call.method === "tools/list") return sendResult(call, response, { tools: [tool] });
        if (call.method !== "tools/call") return void response.writeHead(405).end();
        response.writeHead(200, { "content-type": "application/json" });
        let sent = 0;
        const send = () => {
          while (sent < 64 * 1024 * 1024) {
            sent += 1024 * 1024;
            if (!response.write("x".repeat(1024 * 1024))) return;
          }
          isOverread = true;
          response.end();
        };
        response.on("drain", send);
        send();
      }),
    );
    const serverId = await createServer(ada, server.url);
    const { data } = await execute(ada, { serverId, toolName: "tool" });
    expect(data.executeTool).toMatchObject({
      __typename: "ServerUnreachable",
      message: expect.stringContaining("larger than"),
      retryable: false,
    });
    expect(isOverread).toBe(false);
  });

  it("S11 a grant that is dead: one classification for the answer, the run and the server", async () => {
    const serverId = await createServer(ada, gatehouse.sandbox.notesUrl);
    await connect(ada, serverId);
    expect(
      (await execute(ada, { serverId, toolName: "list_notes" })).data.executeTool,
    ).toMatchObject({ __typename: "ToolExecuted" });
    await gatehouse.sandbox.endGrants("Ada");
    gatehouse.sandbox.expireAccessTokens();
    const { data } = await execute(ada, { serverId, toolName: "list_notes" });
    expect(data.executeTool).toMatchObject({
      __typename: "ReauthRequired",
      reason: "GRANT_INVALID",
    });
    await expect
      .poll(
        () =>
          gatehouse.db.toolExecution.findMany({
            where: { serverId: rowIdOf(serverId) },
            orderBy: { id: "asc" },
            select: { status: true },
          }),
        soon,
      )
      .toEqual([{ status: "SUCCEEDED" }, { status: "REAUTH_REQUIRED" }]);
  });
});

const tool = { name: "tool", inputSchema: { type: "object" } };

/** A server with one tool. */
function startTool(call: () => object) {
  return startScripted((message, response) => {
    const results: Record<string, () => object> = {
      "server/discover": () => ({
        supportedVersions: ["2026-07-28"],
        capabilities: { tools: {} },
      }),
      "tools/list": () => ({ tools: [tool] }),
      "tools/call": call,
    };
    const result = results[message.method ?? ""];
    if (!result) return void response.writeHead(404).end();
    sendResult(message, response, { resultType: "complete", ...result() });
  });
}

describe("a run that goes on", () => {
  it.each([
    ["a legacy server", startLegacy],
    ["a modern server", startModernOnly],
  ])("S7 %s is told when the time is up", async (_what, startServer) => {
    await using server = disposable(await startServer());
    const serverId = await createServer(ada, server.url);
    const { data } = await execute(ada, { serverId, toolName: "wait", timeoutMs: 1_000 });
    expect(data.executeTool).toMatchObject({
      __typename: "ToolTimedOut",
      execution: { status: "TIMED_OUT" },
    });
    await server.gate.cancelled;
  });

  it.each([
    ["here", "a legacy server", startLegacy],
    ["here", "a modern server", startModernOnly],
    ["there", "a legacy server", startLegacy],
    ["there", "a modern server", startModernOnly],
  ])("S7 is cancelled from the process %s: %s is told", async (where, _what, startServer) => {
    await using server = disposable(await startServer());
    const serverId = await createServer(ada, server.url);
    const id = await start(ada, { serverId, toolName: "wait" });
    await server.gate.entered;
    const canceller = where === "here" ? ada : ada.at(there);
    const { data } = await cancelExecution(canceller, id);
    expect(data.cancelToolExecution).toMatchObject({ status: "CANCELLED" });
    await server.gate.cancelled;
    // It is over: once more changes nothing, on whichever process.
    for (const user of [ada, ada.at(there)])
      await expect
        .poll(async () => (await cancelExecution(user, id)).data.cancelToolExecution, soon)
        .toEqual(data.cancelToolExecution);
    expect(await listEvents(id)).toHaveLength(1);
  });

  it("is cancelled for a caller that waits for it, who gets the run as it ended", async () => {
    await using server = disposable(await startModernOnly());
    const serverId = await createServer(ada, server.url);
    const answer = execute(ada, { serverId, toolName: "wait" });
    await server.gate.entered;
    const list = async () =>
      (await listExecutions(ada, { filter: { serverId, status: ["RUNNING"] } })).nodes;
    await expect.poll(list, soon).toHaveLength(1);
    const [{ id }] = await list();
    await cancelExecution(ada, id);
    expect((await answer).data.executeTool).toMatchObject({
      __typename: "ToolExecuted",
      execution: { id, status: "CANCELLED" },
    });
  });

  it("is cancelled by its runner and by admins alone", async () => {
    await using server = await startHolding();
    const serverId = await createServer(ada, server.url);
    const bob = await join("MEMBER");
    const admin = await join("ADMIN");
    const id = await start(bob, { serverId, toolName: "hold" });
    const stranger = await gatehouse.signUp();
    const other = await join("MEMBER");
    for (const user of [stranger, other])
      expect((await cancelExecution(user, id)).errors?.[0]?.extensions["code"]).toBe("NOT_FOUND");
    expect((await cancelExecution(admin, id)).data.cancelToolExecution.status).toBe("CANCELLED");
  });

  it("tells how far it is, to its runner alone, from any process", async () => {
    await using server = disposable(await startModernOnly());
    const serverId = await createServer(ada, server.url);
    const id = await start(ada, { serverId, toolName: "wait" });
    await using updates = ada
      .at(there)
      .subscribe(
        `subscription ($id: ID!) { toolExecutionUpdated(id: $id) { status progress { progress total message } } }`,
        { id },
      );
    const progress = { progress: 1, total: 2, message: "half way" };
    let seen = (await updates.next()).value.data.toolExecutionUpdated;
    if (!seen.progress) seen = (await updates.next()).value.data.toolExecutionUpdated;
    expect(seen).toEqual({ status: "RUNNING", progress });
    const admin = await join("ADMIN");
    expect(await readExecution(admin, id)).toMatchObject({
      status: "RUNNING",
      progress: null,
      arguments: null,
    });
    const raw = await gatehouse.db.$queryRaw`SELECT t::text AS row FROM "ToolExecution" t`;
    expect(JSON.stringify(raw)).not.toContain(Buffer.from("half way").toString("hex"));
    server.gate.open();
    expect((await updates.next()).value).toMatchObject(update("SUCCEEDED"));
    expect((await updates.next()).done).toBe(true);
  });

  it("however often the server tells, it is told four times a second at most", async () => {
    await using server = disposable(await startTelling(300));
    const serverId = await createServer(ada, server.url);
    const id = await start(ada, { serverId, toolName: "tool" });
    await using updates = ada.subscribe(
      `subscription ($id: ID!) { toolExecutionUpdated(id: $id) { progress { progress } } }`,
      { id },
    );
    const seen: number[] = [];
    for await (const { data } of updates)
      seen.push(data.toolExecutionUpdated.progress?.progress ?? 0);
    expect(seen.at(-1)).toBe(300);
    expect(seen.toSorted((one, other) => one - other)).toEqual(seen);
    const { durationMs } = await readExecution(ada, id);
    // The first, the last, and what comes in between.
    expect(seen.length).toBeLessThanOrEqual(3 + durationMs / 250);
    expect(seen.length).toBeGreaterThan(3);
  });

  it("goes on when its caller goes away, waiting or not", async () => {
    await using server = await startHolding();
    const serverId = await createServer(ada, server.url);
    const leave = new AbortController();
    const call = fetch(`${gatehouse.url}/graphql`, {
      method: "POST",
      headers: { "content-type": "application/json", cookie: ada.cookie },
      body: JSON.stringify({
        query: "mutation ($input: ExecuteToolInput!) { executeTool(input: $input) { __typename } }",
        variables: { input: { serverId, toolName: "hold" } },
      }),
      signal: leave.signal,
    }).catch((error: Error) => error.name);
    const held = await server.waitForCall(1);
    leave.abort();
    expect(await call).toBe("AbortError");
    held.answer();
    await expect
      .poll(
        () => gatehouse.db.toolExecution.findFirst({ where: { serverId: rowIdOf(serverId) } }),
        soon,
      )
      .toMatchObject({ status: "SUCCEEDED" });
  });

  it("can be read by every process as soon as it is answered with wait: false", async () => {
    await using server = await startHolding();
    const serverId = await createServer(ada, server.url);
    for (let i = 1; i <= 5; i += 1) {
      const id = await start(ada, { serverId, toolName: "hold", arguments: { i } });
      expect(await readExecution(ada.at(there), id)).toMatchObject({
        status: "RUNNING",
        arguments: { i },
        finishedAt: null,
      });
      (await server.waitForCall(i)).answer();
      await expect
        .poll(async () => (await readExecution(ada.at(there), id)).content, soon)
        .toMatchObject([{ text: "done" }]);
    }
  });
});

/** Joins Ada's workspace. */
async function join(role: "ADMIN" | "MEMBER"): Promise<TestUser> {
  const user = await gatehouse.signUp();
  const { viewer } = await user.query("{ viewer { user { id } } }");
  await gatehouse.db.membership.create({
    data: { workspaceId: rowIdOf(ada.workspaceId), userId: rowIdOf(viewer.user.id), role },
  });
  user.workspaceId = ada.workspaceId;
  return user;
}

/** A server whose tool says how far it is so often, every few milliseconds. */
function startTelling(count: number) {
  return startScriptedLegacy((call, response) => {
    if (call.method === "tools/list") return sendResult(call, response, { tools: [tool] });
    if (call.method !== "tools/call") return void response.writeHead(405).end();
    const { progressToken } = call.params["_meta"] as { progressToken: string };
    response.writeHead(200, { "content-type": "text/event-stream" });
    const send = (message: object) =>
      response.write(`event: message\ndata: ${JSON.stringify({ jsonrpc: "2.0", ...message })}\n\n`);
    let progress = 0;
    const telling = setInterval(() => {
      progress += 1;
      send({ method: "notifications/progress", params: { progressToken, progress } });
      if (progress < count) return;
      clearInterval(telling);
      send({ id: call.id, result: { content: [] } });
      response.end();
    }, 5);
    response.on("close", () => clearInterval(telling));
  });
}

/** `timeoutMs` is one deadline over the whole of a call, however its time is spent. Told by order: what must end first, ends first. */
import { expect } from "vitest";
import { sendError, sendResult, startScripted } from "./counterparties/scripted.ts";
import { createServer, type TestUser } from "./support/client.ts";
import { disposable } from "./support/disposable.ts";
import { execute } from "./support/executions.ts";
import { it } from "./support/shared-gatehouse.ts";

/** The machine may be busy. */
const soon = { timeout: 20_000 };

/** Of the call whose time is looked at, in milliseconds. */
const timeoutMs = 3_000;
/** So long a slow server takes to be connected to: twice that is past `timeoutMs`, and a call of `timeoutMs` after it past `laterMs`. */
const slowMs = 1_800;
/** Of a call that starts at the same time, and must be over later. */
const laterMs = 4_000;

let ada: TestUser;

it.beforeAll(({ ada: user }) => {
  ada = user;
});

/** A legacy server that takes its time where `slow` says; its tool `hang` never answers. */
async function startSlow() {
  const tools = ["hang", "add"].map((name) => ({ name, inputSchema: { type: "object" } }));
  const slow = new Map<string, number>();
  const server = await startScripted((call, response) => {
    const results: Record<string, object> = {
      initialize: {
        protocolVersion: "2025-06-18",
        capabilities: { tools: {} },
        serverInfo: { name: "slow", version: "0" },
      },
      "tools/list": { tools },
      "tools/call": { content: [{ type: "text", text: "42" }] },
    };
    const answer = () => {
      const result = results[call.method ?? ""];
      if (call.method === "server/discover")
        sendError(call, response, { code: -32_601, message: "?" });
      else if (result) sendResult(call, response, result);
      else response.writeHead(call.http === "POST" ? 202 : 405).end();
    };
    if (call.method === "tools/call" && call.params["name"] === "hang") return;
    setTimeout(answer, slow.get(call.method ?? "") ?? 0);
  });
  const countCalls = (method: string) =>
    server.calls.filter((call) => call.method === method).length;
  return disposable({ url: server.url, close: server.close, slow, countCalls });
}

const update = (serverId: string, input: object) =>
  ada.query("mutation ($input: UpdateMcpServerInput!) { updateMcpServer(input: $input) { id } }", {
    input: { id: serverId, ...input },
  });

/** Its list of tools is known, and no session is open. */
async function createKnown(url: string): Promise<string> {
  const serverId = await createServer(ada, url);
  expect((await execute(ada, { serverId, toolName: "add" })).data.executeTool).toMatchObject({
    __typename: "ToolExecuted",
  });
  await update(serverId, { enabled: false });
  await update(serverId, { enabled: true });
  return serverId;
}

/** Which of two calls was answered first, and what. */
async function race(serverId: string, input: object) {
  await using yardstick = await startSlow();
  const otherId = await createServer(ada, yardstick.url);
  await execute(ada, { serverId: otherId, toolName: "add" });
  const order: string[] = [];
  const run = async (what: string, wanted: object) => {
    const { data } = await execute(ada, wanted);
    order.push(what);
    return data.executeTool;
  };
  const [answer] = await Promise.all([
    run("the call", { serverId, timeoutMs, ...input }),
    run("the later one", { serverId: otherId, toolName: "hang", timeoutMs: laterMs }),
  ]);
  return { answer, order };
}

it.concurrent("S7 connecting takes of a call's time: what is left of it is all that the tool has, and the server is told", async ({
  expect,
}) => {
  await using server = await startSlow();
  const serverId = await createKnown(server.url);
  server.slow.set("initialize", slowMs);
  const idempotencyKey = "sent";
  const { answer, order } = await race(serverId, { toolName: "hang", idempotencyKey });
  expect(answer).toMatchObject({
    __typename: "ToolTimedOut",
    execution: { status: "TIMED_OUT" },
  });
  expect(order).toEqual(["the call", "the later one"]);
  await expect.poll(() => server.countCalls("notifications/cancelled"), soon).toBe(1);
  // It may have run: the key is used up.
  const again = await execute(ada, { serverId, toolName: "hang", idempotencyKey });
  expect(again.data.executeTool).toEqual(answer);
});

it.concurrent("the list of tools that has to be asked for first takes of it as well: what was never sent leaves the key free", async () => {
  await using server = await startSlow();
  server.slow.set("initialize", slowMs);
  server.slow.set("tools/list", slowMs);
  const serverId = await createServer(ada, server.url, {
    authType: "NONE",
    requestTimeoutMs: 30_000,
  });
  const idempotencyKey = "not sent";
  const { answer, order } = await race(serverId, { toolName: "hang", idempotencyKey });
  expect(answer).toMatchObject({ __typename: "ServerUnreachable", retryable: true });
  expect(order).toEqual(["the call", "the later one"]);
  expect(server.countCalls("tools/call")).toBe(0);
  server.slow.clear();
  const again = await execute(ada, { serverId, toolName: "add", idempotencyKey });
  expect(again.data.executeTool).toMatchObject({ __typename: "ToolExecuted" });
});

it.concurrent("a server that hangs while it is connected to: the call was never sent, and its key is free", async () => {
  await using server = await startSlow();
  const serverId = await createKnown(server.url);
  server.slow.set("initialize", 2 ** 30);
  const idempotencyKey = "hung";
  const { answer, order } = await race(serverId, { toolName: "add", idempotencyKey });
  expect(answer).toMatchObject({ __typename: "ServerUnreachable", retryable: true });
  expect(order).toEqual(["the call", "the later one"]);
  server.slow.clear();
  await update(serverId, { enabled: false });
  await update(serverId, { enabled: true });
  const again = await execute(ada, { serverId, toolName: "add", idempotencyKey });
  expect(again.data.executeTool).toMatchObject({ __typename: "ToolExecuted" });
});

it.concurrent("whoever waits for the first run under a key waits no longer than they said", async () => {
  await using server = await startSlow();
  const serverId = await createServer(ada, server.url);
  const idempotencyKey = "shared";
  const first = { serverId, toolName: "hang", idempotencyKey, timeoutMs: 600_000 };
  const { data } = await execute(ada, { ...first, wait: false });
  const { answer, order } = await race(serverId, { toolName: "hang", idempotencyKey });
  expect(answer).toMatchObject({
    __typename: "ToolTimedOut",
    execution: { id: data.executeTool.execution.id, status: "RUNNING" },
  });
  expect(order).toEqual(["the call", "the later one"]);
  expect(server.countCalls("tools/call")).toBe(1);
});

import { beforeAll, describe, expect } from "vitest";
import { startEverything } from "./counterparties/everything.ts";
import { startLegacy } from "./counterparties/legacy.ts";
import { startModernOnly } from "./counterparties/modern.ts";
import { startScripted } from "./counterparties/scripted.ts";
import { disposable } from "./support/disposable.ts";
import {
  connect,
  createServer,
  executeTool,
  readStatus,
  rowIdOf,
  type TestUser,
} from "./support/client.ts";
import type { TestGatehouse } from "./support/gatehouse.ts";
import { it } from "./support/shared-gatehouse.ts";

let gatehouse: TestGatehouse;
let ada: TestUser;

it.beforeAll(({ gatehouse: part, ada: user }) => {
  [gatehouse, ada] = [part, user];
});

async function listTools(id: string, user = ada): Promise<string[]> {
  const { mcpServer } = await user.query(
    "query ($id: ID!) { mcpServer(id: $id) { tools(first: 100) { totalCount nodes { name } } } }",
    { id },
  );
  expect(mcpServer.tools.totalCount).toBe(mcpServer.tools.nodes.length);
  return mcpServer.tools.nodes.map(({ name }: { name: string }) => name);
}

describe.each([
  ["@modelcontextprotocol/server-everything", startEverything, "echo", { message: "hello" }],
  ["a server of the 2026-07-28 revision alone", startModernOnly, "add", { a: 1, b: 2 }],
  ["a server on @modelcontextprotocol/sdk 1.x", startLegacy, "add", { a: 1, b: 2 }],
])("%s", (_, start, tool, args) => {
  it("is detected, listed and used", async () => {
    await using server = disposable<{ url: string; close(): Promise<void> }>(await start());
    const id = await createServer(ada, server.url);
    expect(await readStatus(ada, id)).toMatchObject({ state: "NOT_REQUIRED", reason: null });
    expect(await listTools(id)).toContain(tool);
    expect(await executeTool(ada, id, tool, args)).toMatchObject({
      __typename: "ToolExecuted",
      execution: { status: "SUCCEEDED" },
    });
  });
});

describe("running a tool", () => {
  let notes: string;

  beforeAll(async () => {
    notes = await createServer(ada, gatehouse.sandbox.notesUrl, { name: "Notes" });
    await connect(ada, notes);
  });

  it("keeps the run for its runner", async () => {
    const { execution } = await executeTool(ada, notes, "add_note", {
      title: "Milk",
      body: "Two litres",
    });
    const read = `query ($id: ID!) { toolExecution(id: $id) { status arguments content { __typename } startedBy { name } durationMs server { id } } node(id: $id) { __typename id } }`;
    expect(await ada.query(read, { id: execution.id })).toMatchObject({
      toolExecution: {
        status: "SUCCEEDED",
        arguments: { title: "Milk", body: "Two litres" },
        startedBy: { name: "Ada" },
      },
      node: { __typename: "ToolExecution", id: execution.id },
    });
    const eve = await gatehouse.signUp();
    expect(await eve.query(read, { id: execution.id })).toEqual({
      toolExecution: null,
      node: null,
    });
  });

  it("says what does not fit the tool's schema, each at its JSON Pointer", async () => {
    expect(await executeTool(ada, notes, "add_note", { body: 7 })).toMatchObject({
      __typename: "InvalidToolArguments",
      issues: expect.arrayContaining([
        { path: "/title", message: expect.any(String) },
        { path: "/body", message: expect.any(String) },
      ]),
    });
    expect(await executeTool(ada, notes, "add_note", "text")).toMatchObject({
      __typename: "InvalidToolArguments",
      issues: [{ path: "" }],
    });
  });

  it("suggests names for a tool that does not exist", async () => {
    expect(await executeTool(ada, notes, "add_notes")).toMatchObject({
      __typename: "ToolNotFound",
      suggestions: expect.arrayContaining(["add_note"]),
    });
  });

  it("asks first where the server declares that a tool destroys", async () => {
    expect(await executeTool(ada, notes, "delete_note", { id: "1" })).toMatchObject({
      __typename: "ToolConfirmationRequired",
      tool: { name: "delete_note" },
    });
  });

  it("answers at once with wait: false and tells the end by subscription", async () => {
    const { execution } = await executeTool(
      ada,
      notes,
      "count_slowly",
      { to: 3, delayMs: 50 },
      { wait: false },
    );
    expect(execution.status).toBe("RUNNING");
    await using updates = ada.subscribe(
      "subscription ($id: ID!) { toolExecutionUpdated(id: $id) { status } }",
      { id: execution.id },
    );
    const seen: string[] = [];
    for await (const { data } of updates) seen.push(data.toolExecutionUpdated.status);
    expect(seen.at(-1)).toBe("SUCCEEDED");
  });

  it("S7 cancels a call that takes too long and says so", async () => {
    const answer = await executeTool(
      ada,
      notes,
      "count_slowly",
      { to: 50, delayMs: 200 },
      { timeoutMs: 1_000 },
    );
    expect(answer).toMatchObject({
      __typename: "ToolTimedOut",
      execution: { status: "TIMED_OUT" },
    });
  });

  it("C14 a call that needs a wider scope asks for it, others go on, and consent asks for the union", async () => {
    const id = await createServer(ada, gatehouse.sandbox.notesUrl, { name: "Narrow" });
    await connect(ada, id);
    const { grantedScopes } = await readStatus(ada, id);
    expect(await executeTool(ada, id, "export_notes", { format: "markdown" })).toMatchObject({
      __typename: "ReauthRequired",
      reason: "INSUFFICIENT_SCOPE",
    });
    expect(await readStatus(ada, id)).toMatchObject({
      state: "REAUTH_REQUIRED",
      reason: "INSUFFICIENT_SCOPE",
    });
    expect(await executeTool(ada, id, "list_notes")).toMatchObject({ __typename: "ToolExecuted" });
    await connect(ada, id);
    const after = await readStatus(ada, id);
    expect(after.state).toBe("CONNECTED");
    expect(after.grantedScopes).toEqual(expect.arrayContaining([...grantedScopes, "notes:export"]));
    expect(await executeTool(ada, id, "export_notes", { format: "markdown" })).toMatchObject({
      __typename: "ToolExecuted",
    });
  });

  it("runs nothing on a server that is switched off", async () => {
    const id = await createServer(ada, gatehouse.sandbox.weatherUrl);
    await ada.query(
      "mutation ($id: ID!) { updateMcpServer(input: { id: $id, enabled: false }) { id } }",
      { id },
    );
    expect(await executeTool(ada, id, "get_forecast", { city: "Oslo" })).toMatchObject({
      __typename: "ServerDisabled",
    });
  });

  it("tells an MCP server that is down from one that wants consent", async () => {
    gatehouse.sandbox.faults.set("mcp-503");
    expect(await executeTool(ada, notes, "list_notes")).toMatchObject({
      __typename: "ServerUnreachable",
    });
    gatehouse.sandbox.faults.clear();
    expect(await readStatus(ada, notes)).toMatchObject({ state: "CONNECTED" });
  });
});

it("keeps the order of a tool's properties, which is that of its form", async () => {
  const id = await createServer(ada, gatehouse.sandbox.notesUrl, { name: "Ordered" });
  await connect(ada, id);
  const { mcpServer } = await ada.query(
    'query ($id: ID!) { mcpServer(id: $id) { tool(name: "add_note") { inputSchema } } }',
    { id },
  );
  expect(Object.keys(mcpServer.tool.inputSchema.properties).slice(0, 2)).toEqual(["title", "body"]);
});

it("what a failed tool says is for its runner alone", async () => {
  const id = await createServer(ada, gatehouse.sandbox.notesUrl, { name: "Failing" });
  await connect(ada, id);
  const { execution } = await executeTool(
    ada,
    id,
    "delete_note",
    { id: "no-such-note-4711" },
    { confirmed: true },
  );
  expect(execution).toMatchObject({ status: "FAILED", isToolError: true });
  const read = async () =>
    JSON.stringify(await gatehouse.db.$queryRaw`SELECT t::text AS row FROM "ToolExecution" t`);
  // History is written behind the answer.
  await expect.poll(read, { timeout: 20_000 }).toContain(rowIdOf(execution.id));
  expect(await read()).not.toContain("no-such-note-4711");
});

it("S8 a server that refuses its headers is told from one that is away, at the first call too", async () => {
  await using server = disposable(
    await startScripted((_request, response) => void response.writeHead(401).end()),
  );
  const id = await createServer(ada, server.url, {
    authType: "HEADERS",
    headers: [{ name: "X-Key", value: "wrong" }],
  });
  expect(await executeTool(ada, id, "anything")).toMatchObject({
    __typename: "CredentialsRejected",
  });
});

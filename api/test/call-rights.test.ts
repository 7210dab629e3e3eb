/** A call that was admitted waits for a connection, and what allowed it is taken away meanwhile. */
import { afterAll, beforeAll, expect, it } from "vitest";
import { type ScriptedCounterparty, sendResult, startScripted } from "./counterparties/scripted.ts";
import { createServer, executeTool, rowIdOf, type TestUser } from "./support/client.ts";
import { startGatehouse, type TestGatehouse } from "./support/gatehouse.ts";

let gatehouse: TestGatehouse;
/** A second process, which has no session yet. */
let elsewhere: string;
beforeAll(async () => {
  gatehouse = await startGatehouse({ undoMs: 0 });
  elsewhere = await gatehouse.addProcess();
});
afterAll(() => gatehouse?.[Symbol.asyncDispose]());

interface Hanging extends ScriptedCounterparty {
  /** From then on handshakes wait for the promise. */
  hold(until: Promise<void>): void;
  /** Resolves when a handshake waits. */
  waiting: Promise<void>;
}

async function startHanging(): Promise<Hanging> {
  let gate: Promise<void> | null = null;
  const waiting = Promise.withResolvers<void>();
  const server = await startScripted(async (call, response) => {
    if (call.method === "server/discover") return void response.writeHead(404).end();
    if (call.method === "initialize") {
      if (gate) waiting.resolve();
      await gate;
      const serverInfo = { name: "hanging", version: "0" };
      const capabilities = { tools: {} };
      return sendResult(call, response, {
        protocolVersion: "2025-06-18",
        capabilities,
        serverInfo,
      });
    }
    if (call.method === "tools/list")
      return sendResult(call, response, {
        tools: [{ name: "act", inputSchema: { type: "object" } }],
      });
    if (call.method === "tools/call") return sendResult(call, response, { content: [] });
    response.writeHead(call.http === "GET" ? 405 : 202).end();
  });
  return { ...server, waiting: waiting.promise, hold: (until) => void (gate = until) };
}

const callsOf = ({ calls }: ScriptedCounterparty) =>
  calls.filter(({ method }) => method === "tools/call").length;

const update = (user: TestUser, id: string, input: object) =>
  user.query("mutation ($input: UpdateMcpServerInput!) { updateMcpServer(input: $input) { id } }", {
    input: { id, ...input },
  });

const changes: [string, (admin: TestUser, serverId: string, bob: TestUser) => Promise<unknown>][] =
  [
    ["the server is switched off", (admin, id) => update(admin, id, { enabled: false })],
    ["its URL is changed", (admin, id) => update(admin, id, { url: "http://127.0.0.1:9/mcp" })],
    [
      "the tool is denied",
      (admin, serverId) =>
        admin.query(
          "mutation ($input: SetToolPolicyInput!) { setToolPolicy(input: $input) { id } }",
          { input: { serverId, toolName: "act", kind: "DENY" } },
        ),
    ],
    [
      "the tool is to ask",
      (admin, serverId) =>
        admin.query(
          "mutation ($input: SetToolPolicyInput!) { setToolPolicy(input: $input) { id } }",
          { input: { serverId, toolName: "act", kind: "ASK" } },
        ),
    ],
    [
      "S18 new tools are denied, and nobody has listed the tool",
      async (admin, serverId) => {
        // Listed tools would be approved.
        await gatehouse.db.toolCatalog.deleteMany({ where: { serverId: rowIdOf(serverId) } });
        await admin.query(
          "mutation ($input: UpdateWorkspaceInput!) { updateWorkspace(input: $input) { id } }",
          { input: { id: admin.workspaceId, newToolPolicy: "DENY" } },
        );
      },
    ],
    [
      "the caller is removed",
      async (admin, _id, bob) => {
        const { viewer } = await bob.query("{ viewer { user { id } } }");
        await admin.query(
          "mutation ($input: RemoveWorkspaceMemberInput!) { removeWorkspaceMember(input: $input) { id } }",
          { input: { workspaceId: admin.workspaceId, userId: viewer.user.id } },
        );
      },
    ],
    [
      "the server is deleted",
      (admin, id) => admin.query("mutation ($id: ID!) { deleteMcpServer(id: $id) { id } }", { id }),
    ],
  ];

it.each(changes)("S3 S6 while it connects, %s: nothing is sent", async (_what, change) => {
  const server = await startHanging();
  const ada = await gatehouse.signUp();
  const bob = await gatehouse.signUp();
  const { viewer } = await bob.query("{ viewer { user { id } } }");
  const member = { workspaceId: rowIdOf(ada.workspaceId), userId: rowIdOf(viewer.user.id) };
  await gatehouse.db.membership.create({ data: { ...member, role: "MEMBER" } });
  const serverId = await createServer(ada, server.url, { credentialScope: "WORKSPACE" });
  expect(await executeTool(bob, serverId, "act")).toMatchObject({ __typename: "ToolExecuted" });
  expect(callsOf(server)).toBe(1);

  const released = Promise.withResolvers<void>();
  server.hold(released.promise);
  const call = executeTool(bob.at(elsewhere), serverId, "act");
  await server.waiting;
  await change(ada.at(elsewhere), serverId, bob);
  released.resolve();
  expect(await call).toMatchObject({ __typename: "ServerUnreachable" });
  expect(callsOf(server)).toBe(1);
  await server.close();
});

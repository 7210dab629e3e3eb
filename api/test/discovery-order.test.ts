import { describe, expect } from "vitest";
import { type ScriptedCounterparty, sendResult, startScripted } from "./counterparties/scripted.ts";
import { createServer, rowIdOf, type TestUser } from "./support/client.ts";
import type { TestGatehouse } from "./support/gatehouse.ts";
import { it } from "./support/shared-gatehouse.ts";

/** A server without authorization, each of whose answers to `tools/list` is a promise of the test's. */
async function startSlowServer(answers: Promise<string[]>[]): Promise<ScriptedCounterparty> {
  const discovery = { supportedVersions: ["2026-07-28"], capabilities: { tools: {} } };
  return startScripted(async (call, response) => {
    const names = call.method === "tools/list" ? await answers.shift() : undefined;
    const tools = (names ?? []).map((name) => ({ name, inputSchema: { type: "object" } }));
    const result = call.method === "tools/list" ? { tools } : discovery;
    sendResult(call, response, { resultType: "complete", ...result });
  });
}

let gatehouse: TestGatehouse;
let ada: TestUser;
let elsewhere: TestUser;

it.beforeAll(async ({ gatehouse: part, ada: user }) => {
  [gatehouse, ada] = [part, user];
  elsewhere = ada.at(await gatehouse.addProcess());
});

const refreshTools = (user: TestUser, id: string) =>
  user.query("mutation ($id: ID!) { refreshTools(serverId: $id) { id } }", { id });

async function readStored(id: string) {
  const where = { serverId: rowIdOf(id) };
  const { tools } = await gatehouse.db.toolCatalog.findFirstOrThrow({ where });
  const { reachability } = await gatehouse.db.mcpServer.findUniqueOrThrow({
    where: { id: rowIdOf(id) },
  });
  return { names: (tools as { name: string }[]).map(({ name }) => name), reachability };
}

describe("two discoveries at once, in two processes", () => {
  it("D11 the later question wins, though the earlier one is answered last", async () => {
    const early = Promise.withResolvers<string[]>();
    const answers = [early.promise, Promise.resolve(["new"])];
    const server = await startSlowServer(answers);
    const id = await createServer(ada, server.url);
    const first = refreshTools(ada, id);
    await expect.poll(() => answers.length).toBe(1);
    await refreshTools(elsewhere, id);
    expect((await readStored(id)).names).toEqual(["new"]);
    early.resolve(["old"]);
    await first;
    expect((await readStored(id)).names).toEqual(["new"]);
    await server.close();
  });

  it("D11 a failure that comes late does not undo a later success", async () => {
    const early = Promise.withResolvers<string[]>();
    const answers = [early.promise, Promise.resolve(["look"])];
    const server = await startSlowServer(answers);
    const id = await createServer(ada, server.url);
    const first = refreshTools(ada, id);
    await expect.poll(() => answers.length).toBe(1);
    await refreshTools(elsewhere, id);
    // Breaks off the request that still waits.
    await server.close();
    await first;
    expect(await readStored(id)).toEqual({ names: ["look"], reachability: "REACHABLE" });
    early.resolve([]);
  });
});

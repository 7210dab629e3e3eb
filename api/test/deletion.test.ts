import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { consent } from "#sandbox/testing/driver.ts";
import { watchClients } from "./support/client-traffic.ts";
import {
  connect,
  createServer,
  executeTool,
  readStatus,
  rowIdOf,
  startOAuth,
  type TestUser,
} from "./support/client.ts";
import { startGatehouse, type TestGatehouse } from "./support/gatehouse.ts";
import { awaitReceipts } from "./support/receipts.ts";

let gatehouse: TestGatehouse;
let ada: TestUser;
let serverId: string;

beforeAll(async () => {
  gatehouse = await startGatehouse({ undoMs: 60_000 });
  ada = await gatehouse.signUp("Ada");
});
afterAll(() => gatehouse[Symbol.asyncDispose]());
beforeEach(async () => {
  gatehouse.sandbox.faults.clear();
  serverId = await createServer(ada, gatehouse.sandbox.notesUrl);
});

const deletion = "mutation ($id: ID!) { deleteMcpServer(id: $id) { id } }";
const restoration =
  "mutation ($id: ID!) { restoreMcpServer(id: $id) { id deletedAt oauthStatus { state } tools { totalCount } } }";
const deleteServer = (id: string) => ada.query(deletion, { id });

/** In place of waiting for the undo's time to be over. */
async function letTimePass(ids: string[]): Promise<void> {
  await gatehouse.db.$executeRaw`
    UPDATE "McpServer" SET "deletedAt" = "deletedAt" - interval '60 seconds' WHERE "id" = ANY (${ids.map(rowIdOf)}::uuid[])`;
}

const countServers = (ids: string[]) =>
  gatehouse.db.mcpServer.count({ where: { id: { in: ids.map(rowIdOf) } } });

async function awaitGone(ids: string[]): Promise<void> {
  await expect.poll(() => countServers(ids), { timeout: 25_000 }).toBe(0);
}

/** Without what tells of its tools, which comes when it comes. */
async function readEvents(id: string) {
  const events = await gatehouse.db.workspaceEvent.findMany({
    where: { serverId: rowIdOf(id), type: { notIn: ["TOOLS_CHANGED", "TOOL_EXECUTED"] } },
    orderBy: { seq: "asc" },
  });
  return events.map(({ type, payload }) => ({ type, payload }));
}

describe("a deleted server", () => {
  it("is out of use at once, for every operation, and still tells that it can be brought back", async () => {
    await connect(ada, serverId);
    await executeTool(ada, serverId, "list_notes");
    await deleteServer(serverId);
    const operations = {
      executeTool:
        'mutation ($id: ID!) { executeTool(input: { serverId: $id, toolName: "list_notes" }) { __typename } }',
      startOAuth: "mutation ($id: ID!) { startOAuth(input: { serverId: $id }) { __typename } }",
      updateMcpServer:
        'mutation ($id: ID!) { updateMcpServer(input: { id: $id, name: "x" }) { id } }',
      refreshTools: "mutation ($id: ID!) { refreshTools(serverId: $id) { id } }",
      disconnectOAuth: "mutation ($id: ID!) { disconnectOAuth(serverId: $id) { id } }",
      deleteMcpServer: deletion,
    };
    for (const [name, operation] of Object.entries(operations)) {
      const { errors } = await ada.graphql(operation, { id: serverId });
      expect(errors?.[0]?.extensions["code"], name).toBe("NOT_FOUND");
    }
    const { mcpServer, node, workspace } = await ada.query(
      `query ($id: ID!, $workspace: ID!) {
        mcpServer(id: $id) { deletedAt tools { totalCount } }
        node(id: $id) { ... on McpServer { deletedAt } }
        workspace: node(id: $workspace) { ... on Workspace { mcpServers(first: 100) { totalCount nodes { id } } } }
      }`,
      { id: serverId, workspace: ada.workspaceId },
    );
    expect(mcpServer).toEqual({ deletedAt: expect.any(String), tools: { totalCount: 0 } });
    expect(node.deletedAt).toBe(mcpServer.deletedAt);
    const { nodes, totalCount } = workspace.mcpServers;
    expect(nodes).toHaveLength(totalCount);
    expect(nodes).not.toContainEqual({ id: serverId });
  });

  it("fails its open attempts, and one that comes back afterwards connects nobody", async () => {
    const started = await startOAuth(ada, serverId);
    const { callbackUrl } = await consent({
      authorizationUrl: started.authorizationUrl,
      login: "ada",
      decision: "allow",
    });
    const traffic = await watchClients(gatehouse, serverId);
    const before = traffic();
    await deleteServer(serverId);
    await ada.open(callbackUrl);
    const { oauthFlow } = await ada.query(
      "query ($id: ID!) { oauthFlow(id: $id) { status error } }",
      { id: started.flow.id },
    );
    expect(oauthFlow).toEqual({ status: "FAILED", error: "SERVER_GONE" });
    expect(traffic()).toEqual(before);
    expect(await gatehouse.db.oAuthGrant.count({ where: { serverId: rowIdOf(serverId) } })).toBe(0);
  });

  it("stores no consent whose code was exchanged while it was deleted, and revokes its tokens", async () => {
    const started = await startOAuth(ada, serverId);
    const { callbackUrl } = await consent({
      authorizationUrl: started.authorizationUrl,
      login: "ada",
      decision: "allow",
    });
    const callbacks: Promise<Response>[] = [];
    await gatehouse.db.$transaction(async (tx) => {
      await tx.$queryRaw`SELECT 1 FROM "McpServer" WHERE "id" = ${rowIdOf(serverId)}::uuid FOR UPDATE`;
      callbacks.push(ada.open(callbackUrl));
      await awaitLockWait("%FOR NO KEY UPDATE%");
      await tx.$executeRaw`UPDATE "McpServer" SET "deletedAt" = clock_timestamp() WHERE "id" = ${rowIdOf(serverId)}::uuid`;
    });
    await Promise.all(callbacks);
    expect(await awaitReceipts(gatehouse, serverId)).toMatchObject([
      { what: "TOKENS", outcome: "CONFIRMED" },
    ]);
    const { oauthFlow } = await ada.query("query ($id: ID!) { oauthFlow(id: $id) { error } }", {
      id: started.flow.id,
    });
    expect(oauthFlow.error).toBe("SERVER_GONE");
  });
});

describe("bringing it back", () => {
  it("within its time, whole: account, tools and settings, and nothing was revoked", async () => {
    await connect(ada, serverId);
    await executeTool(ada, serverId, "list_notes");
    const traffic = await watchClients(gatehouse, serverId);
    const before = traffic();
    await deleteServer(serverId);
    const { restoreMcpServer } = await ada.query(restoration, { id: serverId });
    expect(restoreMcpServer).toMatchObject({
      id: serverId,
      deletedAt: null,
      oauthStatus: { state: "CONNECTED" },
    });
    expect(restoreMcpServer.tools.totalCount).toBeGreaterThan(0);
    expect(await executeTool(ada, serverId, "list_notes")).toMatchObject({
      __typename: "ToolExecuted",
    });
    expect(traffic()).toEqual(before);
    expect((await readEvents(serverId)).slice(-2)).toEqual([
      { type: "SERVER_UPDATED", payload: { fields: ["deletedAt"] } },
      { type: "SERVER_UPDATED", payload: { fields: ["deletedAt"] } },
    ]);
  });

  it("a second time answers it as it is, and tells nobody", async () => {
    await deleteServer(serverId);
    await ada.query(restoration, { id: serverId });
    const events = await readEvents(serverId);
    expect((await ada.query(restoration, { id: serverId })).restoreMcpServer.id).toBe(serverId);
    expect(await readEvents(serverId)).toEqual(events);
  });

  it("is for whoever may delete", async () => {
    const bob = await gatehouse.signUp("Bob");
    await deleteServer(serverId);
    const asStranger = await bob.graphql(restoration, { id: serverId });
    expect(asStranger.errors?.[0]?.extensions["code"]).toBe("NOT_FOUND");
    await gatehouse.db.membership.create({
      data: {
        role: "MEMBER",
        workspace: { connect: { id: rowIdOf(ada.workspaceId) } },
        user: { connect: { email: bob.email.toLowerCase() } },
      },
    });
    const asMember = await bob.graphql(restoration, { id: serverId });
    expect(asMember.errors?.[0]?.extensions["code"]).toBe("FORBIDDEN");
    await ada.query(restoration, { id: serverId });
  });

  it("when its time is over is NOT_FOUND, also for who asked in time and was overtaken", async () => {
    await deleteServer(serverId);
    const restorations: ReturnType<TestUser["graphql"]>[] = [];
    await gatehouse.db.$transaction(async (tx) => {
      await tx.$queryRaw`SELECT 1 FROM "McpServer" WHERE "id" = ${rowIdOf(serverId)}::uuid FOR UPDATE`;
      restorations.push(ada.graphql(restoration, { id: serverId }));
      await awaitLockWait('UPDATE "McpServer" SET "deletedAt" = NULL%');
      await tx.$executeRaw`
        UPDATE "McpServer" SET "deletedAt" = "deletedAt" - interval '60 seconds' WHERE "id" = ${rowIdOf(serverId)}::uuid`;
    });
    const [overtaken] = await Promise.all(restorations);
    expect(overtaken?.errors?.[0]?.extensions["code"]).toBe("NOT_FOUND");
    await awaitGone([serverId]);
    const late = await ada.graphql(restoration, { id: serverId });
    expect(late.errors?.[0]?.extensions["code"]).toBe("NOT_FOUND");
  });

  it("and its end never both happen", async () => {
    const ids = await Promise.all(
      Array.from({ length: 6 }, () =>
        createServer(ada, gatehouse.sandbox.notesUrl, { authType: "OAUTH" }),
      ),
    );
    for (const id of ids) await connect(ada, id);
    await Promise.all(ids.map(deleteServer));
    // The undo ends while they are being asked back, for each a little later than for the one before.
    for (const [index, id] of ids.entries())
      await gatehouse.db.$executeRaw`
        UPDATE "McpServer" SET "deletedAt" = clock_timestamp() - interval '60 seconds' + make_interval(secs => ${index * 0.02}::float8)
        WHERE "id" = ${rowIdOf(id)}::uuid`;
    const answers = await Promise.all(ids.map((id) => ada.graphql(restoration, { id })));
    const isRestored = (index: number) => !answers[index]?.errors;
    const lost = ids.filter((_id, index) => !isRestored(index));
    const won = ids.filter((_id, index) => isRestored(index));
    await awaitGone(lost);
    expect(await countServers(won)).toBe(won.length);
    for (const id of won) expect(await readStatus(ada, id)).toMatchObject({ state: "CONNECTED" });
    for (const id of lost) {
      const ends = (await readEvents(id)).filter(({ type }) => type === "SERVER_DELETED");
      expect(ends).toHaveLength(1);
    }
  });
});

describe("the end", () => {
  it("D8 comes by itself, once, whichever process it is: accounts told of, tokens revoked, all forgotten", async () => {
    await gatehouse.addProcess();
    const ids = await Promise.all(
      Array.from({ length: 5 }, () =>
        createServer(ada, gatehouse.sandbox.notesUrl, { authType: "OAUTH" }),
      ),
    );
    for (const id of ids) await connect(ada, id);
    await Promise.all(ids.map(deleteServer));
    await letTimePass(ids);
    await awaitGone(ids);
    for (const id of ids) {
      expect(await awaitReceipts(gatehouse, id, 2)).toMatchObject([
        { what: "TOKENS", outcome: "CONFIRMED", reason: "DISCONNECTED_BY_USER" },
        { what: "REGISTRATION", outcome: "CONFIRMED" },
      ]);
      expect((await readEvents(id)).map(({ type }) => type)).toEqual([
        "SERVER_CREATED",
        "OAUTH_STATE_CHANGED",
        "SERVER_UPDATED",
        "OAUTH_STATE_CHANGED",
        "SERVER_DELETED",
        "TOKEN_REVOKED",
        "TOKEN_REVOKED",
      ]);
      const where = { serverId: rowIdOf(id) };
      expect(await gatehouse.db.oAuthClient.count({ where })).toBe(0);
      expect(await gatehouse.db.oAuthGrant.count({ where })).toBe(0);
      expect(await gatehouse.db.toolCatalog.count({ where })).toBe(0);
    }
  });

  it("waits for a key that is missing, and keeps no other server waiting", async () => {
    const other = await createServer(ada, gatehouse.sandbox.notesUrl);
    await connect(ada, serverId);
    const [grant] = await gatehouse.db.oAuthGrant.findMany({
      where: { serverId: rowIdOf(serverId) },
    });
    const sealed = grant?.accessToken;
    if (!sealed) throw new Error("nothing sealed");
    // The id of the key stands in front.
    const unknown = new Uint8Array(sealed);
    unknown.set(Buffer.from("none"), 2);
    const store = (accessToken: Uint8Array<ArrayBuffer>) =>
      gatehouse.db.oAuthGrant.update({ where: { id: grant.id }, data: { accessToken } });
    await store(unknown);
    await deleteServer(serverId);
    await deleteServer(other);
    await letTimePass([serverId, other]);
    await awaitGone([other]);
    expect(await countServers([serverId])).toBe(1);
    await store(sealed);
    await awaitGone([serverId]);
    await awaitReceipts(gatehouse, serverId, 2);
  });
});

/** Waits until a statement waits for a lock. */
async function awaitLockWait(like: string): Promise<void> {
  await expect
    .poll(
      async () => {
        const [waiting] = await gatehouse.db.$queryRaw<{ n: number }[]>`
          SELECT count(*)::int AS n FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND ltrim(query, E' \n') LIKE ${like}`;
        return waiting?.n;
      },
      { timeout: 15_000 },
    )
    .toBe(1);
}

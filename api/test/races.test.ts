import {
  createServer as createHttpServer,
  type IncomingMessage,
  type ServerResponse,
} from "node:http";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { consent } from "#sandbox/testing/driver.ts";
import { createBrowser } from "./support/browser.ts";
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
import { disposable } from "./support/disposable.ts";
import { startGatehouse, type TestGatehouse } from "./support/gatehouse.ts";

let gatehouse: TestGatehouse;
let ada: TestUser;
let serverId: string;

beforeAll(async () => {
  gatehouse = await startGatehouse({ undoMs: 300 });
  ada = await gatehouse.signUp("Ada");
});
afterAll(() => gatehouse[Symbol.asyncDispose]());
beforeEach(async () => {
  gatehouse.sandbox.faults.clear();
  serverId = await createServer(ada, gatehouse.sandbox.notesUrl);
});

async function reachCallback(authorizationUrl: string): Promise<string> {
  return (await consent({ authorizationUrl, login: "ada", decision: "allow" })).callbackUrl;
}

/** A server that holds every request until it is let go, and keeps the bearers that it was sent. */
async function startHolding() {
  const bearers = new Set<string>();
  let open = Promise.withResolvers<void>();
  const arrived = Promise.withResolvers<void>();
  let holds = false;
  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    bearers.add(request.headers.authorization ?? "none");
    if (holds) {
      arrived.resolve();
      await open.promise;
    }
    response.writeHead(404).end();
  };
  const server = createHttpServer((request, response) => void answer(request, response));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return {
    url: `http://127.0.0.1:${address.port}/mcp`,
    bearers,
    arrived: arrived.promise,
    hold() {
      holds = true;
      open = Promise.withResolvers<void>();
    },
    letGo: () => open.resolve(),
    async close() {
      open.resolve();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

describe("what happens meanwhile", () => {
  it("a call that began under the old URL never gets the new one's token", async () => {
    await using old = disposable(await startHolding());
    await connect(ada, serverId);
    // The account's tokens now belong to an address that holds its requests, and no open session is of that address.
    await gatehouse.db.mcpServer.update({
      where: { id: rowIdOf(serverId) },
      data: { url: old.url, configVersion: { increment: 1 } },
    });
    old.hold();
    const call = executeTool(ada, serverId, "list_notes");
    await old.arrived;
    await ada.query(
      "mutation ($id: ID!, $url: String!) { updateMcpServer(input: { id: $id, url: $url, authType: OAUTH }) { id } }",
      {
        id: serverId,
        url: gatehouse.sandbox.notesUrl,
      },
    );
    await connect(ada, serverId);
    const before = new Set(old.bearers);
    old.letGo();
    expect((await call).__typename).toBe("ServerUnreachable");
    expect(old.bearers).toEqual(before);
    expect(await executeTool(ada, serverId, "list_notes")).toMatchObject({
      __typename: "ToolExecuted",
    });
  });

  it("a consent that was cancelled while its tokens were on their way connects nobody, and they are revoked", async () => {
    const started = await startOAuth(ada, serverId);
    const callbackUrl = await reachCallback(started.authorizationUrl);
    const traffic = await watchClients(gatehouse, serverId);
    const { revocations } = traffic();
    const callbacks: Promise<Response>[] = [];
    await gatehouse.db.$transaction(async (tx) => {
      // The tokens are there, and the callback waits for the server's row to store them.
      await tx.$queryRaw`SELECT 1 FROM "McpServer" WHERE "id" = ${rowIdOf(serverId)}::uuid FOR UPDATE`;
      callbacks.push(ada.open(callbackUrl));
      await expect
        .poll(async () => {
          const waiting = await gatehouse.db.$queryRaw<{ n: number }[]>`
            SELECT count(*)::int AS n FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%FOR NO KEY UPDATE%'`;
          return waiting[0]?.n;
        })
        .toBe(1);
      await ada.query("mutation ($id: ID!) { cancelOAuth(flowId: $id) { status } }", {
        id: started.flow.id,
      });
    });
    await Promise.all(callbacks);
    expect(await readStatus(ada, serverId)).toMatchObject({ state: "DISCONNECTED" });
    const { oauthFlow } = await ada.query("query ($id: ID!) { oauthFlow(id: $id) { status } }", {
      id: started.flow.id,
    });
    expect(oauthFlow.status).toBe("CANCELLED");
    await expect.poll(() => traffic().revocations).toBeGreaterThan(revocations);
  });

  it("D8 a server that is deleted while consents come back leaves no grant and no living token", async () => {
    const callbacks: string[] = [];
    for (let i = 0; i < 3; i++)
      callbacks.push(
        await reachCallback((await startOAuth(ada, serverId, { force: true })).authorizationUrl),
      );
    const [deletion] = await Promise.all([
      ada.graphql("mutation ($id: ID!) { deleteMcpServer(id: $id) { id } }", { id: serverId }),
      ...callbacks.map((url) => ada.open(url)),
    ]);
    expect(deletion.errors).toBeUndefined();
    await expect
      .poll(() => gatehouse.db.mcpServer.count({ where: { id: rowIdOf(serverId) } }), {
        timeout: 15_000,
      })
      .toBe(0);
    await expect
      .poll(() => gatehouse.db.revocationTask.count({ where: { serverId: rowIdOf(serverId) } }), {
        timeout: 15_000,
      })
      .toBe(0);
    const again = await ada.graphql("mutation ($id: ID!) { deleteMcpServer(id: $id) { id } }", {
      id: serverId,
    });
    expect(again.errors?.[0]?.extensions["code"]).toBe("NOT_FOUND");
  });

  it("tells dashboards of every account that goes with a deleted server", async () => {
    await connect(ada, serverId);
    const { node } = await ada.query(
      "query ($id: ID!) { node(id: $id) { ... on Workspace { eventCursor } } }",
      { id: ada.workspaceId },
    );
    await using events = ada.subscribe(
      "subscription ($id: ID!, $after: String!) { authStateChanged(workspaceId: $id, after: $after) { serverId state server { id } } }",
      { id: ada.workspaceId, after: node.eventCursor },
    );
    await ada.query("mutation ($id: ID!) { deleteMcpServer(id: $id) { id } }", { id: serverId });
    expect((await events.next()).value.data.authStateChanged).toEqual({
      serverId,
      state: "DISCONNECTED",
      server: null,
    });
  });

  it("a change decided on settings that someone else changed meanwhile is a CONFLICT", async () => {
    await using slow = disposable(await startHolding());
    slow.hold();
    const change = ada.graphql(
      "mutation ($id: ID!, $url: String!) { updateMcpServer(input: { id: $id, url: $url }) { id } }",
      { id: serverId, url: slow.url },
    );
    await slow.arrived;
    await ada.query(
      'mutation ($id: ID!) { updateMcpServer(input: { id: $id, headers: [{ name: "X-Key", value: "new" }] }) { id } }',
      {
        id: serverId,
      },
    );
    slow.letGo();
    expect((await change).errors?.[0]?.extensions["code"]).toBe("CONFLICT");
  });

  it("C4 a callback that was kept too long can be opened and kept again", async () => {
    const started = await startOAuth(ada, serverId);
    const callbackUrl = await reachCallback(started.authorizationUrl);
    const browser = createBrowser();
    await browser.open(String(callbackUrl));
    await gatehouse.db.oAuthFlow.updateMany({
      where: { id: rowIdOf(started.flow.id) },
      data: { heldUntil: new Date(Date.now() - 1_000) },
    });
    const answer = await browser.open(String(callbackUrl));
    const signIn = new URL(answer.headers.get("location") ?? "", gatehouse.url);
    browser.addCookies(ada.cookie);
    await browser.open(new URL(signIn.searchParams.get("next") ?? "", gatehouse.url).href);
    expect(await readStatus(ada, serverId)).toMatchObject({ state: "CONNECTED" });
  });

  it("a disconnected account's tools are not listed", async () => {
    await connect(ada, serverId);
    await executeTool(ada, serverId, "list_notes");
    await ada.query("mutation ($id: ID!) { disconnectOAuth(serverId: $id) { id } }", {
      id: serverId,
    });
    const { mcpServer } = await ada.query(
      "query ($id: ID!) { mcpServer(id: $id) { tools { totalCount } } }",
      { id: serverId },
    );
    expect(mcpServer.tools.totalCount).toBe(0);
  });

  it("a server of unknown type that is connected by hand is one that asks for OAuth", async () => {
    await gatehouse.db.mcpServer.update({
      where: { id: rowIdOf(serverId) },
      data: { authType: "UNKNOWN" },
    });
    await connect(ada, serverId);
    expect(await readStatus(ada, serverId)).toMatchObject({ state: "CONNECTED" });
    expect(await executeTool(ada, serverId, "list_notes")).toMatchObject({
      __typename: "ToolExecuted",
    });
  });
});

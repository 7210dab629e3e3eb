import type { ServerResponse } from "node:http";
import { describe, expect } from "vitest";
import { startMarked } from "./counterparties/marked.ts";
import {
  type OfferedTool,
  startLegacyOffering,
  startModernOffering,
} from "./counterparties/offering.ts";
import { sendJson, sendResult, startScripted } from "./counterparties/scripted.ts";
import { readTools, refreshTools } from "./support/catalog.ts";
import { createServer, executeTool, rowIdOf, startOAuth, type TestUser } from "./support/client.ts";
import { disposable } from "./support/disposable.ts";
import type { TestGatehouse } from "./support/gatehouse.ts";
import { it } from "./support/shared-gatehouse.ts";

let gatehouse: TestGatehouse;
let ada: TestUser;
it.beforeAll(({ gatehouse: part, ada: user }) => {
  [gatehouse, ada] = [part, user];
});

const namesOf = async (id: string, user = ada) => (await readTools(user, id)).names;
const patient = { timeout: 30_000, interval: 100 };

/** The stored list has been good for long enough. */
const expire = (id: string) =>
  gatehouse.db.toolCatalog.updateMany({
    where: { serverId: rowIdOf(id) },
    data: { freshUntil: new Date(0) },
  });

const tool = (name: string) => ({ name, inputSchema: { type: "object" } });

/** A server of the 2026-07-28 revision whose lists, and when they come, are up to the test. */
async function startHeld() {
  const held = {
    tools: ["first"],
    /** Whoever asks waits for it. */
    gate: Promise.resolve(),
    lists: 0,
    /** Questions that are waiting for their answer. */
    open: 0,
  };
  const server = await startScripted(async (call, response) => {
    if (call.method === "server/discover")
      return sendResult(call, response, {
        resultType: "complete",
        supportedVersions: ["2026-07-28"],
        capabilities: { tools: {} },
      });
    if (call.method !== "tools/list") return void response.writeHead(404).end();
    held.lists += 1;
    held.open += 1;
    response.on("close", () => (held.open -= 1));
    await held.gate;
    sendResult(call, response, { resultType: "complete", tools: held.tools.map(tool) });
  });
  return disposable(Object.assign(held, server));
}

describe("a stored list", () => {
  it("S5 C15 is served at once and refreshed behind, once for however many look", async () => {
    await using server = await startHeld();
    const id = await createServer(ada, server.url);
    expect(await namesOf(id)).toEqual(["first"]);
    server.tools = ["second"];
    const { promise, resolve } = Promise.withResolvers<void>();
    server.gate = promise;
    await expire(id);
    const before = server.lists;
    const pages = await Promise.all(Array.from({ length: 12 }, () => namesOf(id)));
    expect(pages).toEqual(pages.map(() => ["first"]));
    await expect.poll(() => server.open, patient).toBe(1);
    expect(await namesOf(id)).toEqual(["first"]);
    resolve();
    await expect.poll(() => namesOf(id), patient).toEqual(["second"]);
    expect(server.lists).toBe(before + 1);
  });

  it("is left alone while it is fresh", async () => {
    await using server = await startHeld();
    const id = await createServer(ada, server.url);
    await namesOf(id);
    const before = server.lists;
    server.tools = ["second"];
    for (let i = 0; i < 5; i += 1) expect(await namesOf(id)).toEqual(["first"]);
    await refreshTools(ada, id);
    expect(await namesOf(id)).toEqual(["second"]);
    expect(server.lists).toBe(before + 1);
  });

  it("is good for as long as the server says, within bounds; else by our own rule", async () => {
    await using server = disposable(await startModernOffering());
    const id = await createServer(ada, server.url);
    const goodFor = async (ttlMs: number) => {
      server.ttlMs = ttlMs;
      await refreshTools(ada, id);
      const { fetchedAt, freshUntil } = await gatehouse.db.toolCatalog.findFirstOrThrow({
        where: { serverId: rowIdOf(id) },
      });
      return freshUntil && freshUntil.getTime() - fetchedAt.getTime();
    };
    expect(await goodFor(3_600_000)).toBe(3_600_000);
    expect(await goodFor(0)).toBe(60_000);
    expect(await goodFor(1_000_000_000_000)).toBe(86_400_000);
    await using legacy = disposable(await startLegacyOffering());
    const other = await createServer(ada, legacy.url);
    await refreshTools(ada, other);
    const row = { where: { serverId: rowIdOf(other) } };
    expect(await gatehouse.db.toolCatalog.findFirstOrThrow(row)).toMatchObject({
      freshUntil: null,
    });
    // Our own: ten minutes.
    legacy.offer({ name: "more", description: "More." });
    const aged = async (minutes: number) => {
      const fetchedAt = new Date(Date.now() - minutes * 60_000);
      await gatehouse.db.toolCatalog.updateMany({ ...row, data: { fetchedAt, tools: [] } });
    };
    await aged(5);
    expect(await namesOf(other)).toEqual([]);
    await aged(11);
    await expect.poll(() => namesOf(other), patient).toEqual(["look", "more"]);
  });

  it("is refreshed behind a call too, though nobody looks at it", async () => {
    await using server = disposable(await startModernOffering());
    const id = await createServer(ada, server.url);
    expect(await executeTool(ada, id, "look")).toMatchObject({ __typename: "ToolExecuted" });
    server.tools[0] = { name: "look", description: "Looks, and erases.", destructive: true };
    await gatehouse.db.toolCatalog.updateMany({
      where: { serverId: rowIdOf(id) },
      data: { fetchedAt: new Date(Date.now() - 11 * 60_000), freshUntil: null },
    });
    await expect
      .poll(async () => (await executeTool(ada, id, "look")).__typename, patient)
      .toBe("ToolConfirmationRequired");
  });

  it("stays when the server is away or refuses, and says why it could not be refreshed", async () => {
    let status = 200;
    await using server = disposable(
      await startScripted((call, response) => {
        if (status !== 200) return void response.writeHead(status).end();
        const results: Record<string, object> = {
          "server/discover": { supportedVersions: ["2026-07-28"], capabilities: { tools: {} } },
          "tools/list": { tools: [tool("first")] },
        };
        sendResult(call, response, { resultType: "complete", ...results[call.method ?? ""] });
      }),
    );
    const headers = [{ name: "X-Key", value: "secret" }];
    const id = await createServer(ada, server.url, { authType: "HEADERS", headers });
    await refreshTools(ada, id);
    const first = await readTools(ada, id);
    expect(first).toMatchObject({ names: ["first"], catalog: { failure: null, notes: [] } });

    status = 401;
    await refreshTools(ada, id);
    expect(await readTools(ada, id)).toMatchObject({
      names: ["first"],
      catalog: {
        fetchedAt: first.catalog.fetchedAt,
        failure: { message: "The server refused the configured headers.", at: expect.any(String) },
      },
      reachability: { state: "REACHABLE" },
    });
    status = 503;
    await refreshTools(ada, id);
    expect(await readTools(ada, id)).toMatchObject({
      names: ["first"],
      catalog: { failure: { message: "The server answered with HTTP 503." } },
      reachability: { state: "UNREACHABLE" },
    });
    status = 200;
    await refreshTools(ada, id);
    expect(await readTools(ada, id)).toMatchObject({
      names: ["first"],
      catalog: { failure: null },
      reachability: { state: "REACHABLE" },
    });
  });

  it("S5 one that could not be refreshed is not asked for by every page", async () => {
    await using server = await startHeld();
    const id = await createServer(ada, server.url);
    await namesOf(id);
    server.gate = new Promise(() => undefined);
    await gatehouse.db.mcpServer.update({
      where: { id: rowIdOf(id) },
      data: { requestTimeoutMs: 1_000 },
    });
    await expire(id);
    await namesOf(id);
    await expect
      .poll(async () => (await readTools(ada, id)).catalog.failure, patient)
      .not.toBeNull();
    const { lists } = server;
    for (let i = 0; i < 5; i += 1) await namesOf(id);
    // What was asked behind the answers has begun by now: a refresh comes after it.
    await refreshTools(ada, id);
    expect(server.lists).toBe(lists + 1);
  });
});

it("S5 one slow server never blocks another's list", async () => {
  await using slow = await startHeld();
  await using quick = await startHeld();
  const { promise, resolve } = Promise.withResolvers<void>();
  slow.gate = promise;
  const ids = [await createServer(ada, slow.url), await createServer(ada, quick.url)];
  expect(await namesOf(ids[1] ?? "")).toEqual(["first"]);
  const readBoth = async () => {
    const { nodes } = await ada.query(
      "query ($ids: [ID!]!) { nodes(ids: $ids) { ... on McpServer { tools { nodes { name } } catalog { fetchedAt } } } }",
      { ids },
    );
    return nodes;
  };
  const known = {
    tools: { nodes: [{ name: "first" }] },
    catalog: { fetchedAt: expect.any(String) },
  };
  expect(await readBoth()).toEqual([{ tools: { nodes: [] }, catalog: { fetchedAt: null } }, known]);
  // It is still being asked: nobody waited for its answer.
  expect(slow.open).toBe(1);
  resolve();
  await expect.poll(readBoth, patient).toEqual([known, known]);
  expect(slow.lists).toBe(1);
});

describe.each([
  [
    "the 2026-07-28 revision",
    async () => {
      const server = await startModernOffering();
      return Object.assign(server, {
        offer(more: OfferedTool) {
          server.tools.push(more);
          server.announce("tools");
        },
      });
    },
  ],
  ["the 2025-11-25 revision", startLegacyOffering],
] as const)("a server of %s that says that its tools have changed", (_, start) => {
  it("is asked at once, and who looks at it is told", async () => {
    await using server = disposable(await start());
    const id = await createServer(ada, server.url);
    expect(await namesOf(id)).toEqual(["look"]);
    await using events = ada.subscribe(
      `subscription ($id: ID!, $serverId: ID!) {
        workspaceEvents(workspaceId: $id, filter: { types: [TOOLS_CHANGED], serverId: $serverId }) {
          ... on ToolsChanged { added removed changed }
        }
      }`,
      { id: ada.workspaceId, serverId: id },
    );
    const next = events.next();
    // A stream on which it can be told may open a moment after the first answer.
    let count = 0;
    await expect
      .poll(
        async () => {
          count += 1;
          server.offer({ name: `tool_${count}`, description: "New." });
          return (await namesOf(id)).length;
        },
        { timeout: 40_000, interval: 2_000 },
      )
      .toBeGreaterThan(1);
    const { value } = await next;
    expect(value.data.workspaceEvents.added).toContain("tool_1");
  });
});

describe("S4 through the whole of Gatehouse", () => {
  async function startListing(list: (cursor: unknown) => object) {
    return disposable(
      await startScripted((call, response) => {
        const discovery = { supportedVersions: ["2026-07-28"], capabilities: { tools: {} } };
        const result = call.method === "server/discover" ? discovery : list(call.params["cursor"]);
        sendJson(response, 200, {
          jsonrpc: "2.0",
          id: call.id,
          result: { resultType: "complete", ...result },
        });
      }),
    );
  }

  it("S4 an endless list ends, and says so", async () => {
    let pages = 0;
    await using server = await startListing(() => {
      pages += 1;
      return { tools: [tool(`t${pages}`)], nextCursor: `c${pages}` };
    });
    const id = await createServer(ada, server.url);
    await refreshTools(ada, id);
    expect(await readTools(ada, id)).toMatchObject({
      totalCount: 100,
      catalog: { notes: ["The list was cut off at 100 pages."], failure: null },
    });
  });

  it("S4 thousands of tools are cut at a bound, and can be searched", async () => {
    const tools = Array.from({ length: 6_000 }, (_, index) => tool(`t${index}`));
    await using server = await startListing(() => ({ tools }));
    const id = await createServer(ada, server.url);
    await refreshTools(ada, id);
    expect(await readTools(ada, id)).toMatchObject({
      totalCount: 5_000,
      catalog: { notes: ["The list was cut off at 5000 tools."] },
    });
    const { mcpServer } = await ada.query(
      'query ($id: ID!) { mcpServer(id: $id) { tools(search: "t4999") { totalCount nodes { name } } tool(name: "t5000") { name } } }',
      { id },
    );
    expect(mcpServer).toEqual({
      tools: { totalCount: 1, nodes: [{ name: "t4999" }] },
      tool: null,
    });
  });

  it("S4 D10 null schemas and names that cannot be stored cost nobody else's place", async () => {
    const tools = [
      { name: "no schema", inputSchema: null },
      { name: "nul\0", inputSchema: {} },
      { name: "half \ud800", inputSchema: {} },
      // What is longer than an event tells of is cut in the middle of a character.
      { name: `${"x".repeat(199)}😀`, inputSchema: {}, description: "nul\0 half \ud800" },
      null,
      tool("good"),
    ];
    await using server = await startListing(() => ({ tools }));
    const id = await createServer(ada, server.url);
    await refreshTools(ada, id);
    const { names, catalog } = await readTools(ada, id);
    expect(names).toEqual(["no schema", `${"x".repeat(199)}😀`, "good"]);
    expect(catalog.failure).toBeNull();
    expect(catalog.notes).toEqual([
      'The tool "no schema" declares no input schema. Any object is accepted.',
      "A tool with a name that is not a string was left out.",
      "A tool with a name that is not a string was left out.",
      "A tool without a name was left out.",
    ]);
  });

  it("S4 notes without end are cut", async () => {
    const tools = Array.from({ length: 500 }, (_, index) => ({ name: `t${index}` }));
    await using server = await startListing(() => ({ tools }));
    const id = await createServer(ada, server.url);
    await refreshTools(ada, id);
    const { catalog } = await readTools(ada, id);
    expect(catalog.notes).toHaveLength(51);
    expect(catalog.notes.at(-1)).toBe("450 more notes were omitted.");
  });
});

it("S13 one account's list is never shown to another", async () => {
  const owner = await gatehouse.signUp();
  const member = await gatehouse.signUp();
  const { id: userId } = await gatehouse.db.user.findUniqueOrThrow({
    where: { email: member.email },
  });
  const workspaceId = rowIdOf(owner.workspaceId);
  await gatehouse.db.membership.create({ data: { workspaceId, userId, role: "MEMBER" } });
  let version = 1;
  await using server = disposable(
    await startMarked("accounts", {
      mcp({ headers, body }, response) {
        const account = server.isAccepted(headers.authorization)
          ? server.issued.indexOf(headers.authorization?.replace(/^Bearer /, "") ?? "")
          : -1;
        if (account === -1) return challengeOf(headers.host, response);
        const { id, method } = JSON.parse(body);
        const results: Record<string, object> = {
          "server/discover": {
            supportedVersions: ["2026-07-28"],
            capabilities: { tools: {}, prompts: {} },
          },
          "tools/list": { tools: [tool(`tool of ${account} v${version}`)] },
          "prompts/list": { prompts: [{ name: `prompt of ${account} v${version}` }] },
        };
        const result = { resultType: "complete", ...results[method] };
        sendJson(response, 200, { jsonrpc: "2.0", id, result });
      },
    }),
  );
  const id = await createServer(owner, server.url);
  const people = [owner, member];
  for (const user of people) {
    const started = await startOAuth(user, id);
    await user.open(server.approve(started.authorizationUrl));
    await expect.poll(() => namesOf(id, user), patient).toHaveLength(1);
  }
  const readAll = () =>
    Promise.all(
      people.map(async (user) => {
        const { mcpServer } = await user.query(
          "query ($id: ID!) { mcpServer(id: $id) { tools { nodes { name } } prompts { nodes { name } } } }",
          { id },
        );
        return [...mcpServer.tools.nodes, ...mcpServer.prompts.nodes].map(({ name }) => name);
      }),
    );
  const [mine = [], theirs = []] = await readAll();
  expect(mine).toHaveLength(2);
  expect(theirs).toHaveLength(2);
  expect(new Set([...mine, ...theirs]).size).toBe(4);
  // Nor when both are refreshed at once, as are all who look at a stale list.
  version = 2;
  await expire(id);
  const refreshed = [mine, theirs].map((names) => names.map((name) => name.replace("v1", "v2")));
  await expect.poll(readAll, patient).toEqual(refreshed);
  // Nor is the one told of what the other sees.
  const { node } = await member.query(
    "query ($id: ID!) { node(id: $id) { ... on Workspace { events(first: 50, filter: { types: [TOOLS_CHANGED] }) { nodes { ... on ToolsChanged { added user { id } } } } } } }",
    { id: owner.workspaceId },
  );
  expect(node.events.nodes.flatMap(({ added }: { added: string[] }) => added)).toEqual([
    theirs[0],
    refreshed[1]?.[0],
  ]);
});

function challengeOf(host: string | undefined, response: ServerResponse) {
  const metadata = `http://${host}/.well-known/oauth-protected-resource/mcp`;
  response
    .writeHead(401, { "www-authenticate": `Bearer resource_metadata="${metadata}", scope="read"` })
    .end();
}

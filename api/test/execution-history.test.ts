import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { createServer, rowIdOf, type TestUser } from "./support/client.ts";
import { execute, listExecutions, startHolding } from "./support/executions.ts";
import { startGatehouse, type TestGatehouse } from "./support/gatehouse.ts";
import { countLeast } from "./support/least-statements.ts";

/** The machine may be busy. */
const soon = { timeout: 20_000 };

let gatehouse: TestGatehouse;
let ada: TestUser;
let bob: TestUser;
let server: Awaited<ReturnType<typeof startHolding>>;
let serverId: string;
let otherId: string;

beforeAll(async () => {
  gatehouse = await startGatehouse({ countsStatements: true });
  ada = await gatehouse.signUp("Ada");
  bob = await gatehouse.signUp("Bob");
  const { viewer } = await bob.query("{ viewer { user { id } } }");
  await gatehouse.db.membership.create({
    data: {
      workspaceId: rowIdOf(ada.workspaceId),
      userId: rowIdOf(viewer.user.id),
      role: "MEMBER",
    },
  });
  bob.workspaceId = ada.workspaceId;
  server = await startHolding();
  serverId = await createServer(ada, server.url);
  otherId = await createServer(ada, server.url, { name: "Other" });
  // Ada's and Bob's by turns, of both servers and both tools; the last of each goes on.
  for (let i = 0; i < 12; i += 1) {
    const input = {
      serverId: i % 3 === 0 ? otherId : serverId,
      toolName: i % 4 === 0 ? "other" : "hold",
      arguments: { i },
    };
    const user = i % 2 === 0 ? ada : bob;
    if (i >= 10) {
      await execute(user, { ...input, wait: false });
      continue;
    }
    const answer = execute(user, input);
    (await server.waitForCall(i + 1)).answer(`said ${i}`);
    await answer;
  }
  await vi.waitFor(async () => expect(await read(ada, {})).toHaveLength(12), soon);
});
afterAll(async () => {
  await server.close();
  await gatehouse[Symbol.asyncDispose]();
});

interface Node {
  arguments: { i: number } | null;
  content: { text: string }[] | null;
  startedBy: { name: string };
}

/** The whole list, page by page. */
async function read(user: TestUser, filter: object, first = 5): Promise<Node[]> {
  const nodes: Node[] = [];
  let after: string | null = null;
  for (;;) {
    const page = await listExecutions(user, { filter, first, after });
    expect(page.edges.map(({ node }: { node: { id: string } }) => node.id)).toEqual(
      page.nodes.map(({ id }: { id: string }) => id),
    );
    expect(page.pageInfo.hasPreviousPage).toBe(after !== null);
    expect(page.nodes.length).toBeLessThanOrEqual(first);
    nodes.push(...page.nodes);
    if (!page.pageInfo.hasNextPage) return nodes;
    after = page.pageInfo.endCursor;
  }
}

const numbers = (nodes: Node[]) => nodes.map((node) => node.arguments?.i);

describe("Workspace.toolExecutions", () => {
  it("is newest first: a member's own, with what they gave and got", async () => {
    const nodes = await read(bob, {});
    expect(numbers(nodes)).toEqual([11, 9, 7, 5, 3, 1]);
    expect(nodes[1]?.content).toMatchObject([{ text: "said 9" }]);
    expect(nodes.every(({ startedBy }) => startedBy.name === "Bob")).toBe(true);
  });

  it("is everybody's for an admin, without what others gave and got", async () => {
    const nodes = await read(ada, {});
    expect(nodes.map(({ startedBy }) => startedBy.name)).toEqual(
      Array.from({ length: 12 }, (_, i) => (i % 2 === 0 ? "Bob" : "Ada")),
    );
    expect(numbers(nodes)).toEqual([
      undefined,
      10,
      undefined,
      8,
      undefined,
      6,
      undefined,
      4,
      undefined,
      2,
      undefined,
      0,
    ]);
    for (const node of nodes)
      if (node.startedBy.name === "Bob")
        expect(node).toMatchObject({ arguments: null, content: null });
  });

  it("can be asked for by server, tool and status, all at once", async () => {
    expect(numbers(await read(bob, { serverId: otherId }))).toEqual([9, 3]);
    expect(numbers(await read(bob, { serverId }))).toEqual([11, 7, 5, 1]);
    expect(numbers(await read(ada, { toolName: "other" }))).toEqual([8, 4, 0]);
    expect(numbers(await read(ada, { toolName: "oth" }))).toEqual([]);
    expect(numbers(await read(bob, { status: ["RUNNING"] }))).toEqual([11]);
    expect(await read(ada, { status: ["RUNNING", "WAITING_FOR_INPUT"] })).toHaveLength(2);
    expect(await read(ada, { status: [] })).toEqual([]);
    const all = { serverId: otherId, toolName: "other", status: ["SUCCEEDED"] };
    expect(numbers(await read(ada, all))).toEqual([0]);
    expect(await read(ada, { serverId: ada.workspaceId })).toEqual([]);
  });

  it("stays where it was while new ones come", async () => {
    const first = await listExecutions(bob, { first: 2 });
    await execute(bob, { serverId, toolName: "hold", arguments: { i: 99 }, wait: false });
    const second = await listExecutions(bob, { first: 2, after: first.pageInfo.endCursor });
    expect(numbers(second.nodes)).toEqual([7, 5]);
    expect(numbers((await listExecutions(bob, { first: 1 })).nodes)).toEqual([99]);
  });

  it("refuses what is no cursor of it, and shows a stranger nothing", async () => {
    const query = `query ($id: ID!, $first: Int, $after: String) { node(id: $id) { ... on Workspace {
      toolExecutions(first: $first, after: $after) { nodes { id } } } } }`;
    for (const args of [
      { after: "nonsense" },
      { after: Buffer.from("run:1").toString("base64url") },
      { first: -1 },
    ]) {
      const { errors } = await ada.graphql(query, { id: ada.workspaceId, ...args });
      expect(errors?.[0]?.extensions["code"]).toBe("BAD_USER_INPUT");
    }
    const stranger = await gatehouse.signUp();
    expect(await stranger.query(query, { id: ada.workspaceId })).toEqual({ node: null });
  });

  it("costs the same number of statements however long the page is", async () => {
    const costOf = async (first: number) => {
      const before = gatehouse.countStatements();
      await listExecutions(ada, { first });
      return gatehouse.countStatements() - before;
    };
    const least = (first: number) => countLeast(() => costOf(first));
    expect(await least(12)).toBeLessThanOrEqual((await least(2)) + 6);
  });
});

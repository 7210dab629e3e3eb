/** A2: what one GraphQL operation can cost is limited before it runs, and again while it runs. */
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { getIntrospectionQuery } from "graphql";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { createServer, rowIdOf, type TestUser } from "./support/client.ts";
import { startGatehouse, type TestGatehouse } from "./support/gatehouse.ts";

let gatehouse: TestGatehouse;
let ada: TestUser;

beforeAll(async () => {
  gatehouse = await startGatehouse({
    env: { RESPONSE_LIMIT_MIB: "1" },
  });
  ada = await gatehouse.signUp();
});
afterAll(() => gatehouse[Symbol.asyncDispose]());

const codesOf = (errors: { extensions: Record<string, unknown> }[] | undefined) =>
  errors?.map(({ extensions }) => extensions["code"]);

/** A server with tools of so many bytes each. */
async function seedTools(count: number, bytesEach: number, user = ada): Promise<string> {
  const id = await createServer(user, gatehouse.sandbox.weatherUrl);
  const tools = Array.from({ length: count }, (_, index) => ({
    name: `tool_${index}`,
    title: null,
    description: "x".repeat(bytesEach),
    inputSchema: { type: "object" },
    outputSchema: null,
    annotations: null,
  }));
  const { createdById } = await gatehouse.db.mcpServer.findUniqueOrThrow({
    where: { id: rowIdOf(id) },
  });
  // Fresh, so that the tools of the real server do not replace them.
  const freshUntil = new Date(Date.now() + 3_600_000);
  const catalog = { tools, notes: [], fetchedAt: new Date(), freshUntil };
  const key = { serverId: rowIdOf(id), ownerId: createdById ?? "" };
  await gatehouse.db.toolCatalog.upsert({
    where: { serverId_ownerId: key },
    create: { ...key, ...catalog },
    update: catalog,
  });
  return id;
}

describe("A2 before it runs", () => {
  it("connections of each of many ids are too much, with the cost and the limit", async () => {
    const page = (alias: string) =>
      `${alias}: mcpServers(first: 100) { nodes { tools(first: 3) { nodes { name } } } }`;
    const { data, errors } = await ada.graphql(
      `query ($ids: [ID!]!) { nodes(ids: $ids) { ... on Workspace { ${["a", "b", "c"].map(page).join(" ")} } } }`,
      { ids: [ada.workspaceId] },
    );
    expect(data ?? null).toBeNull();
    expect(codesOf(errors)).toEqual(["QUERY_TOO_COMPLEX"]);
    const { cost, limit } = errors?.[0]?.extensions ?? {};
    expect(cost).toBeGreaterThan(Number(limit));
  });

  it("an id that is given twice is bad input", async () => {
    const { errors } = await ada.graphql("query ($ids: [ID!]!) { nodes(ids: $ids) { id } }", {
      ids: [ada.workspaceId, ada.workspaceId],
    });
    expect(codesOf(errors)).toEqual(["BAD_USER_INPUT"]);
  });

  it("the schema as every tool reads it is not too much", async () => {
    const { errors } = await ada.graphql(
      getIntrospectionQuery({ inputValueDeprecation: true, specifiedByUrl: true }),
    );
    expect(errors).toBeUndefined();
  });
});

describe("A2 while it runs", () => {
  it("a read ends at its deadline, and the next one is answered", async () => {
    const hasty = ada.at(await gatehouse.addProcess({ OPERATION_DEADLINE_SECONDS: "1" }));
    const read = () => hasty.graphql("{ viewer { workspaces { nodes { slug } } } }");
    let whileLocked: Awaited<ReturnType<typeof read>> | undefined;
    await gatehouse.db.$transaction(async (tx) => {
      await tx.$executeRaw`LOCK TABLE "Workspace" IN ACCESS EXCLUSIVE MODE`;
      whileLocked = await read();
    });
    expect(whileLocked?.data ?? null).toBeNull();
    expect(codesOf(whileLocked?.errors)).toEqual(["DEADLINE_EXCEEDED"]);
    expect(whileLocked?.errors?.[0]?.extensions).toMatchObject({ deadlineMs: 1_000 });
    await expect.poll(async () => (await read()).errors, { timeout: 30_000 }).toBeUndefined();
  });

  it("what mutations did is in the response even if the rest comes too late", async () => {
    const hasty = ada.at(await gatehouse.addProcess({ OPERATION_DEADLINE_SECONDS: "1" }));
    const created = await createServer(ada, gatehouse.sandbox.weatherUrl);
    const locked = Promise.withResolvers<void>();
    const release = Promise.withResolvers<void>();
    const locking = gatehouse.db.$transaction(
      async (tx) => {
        await tx.$executeRaw`LOCK TABLE "ToolCatalog" IN ACCESS EXCLUSIVE MODE`;
        locked.resolve();
        await release.promise;
      },
      { timeout: 30_000 },
    );
    await locked.promise;
    const asking = hasty.graphql(
      `mutation ($id: ID!) { updateMcpServer(input: { id: $id, description: "changed" }) { description tool(name: "get_forecast") { name } } }`,
      { id: created },
    );
    // Beyond the deadline.
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    release.resolve();
    await locking;
    const answer = await asking;
    expect(answer.data.updateMcpServer.description).toBe("changed");
    expect(codesOf(answer.errors)).toEqual(["DEADLINE_EXCEEDED"]);
  });

  it("a response ends at its byte budget with one error, and what was read before stays", async () => {
    const id = await seedTools(100, 20_000);
    const { data, errors } = await ada.graphql(
      `query ($id: ID!) { viewer { user { name } } mcpServer(id: $id) {
        tools(first: 100) { nodes { name description } } } }`,
      { id },
    );
    expect(codesOf(errors)).toEqual(["RESPONSE_TOO_LARGE"]);
    expect(errors?.[0]?.extensions).toMatchObject({ maxBytes: 1024 * 1024 });
    expect(data).toMatchObject({ viewer: { user: { name: ada.name } }, mcpServer: null });
  });

  it("what is stored is not loaded beyond its budget, even where little of it is selected", async () => {
    for (let count = 0; count < 5; count += 1) await seedTools(1_000, 8_000);
    const { errors } = await ada.graphql(
      `query ($id: ID!) { node(id: $id) { ... on Workspace {
        mcpServers(first: 100) { nodes { tools(first: 1) { totalCount } } } } } }`,
      { id: ada.workspaceId },
    );
    expect(codesOf(errors)).toEqual(["RESPONSE_TOO_LARGE"]);
  });

  it("responses that one caller does not read leave room for others", async () => {
    const url = await gatehouse.addProcess({ RESPONSE_LIMIT_MIB: "8" });
    const [carol, bob] = [await gatehouse.signUp(), await gatehouse.signUp()];
    const query = `query ($id: ID!) { mcpServer(id: $id) { tools(first: 100) { nodes { description } } } }`;
    const large = await seedTools(100, 75_000, carol);
    const own = await seedTools(100, 60_000, bob);
    const { hostname, port } = new URL(url);
    const body = JSON.stringify({ query, variables: { id: large } });
    const unread: Socket[] = [];
    onTestFinished(() => unread.forEach((socket) => socket.destroy()));
    for (let count = 0; count < 12; count += 1) {
      const socket = connect(Number(port), hostname);
      unread.push(socket);
      socket.write(
        `POST /graphql HTTP/1.1\r\nHost: localhost:${port}\r\nCookie: ${carol.cookie}\r\n` +
          `Content-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
      );
      // Its first bytes have arrived, and no more are read.
      await once(socket, "readable");
    }
    const { data, errors } = await bob.at(url).graphql(query, { id: own });
    expect(errors).toBeUndefined();
    expect(JSON.stringify(data).length).toBeGreaterThan(6_000_000);
  });

  it("a subscription's events have a budget each, not one together", async () => {
    const { node } = await ada.query(
      "query ($id: ID!) { node(id: $id) { ... on Workspace { eventCursor } } }",
      { id: ada.workspaceId },
    );
    await createServer(ada, gatehouse.sandbox.notesUrl);
    await createServer(ada, gatehouse.sandbox.notesUrl);
    await gatehouse.db.mcpServer.updateMany({ data: { description: "x".repeat(8_000) } });
    // Two thirds of the budget with each event.
    const fields = Array.from({ length: 90 }, (_, index) => `d${index}: description`).join(" ");
    await using events = ada.subscribe(
      `subscription ($id: ID!, $after: String) {
        workspaceEvents(workspaceId: $id, after: $after) { cursor server { ${fields} } } }`,
      { id: ada.workspaceId, after: node.eventCursor },
    );
    for (let count = 0; count < 2; count += 1)
      expect((await events.next()).value).not.toHaveProperty("errors");
  });
});

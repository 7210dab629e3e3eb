import { describe, expect } from "vitest";
import { startLegacyOffering, startModernOffering } from "./counterparties/offering.ts";
import { sendError, sendResult, startScripted } from "./counterparties/scripted.ts";
import { getPrompt, readLists, readResource, readTools, refreshTools } from "./support/catalog.ts";
import { createServer, type GraphQLAnswer, rowIdOf, type TestUser } from "./support/client.ts";
import { disposable } from "./support/disposable.ts";
import type { TestGatehouse } from "./support/gatehouse.ts";
import { it } from "./support/shared-gatehouse.ts";

let gatehouse: TestGatehouse;
let ada: TestUser;
it.beforeAll(({ gatehouse: part, ada: user }) => {
  [gatehouse, ada] = [part, user];
});

const patient = { timeout: 30_000, interval: 100 };
const codeOf = ({ errors }: GraphQLAnswer) => errors?.[0]?.extensions["code"];

describe.each([
  ["@modelcontextprotocol/server 2.x", startModernOffering],
  ["@modelcontextprotocol/sdk 1.x", startLegacyOffering],
] as const)("a server on %s", (_, start) => {
  it("shows and gives its resources and prompts", async () => {
    await using server = disposable<{ url: string; close(): Promise<void> }>(await start());
    const id = await createServer(ada, server.url);
    expect(await readLists(ada, id)).toMatchObject({
      resources: {
        totalCount: 2,
        nodes: [
          { uri: "memo://readme", name: "readme", title: "Read me", mimeType: "text/plain" },
          { uri: "memo://pixel", title: null, description: null, size: null },
        ],
      },
      resourceTemplates: { totalCount: 1, nodes: [{ uriTemplate: "memo://notes/{id}" }] },
      prompts: {
        totalCount: 1,
        nodes: [{ name: "greet", title: "Greet", arguments: [{ name: "who", required: true }] }],
      },
      catalog: { failure: null, notes: [] },
    });
    expect(await readResource(ada, id, "memo://readme")).toEqual({
      __typename: "ResourceRead",
      isTruncated: false,
      contents: [{ uri: "memo://readme", mimeType: "text/plain", text: "Hello.", blob: null }],
    });
    expect(await readResource(ada, id, "memo://pixel")).toMatchObject({
      contents: [{ text: null, blob: "iVBORw0KGgo=" }],
    });
    expect(await readResource(ada, id, "memo://notes/7")).toMatchObject({
      contents: [{ text: "Note 7" }],
    });
    expect(await readResource(ada, id, "memo://nowhere")).toMatchObject({
      __typename: "ResourceNotFound",
    });
    expect(await getPrompt(ada, id, "greet", { who: "Ada" })).toMatchObject({
      __typename: "PromptReceived",
      messages: [{ role: "USER", content: { __typename: "TextContent", text: "Hello Ada" } }],
    });
    expect(await getPrompt(ada, id, "greet")).toMatchObject({
      __typename: "InvalidPromptArguments",
      issues: [{ path: "/who", message: "is missing" }],
    });
    expect(await getPrompt(ada, id, "greeet", { who: "Ada" })).toMatchObject({
      __typename: "PromptNotFound",
      suggestions: ["greet"],
    });
    const { mcpServer } = await ada.query(
      `query ($id: ID!) { mcpServer(id: $id) {
        byAddress: resources(search: "PIXEL") { nodes { uri } }
        byTitle: resources(search: "read me") { nodes { uri } }
        second: resources(first: 1, after: "T2Zmc2V0Q29ubmVjdGlvbjow") { nodes { uri } pageInfo { hasNextPage } }
        resourceTemplates(search: "nothing") { totalCount }
        prompts(search: "gree") { totalCount }
      } }`,
      { id },
    );
    expect(mcpServer).toEqual({
      byAddress: { nodes: [{ uri: "memo://pixel" }] },
      byTitle: { nodes: [{ uri: "memo://readme" }] },
      second: { nodes: [{ uri: "memo://pixel" }], pageInfo: { hasNextPage: false } },
      resourceTemplates: { totalCount: 0 },
      prompts: { totalCount: 1 },
    });
  });
});

it("asks for resources and prompts when somebody looks, once, and then keeps them up to date", async () => {
  await using server = disposable(await startModernOffering());
  const id = await createServer(ada, server.url);
  const countLists = () =>
    server.methods.filter((method) => /^(resources|prompts)\b.*list$/.test(method)).length;
  await readTools(ada, id);
  await refreshTools(ada, id);
  expect(countLists()).toBe(0);
  await Promise.all([readLists(ada, id), readLists(ada, id)]);
  await readLists(ada, id);
  expect(countLists()).toBe(3);
  server.prompts.push("wave");
  await refreshTools(ada, id);
  await expect.poll(async () => (await readLists(ada, id)).prompts.nodes.length, patient).toBe(2);
  // By the server's own word, too.
  await expect
    .poll(
      async () => {
        server.prompts = ["bow"];
        server.announce("prompts");
        return (await readLists(ada, id)).prompts.nodes.map(({ name }: { name: string }) => name);
      },
      { timeout: 40_000, interval: 2_000 },
    )
    .toEqual(["bow"]);
});

describe("a server of the 2026-07-28 revision that does what a test says", () => {
  async function startSaying(answers: Record<string, object | "fail" | "hang">) {
    return disposable(
      await startScripted((call, response) => {
        const answer = answers[call.method ?? ""];
        if (answer === "hang") return;
        if (answer === "fail" || !answer)
          return sendError(call, response, { code: -32_603, message: "It broke." });
        sendResult(call, response, { resultType: "complete", ...answer });
      }),
    );
  }
  const discover = (capabilities: object) => ({
    supportedVersions: ["2026-07-28"],
    capabilities: { tools: {}, ...capabilities },
  });
  const tools = { tools: [{ name: "look", inputSchema: { type: "object" } }] };

  it("is not asked for what it does not say to have", async () => {
    await using server = await startSaying({
      "server/discover": discover({}),
      "tools/list": tools,
    });
    const id = await createServer(ada, server.url);
    expect(await readLists(ada, id)).toMatchObject({
      tools: { totalCount: 1 },
      resources: { totalCount: 0 },
      prompts: { totalCount: 0 },
      catalog: { notes: [], failure: null },
    });
    const asked = server.calls.map(({ method }) => method);
    expect(asked).not.toContain("resources/list");
    expect(asked).not.toContain("prompts/list");
  });

  it("one list that fails costs the others nothing, and is told of", async () => {
    const answers = {
      "server/discover": discover({ resources: {}, prompts: {} }),
      "tools/list": tools,
      "resources/list": { resources: [{ uri: "memo://a", name: "a" }] },
      "resources/templates/list": { resourceTemplates: [] },
      "prompts/list": "fail",
    } as const;
    await using server = await startSaying(answers);
    const id = await createServer(ada, server.url);
    await readLists(ada, id);
    const lists = await readLists(ada, id);
    expect(lists).toMatchObject({
      tools: { totalCount: 1 },
      resources: { totalCount: 1 },
      prompts: { totalCount: 0 },
      catalog: { notes: ["The prompts could not be listed. It broke."] },
    });
    // Nor is it asked for again by each who looks.
    const { length } = server.calls;
    await readLists(ada, id);
    expect(server.calls).toHaveLength(length);
  });

  it("S5 resources that do not come delay nobody's tools", async () => {
    const answers: Record<string, object | "hang"> = {
      "server/discover": discover({ resources: {} }),
      "tools/list": tools,
      "resources/list": { resources: [{ uri: "memo://a", name: "a" }] },
      "resources/templates/list": { resourceTemplates: [] },
    };
    await using server = await startSaying(answers);
    const id = await createServer(ada, server.url, { requestTimeoutMs: 600_000 });
    expect(await readLists(ada, id)).toMatchObject({ resources: { totalCount: 1 } });
    answers["resources/list"] = "hang";
    answers["tools/list"] = { tools: [] };
    await refreshTools(ada, id);
    const lists = await readLists(ada, id);
    expect(lists).toMatchObject({ tools: { totalCount: 0 }, resources: { totalCount: 1 } });
  });

  it("answers in types when it is away, refuses, is switched off or breaks", async () => {
    let status = 200;
    await using server = disposable(
      await startScripted((call, response) => {
        if (status !== 200) return void response.writeHead(status).end();
        if (call.method === "server/discover")
          return sendResult(call, response, { resultType: "complete", ...discover({}) });
        sendError(call, response, { code: -32_603, message: "It broke." });
      }),
    );
    const headers = [{ name: "X-Key", value: "secret" }];
    const id = await createServer(ada, server.url, { authType: "HEADERS", headers });
    const both = async () => {
      const read = await readResource(ada, id, "memo://a");
      expect(await getPrompt(ada, id, "greet")).toEqual(read);
      return read;
    };
    const unreachable = { __typename: "ServerUnreachable" };
    expect(await both()).toEqual({ ...unreachable, message: "It broke.", retryable: false });
    status = 503;
    expect(await both()).toMatchObject(unreachable);
    status = 401;
    expect(await both()).toMatchObject({ __typename: "CredentialsRejected" });
    await ada.query(
      "mutation ($id: ID!) { updateMcpServer(input: { id: $id, enabled: false }) { id } }",
      { id },
    );
    expect(await both()).toMatchObject({ __typename: "ServerDisabled" });
    const oauth = await createServer(ada, gatehouse.sandbox.notesUrl, { authType: "OAUTH" });
    expect(await readResource(ada, oauth, "memo://a")).toMatchObject({
      __typename: "ReauthRequired",
      reason: "NOT_CONNECTED",
      server: { id: oauth },
    });
  });
});

it("reading needs what running a tool needs", async () => {
  await using server = disposable(await startModernOffering());
  const id = await createServer(ada, server.url);
  const mutations = [
    'mutation ($id: ID!) { readResource(input: { serverId: $id, uri: "memo://readme" }) { __typename } }',
    'mutation ($id: ID!) { getPrompt(input: { serverId: $id, name: "greet" }) { __typename } }',
  ];
  const join = async (role: "MEMBER" | "VIEWER") => {
    const user = await gatehouse.signUp();
    const { id: userId } = await gatehouse.db.user.findUniqueOrThrow({
      where: { email: user.email },
    });
    const workspaceId = rowIdOf(ada.workspaceId);
    await gatehouse.db.membership.create({ data: { workspaceId, userId, role } });
    return user;
  };
  const [member, viewer, stranger] = [
    await join("MEMBER"),
    await join("VIEWER"),
    await gatehouse.signUp(),
  ];
  const act = async (scope: string, query: string) => {
    const { createApiToken } = await ada.query(
      "mutation ($input: CreateApiTokenInput!) { createApiToken(input: $input) { secret } }",
      { input: { workspaceId: ada.workspaceId, name: "ci", scope } },
    );
    const response = await fetch(`${gatehouse.url}/graphql`, {
      method: "POST",
      headers: {
        "content-type": "application/json",
        authorization: `Bearer ${createApiToken.secret}`,
      },
      body: JSON.stringify({ query, variables: { id } }),
    });
    return (await response.json()) as GraphQLAnswer;
  };
  for (const query of mutations) {
    expect(codeOf(await member.graphql(query, { id }))).toBeUndefined();
    expect(codeOf(await viewer.graphql(query, { id }))).toBe("FORBIDDEN");
    expect(codeOf(await stranger.graphql(query, { id }))).toBe("NOT_FOUND");
    expect(codeOf(await act("EXECUTE", query))).toBeUndefined();
    expect(codeOf(await act("READ", query))).toBe("FORBIDDEN");
  }
});

it("checks what it is given before it asks", async () => {
  await using server = disposable(await startModernOffering());
  const id = await createServer(ada, server.url);
  const { length } = server.methods;
  for (const uri of ["", `memo://${"x".repeat(9_000)}`]) {
    const answer = await ada.graphql(
      "mutation ($input: ReadResourceInput!) { readResource(input: $input) { __typename } }",
      { input: { serverId: id, uri } },
    );
    expect(codeOf(answer)).toBe("BAD_USER_INPUT");
  }
  const invalid = { __typename: "InvalidPromptArguments" };
  expect(await getPrompt(ada, id, "greet", ["Ada"])).toMatchObject(invalid);
  expect(await getPrompt(ada, id, "greet", { "a/b": 7, who: "Ada" })).toMatchObject({
    ...invalid,
    issues: [{ path: "/a~1b", message: "must be a string" }],
  });
  expect(await getPrompt(ada, id, "greet", { who: "x".repeat(300_000) })).toMatchObject(invalid);
  const many = Object.fromEntries(Array.from({ length: 101 }, (_, i) => [`a${i}`, "x"]));
  expect(await getPrompt(ada, id, "greet", many)).toMatchObject(invalid);
  expect(server.methods).toHaveLength(length);
});

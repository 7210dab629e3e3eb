import { describe, expect } from "vitest";
import { connect, createServer, type TestUser, rowIdOf } from "./support/client.ts";
import type { TestGatehouse } from "./support/gatehouse.ts";
import { it } from "./support/shared-gatehouse.ts";

type Role = "OWNER" | "ADMIN" | "MEMBER" | "VIEWER";

let gatehouse: TestGatehouse;
const people = {} as Record<Role | "STRANGER", TestUser>;
let personal: string;
let shared: string;

/** Invitations are a later part of Gatehouse: the membership is written as they will. */
async function join(user: TestUser, role: Role): Promise<void> {
  const workspaceId = rowIdOf(people.OWNER.workspaceId);
  const { id: userId } = await gatehouse.db.user.findUniqueOrThrow({
    where: { email: user.email.toLowerCase() },
  });
  await gatehouse.db.membership.create({ data: { workspaceId, userId, role } });
  user.workspaceId = people.OWNER.workspaceId;
}

it.beforeAll(async ({ gatehouse: part }) => {
  gatehouse = part;
  people.OWNER = await gatehouse.signUp("owner");
  people.STRANGER = await gatehouse.signUp("stranger");
  for (const role of ["ADMIN", "MEMBER", "VIEWER"] as const) {
    people[role] = await gatehouse.signUp(role.toLowerCase());
    await join(people[role], role);
  }
  personal = await createServer(people.OWNER, `${gatehouse.sandbox.notesUrl}?key=4711`, {
    authType: "OAUTH",
  });
  shared = await createServer(people.OWNER, gatehouse.sandbox.weatherUrl, {
    credentialScope: "WORKSPACE",
  });
});

const operations: Record<string, { query: string; variables: () => object }> = {
  "create a server": {
    query:
      'mutation ($id: ID!) { createMcpServer(input: { workspaceId: $id, name: "x", url: "http://127.0.0.1:9/mcp", authType: NONE }) { id } }',
    variables: () => ({ id: people.OWNER.workspaceId }),
  },
  "change a server": {
    query: 'mutation ($id: ID!) { updateMcpServer(input: { id: $id, name: "Renamed" }) { id } }',
    variables: () => ({ id: personal }),
  },
  "preview a URL": {
    query:
      'query ($id: ID!) { detectServer(input: { workspaceId: $id, url: "http://127.0.0.1:9/mcp" }) { authType } }',
    variables: () => ({ id: people.OWNER.workspaceId }),
  },
  "connect an account of one's own": {
    query:
      "mutation ($id: ID!) { startOAuth(input: { serverId: $id, force: true }) { __typename } }",
    variables: () => ({ id: personal }),
  },
  "connect the workspace's account": {
    query:
      "mutation ($id: ID!) { startOAuth(input: { serverId: $id, force: true }) { __typename } }",
    variables: () => ({ id: shared }),
  },
  "disconnect the workspace's account": {
    query: "mutation ($id: ID!) { disconnectOAuth(serverId: $id) { id } }",
    variables: () => ({ id: shared }),
  },
  "run a tool": {
    query:
      'mutation ($id: ID!) { executeTool(input: { serverId: $id, toolName: "x" }) { __typename } }',
    variables: () => ({ id: shared }),
  },
  "see a server": {
    query: "query ($id: ID!) { mcpServer(id: $id) { id } }",
    variables: () => ({ id: personal }),
  },
};

const none = "NOT_FOUND";
const no = "FORBIDDEN";
const yes = "ok";

describe("who may", () => {
  it.each([
    ["create a server", { OWNER: yes, ADMIN: yes, MEMBER: no, VIEWER: no, STRANGER: none }],
    ["change a server", { OWNER: yes, ADMIN: yes, MEMBER: no, VIEWER: no, STRANGER: none }],
    ["preview a URL", { OWNER: yes, ADMIN: yes, MEMBER: no, VIEWER: no, STRANGER: none }],
    [
      "connect an account of one's own",
      { OWNER: yes, ADMIN: yes, MEMBER: yes, VIEWER: no, STRANGER: none },
    ],
    [
      "connect the workspace's account",
      { OWNER: yes, ADMIN: yes, MEMBER: no, VIEWER: no, STRANGER: none },
    ],
    [
      "disconnect the workspace's account",
      { OWNER: yes, ADMIN: yes, MEMBER: no, VIEWER: no, STRANGER: none },
    ],
    ["run a tool", { OWNER: yes, ADMIN: yes, MEMBER: yes, VIEWER: no, STRANGER: none }],
    ["see a server", { OWNER: yes, ADMIN: yes, MEMBER: yes, VIEWER: yes, STRANGER: "null" }],
  ])("%s", async (name, expected) => {
    const operation = operations[name];
    if (!operation) throw new Error(name);
    const outcomes: Record<string, string> = {};
    for (const [role, user] of Object.entries(people)) {
      const { data, errors } = await user.graphql(operation.query, operation.variables());
      outcomes[role] = errors
        ? String(errors[0]?.extensions["code"])
        : data?.mcpServer === null
          ? "null"
          : "ok";
    }
    expect(outcomes).toEqual(expected);
  });

  it("nobody signed in is UNAUTHENTICATED, and sees no viewer", async () => {
    const nobody = { ...people.OWNER.at(gatehouse.url), cookie: "" };
    const send = async (query: string, variables: object) => {
      const response = await fetch(`${nobody.url}/graphql`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ query, variables }),
      });
      return (await response.json()) as {
        data: Record<string, unknown>;
        errors?: { extensions: { code: string } }[];
      };
    };
    expect((await send("{ viewer { user { id } } }", {})).data).toEqual({ viewer: null });
    const answer = await send("mutation ($id: ID!) { deleteMcpServer(id: $id) { id } }", {
      id: personal,
    });
    expect(answer.errors?.[0]?.extensions.code).toBe("UNAUTHENTICATED");
  });

  it.each([
    [
      "variables that are a list",
      { query: "{ viewer { user { id } } }", variables: [] },
      "BAD_USER_INPUT",
      "",
    ],
    [
      "an unknown operation",
      { query: "query A { viewer { user { id } } }", operationName: "B" },
      "BAD_USER_INPUT",
      "",
    ],
    [
      "a variable of the wrong type",
      { query: "query ($id: ID!) { node(id: $id) { id } }", variables: { id: {} } },
      "BAD_USER_INPUT",
      "$id",
    ],
    [
      "a NUL in a look-up",
      { query: 'mutation { createWorkspace(input: { name: "a\\u0000" }) { id } }' },
      "BAD_USER_INPUT",
      "",
    ],
    [
      "a cursor of another's making",
      { query: '{ viewer { workspaces(after: "R1BDOlM6MQ") { totalCount nodes { id } } } }' },
      "BAD_USER_INPUT",
      "",
    ],
    ["no GraphQL", { query: "{" }, "GRAPHQL_PARSE_FAILED", ""],
    ["an unknown field", { query: "{ nothing }" }, "GRAPHQL_VALIDATION_FAILED", ""],
  ])(
    "%s is answered with a code of the contract and a request id",
    async (_, body, code, words) => {
      const response = await fetch(`${gatehouse.url}/graphql`, {
        method: "POST",
        headers: { "content-type": "application/json", cookie: people.OWNER.cookie },
        body: JSON.stringify(body),
      });
      const { errors } = (await response.json()) as {
        errors: { message: string; extensions: object }[];
      };
      expect(errors[0]?.extensions).toMatchObject({ code, requestId: expect.any(String) });
      expect(errors[0]?.message).toContain(words);
      expect(response.headers.get("allow")).toBeNull();
    },
  );

  it("D7 a URL's query is for admins alone", async () => {
    const read = async (role: Role) =>
      (
        await people[role].query("query ($id: ID!) { mcpServer(id: $id) { url } }", {
          id: personal,
        })
      ).mcpServer.url;
    expect(await read("ADMIN")).toBe(`${gatehouse.sandbox.notesUrl}?key=4711`);
    expect(await read("MEMBER")).toBe(gatehouse.sandbox.notesUrl);
    const { workspace } = await people.MEMBER.query(
      'query ($slug: String!) { workspace(slug: $slug) { mcpServers(filter: { search: "4711" }) { totalCount } } }',
      {
        slug: (
          await people.MEMBER.query(
            "query ($id: ID!) { node(id: $id) { ... on Workspace { slug } } }",
            { id: people.OWNER.workspaceId },
          )
        ).node.slug,
      },
    );
    expect(workspace.mcpServers.totalCount).toBe(0);
  });

  it("E2 an event about a personal account reaches its user and admins, and carries no secret", async () => {
    const subscription = `subscription ($id: ID!, $server: ID) { authStateChanged(workspaceId: $id, serverId: $server) {
      id cursor type occurredAt actor { name } serverId server { id url } previousState state reason user { name } } }`;
    const id = await createServer(people.OWNER, gatehouse.sandbox.notesUrl);
    await using mine = people.MEMBER.subscribe(subscription, {
      id: people.OWNER.workspaceId,
      server: id,
    });
    await using admins = people.ADMIN.subscribe(subscription, {
      id: people.OWNER.workspaceId,
      server: id,
    });
    await using viewers = people.VIEWER.subscribe(subscription, { id: people.OWNER.workspaceId });
    const first = [mine.next(), admins.next(), viewers.next()] as const;
    await connect(people.MEMBER, id);
    const [own, admin] = await Promise.all([first[0], first[1]]);
    expect(own.value.data.authStateChanged).toMatchObject({
      state: "CONNECTED",
      user: { name: "member" },
    });
    expect(admin.value.data.authStateChanged).toMatchObject({
      state: "CONNECTED",
      user: { name: "member" },
    });
    expect(JSON.stringify(own)).not.toMatch(/\?|code|token|state=/);
    // The shared account's event comes after it, and is the first that a viewer is shown.
    await connect(people.ADMIN, shared);
    expect((await first[2]).value.data.authStateChanged).toMatchObject({
      server: { id: shared },
      user: null,
    });
  });

  it("E1 a subscription with a cursor begins with all that came after it", async () => {
    const read = "query ($id: ID!) { node(id: $id) { ... on Workspace { eventCursor } } }";
    const { node } = await people.OWNER.query(read, { id: people.OWNER.workspaceId });
    const id = await createServer(people.OWNER, gatehouse.sandbox.notesUrl);
    await connect(people.OWNER, id);
    await people.OWNER.query("mutation ($id: ID!) { disconnectOAuth(serverId: $id) { id } }", {
      id,
    });
    await using events = people.OWNER.subscribe(
      "subscription ($id: ID!, $after: String) { authStateChanged(workspaceId: $id, after: $after) { state serverId } }",
      { id: people.OWNER.workspaceId, after: node.eventCursor },
    );
    const seen = [await events.next(), await events.next()].map(
      ({ value }) => value.data.authStateChanged,
    );
    expect(seen).toEqual([
      { state: "CONNECTED", serverId: id },
      { state: "DISCONNECTED", serverId: id },
    ]);
  });

  it("a subscription that is not allowed is answered with an error, and nothing else", async () => {
    await using events = people.STRANGER.subscribe(
      "subscription ($id: ID!) { authStateChanged(workspaceId: $id) { id } }",
      {
        id: people.OWNER.workspaceId,
      },
    );
    const { value } = await events.next();
    expect(value.errors?.[0]?.extensions).toMatchObject({ code: "NOT_FOUND" });
  });
});

import { describe, expect } from "vitest";
import { createServer, type GraphQLAnswer, rowIdOf, type TestUser } from "./support/client.ts";
import type { TestGatehouse } from "./support/gatehouse.ts";
import { it } from "./support/shared-gatehouse.ts";

let gatehouse: TestGatehouse;
it.beforeAll(({ gatehouse: part }) => {
  gatehouse = part;
});

async function createToken(user: TestUser, scope: string, input: object = {}) {
  const { createApiToken } = await user.query(
    `mutation ($input: CreateApiTokenInput!) {
      createApiToken(input: $input) { secret apiToken { id name scope prefix lastUsedAt revokedAt } }
    }`,
    { input: { workspaceId: user.workspaceId, name: "ci", scope, ...input } },
  );
  return createApiToken as { secret: string; apiToken: { id: string; prefix: string } };
}

/** A program that has nothing but a token. */
function act(secret: string, url = gatehouse.url) {
  return async (query: string, variables: object = {}): Promise<GraphQLAnswer> => {
    const response = await fetch(`${url}/graphql`, {
      method: "POST",
      headers: { "content-type": "application/json", authorization: `Bearer ${secret}` },
      body: JSON.stringify({ query, variables }),
    });
    return (await response.json()) as GraphQLAnswer;
  };
}

const codeOf = ({ errors }: GraphQLAnswer) => errors?.[0]?.extensions["code"];
const revoke = (user: TestUser, id: string) =>
  user.query("mutation ($id: ID!) { revokeApiToken(id: $id) { revokedAt } }", { id });

describe("API tokens", () => {
  it("act as their owner in one workspace, and only a hash of them is kept", async () => {
    const user = await gatehouse.signUp();
    const { createWorkspace } = await user.query(
      'mutation { createWorkspace(input: { name: "Other" }) { id slug } }',
    );
    const { secret, apiToken } = await createToken(user, "MANAGE");
    expect(secret).toMatch(/^gatehouse_[0-9A-Za-z]{38}$/);
    expect(secret.startsWith(apiToken.prefix)).toBe(true);
    const { data } = await act(secret)(
      `query ($slug: String!) {
        viewer { user { name } apiToken { id } workspaces { totalCount nodes { id apiTokens { nodes { id } } } } }
        workspace(slug: $slug) { id }
      }`,
      { slug: createWorkspace.slug },
    );
    expect(data.viewer.user.name).toBe(user.name);
    expect(data.viewer.apiToken.id).toBe(apiToken.id);
    // Written behind the answer.
    const readUse = () => act(secret)("{ viewer { apiToken { lastUsedAt } } }");
    await expect
      .poll(async () => (await readUse()).data.viewer.apiToken.lastUsedAt, { timeout: 20_000 })
      .not.toBeNull();
    expect(data.viewer.workspaces.nodes.map(({ id }: { id: string }) => id)).toEqual([
      user.workspaceId,
    ]);
    expect(data.workspace).toBeNull();
    const elsewhere = await act(secret)(
      `mutation ($id: ID!) { createMcpServer(input: { workspaceId: $id, name: "S", url: "http://127.0.0.1:1" }) { id } }`,
      { id: createWorkspace.id },
    );
    expect(codeOf(elsewhere)).toBe("NOT_FOUND");
    const [{ bytes }] = await gatehouse.db.$queryRaw<[{ bytes: string }]>`
      SELECT string_agg(t::text, ' ') AS bytes FROM "ApiToken" t`;
    expect(bytes).not.toContain(secret);
    expect(gatehouse.log.join("\n")).not.toContain(secret);
  });

  it("do what their scope allows and no more", async () => {
    const user = await gatehouse.signUp();
    const serverId = await createServer(user, `${gatehouse.sandbox.url}/weather/mcp`);
    const run = `mutation ($id: ID!) { executeTool(input: { serverId: $id, toolName: "nothing" }) { __typename } }`;
    const start = `mutation ($id: ID!) { startOAuth(input: { serverId: $id }) { __typename } }`;
    const rename = `mutation ($id: ID!) { updateMcpServer(input: { id: $id, name: "New" }) { name } }`;
    const see = `query ($id: ID!) { mcpServer(id: $id) { name } }`;
    const diagnose = `query ($w: ID!) { diagnoseServer(input: { workspaceId: $w, url: "http://127.0.0.1:1/mcp" }) { connectable } }`;
    const webhook = `mutation ($w: ID!) { createWebhookEndpoint(input: { workspaceId: $w, url: "http://127.0.0.1:1/" }) { endpoint { id } } }`;
    const outcomes: Record<string, unknown[]> = {};
    for (const scope of ["READ", "EXECUTE", "MANAGE"]) {
      const { secret } = await createToken(user, scope);
      const call = act(secret);
      const answers = [];
      for (const query of [see, run, start, rename])
        answers.push(codeOf(await call(query, { id: serverId })) ?? "allowed");
      for (const query of [diagnose, webhook])
        answers.push(codeOf(await call(query, { w: user.workspaceId })) ?? "allowed");
      outcomes[scope] = answers;
    }
    expect(outcomes).toEqual({
      READ: ["allowed", "FORBIDDEN", "FORBIDDEN", "FORBIDDEN", "FORBIDDEN", "FORBIDDEN"],
      EXECUTE: ["allowed", "allowed", "FORBIDDEN", "FORBIDDEN", "allowed", "FORBIDDEN"],
      MANAGE: ["allowed", "allowed", "allowed", "allowed", "allowed", "allowed"],
    });
  });

  it("make no tokens and no workspaces, revoke none, and change no members, whatever their scope", async () => {
    const user = await gatehouse.signUp();
    const member = await gatehouse.signUp();
    const { viewer } = await member.query("{ viewer { user { id } } }");
    await gatehouse.db.membership.create({
      data: {
        workspaceId: rowIdOf(user.workspaceId),
        userId: rowIdOf(viewer.user.id),
        role: "MEMBER",
      },
    });
    const { secret, apiToken } = await createToken(user, "MANAGE");
    const call = act(secret);
    const attempts = [
      await call(
        `mutation ($id: ID!) { createApiToken(input: { workspaceId: $id, name: "x", scope: READ }) { secret } }`,
        { id: user.workspaceId },
      ),
      await call('mutation { createWorkspace(input: { name: "Mine" }) { id } }'),
      await call("mutation ($id: ID!) { revokeApiToken(id: $id) { id } }", { id: apiToken.id }),
      await call(
        `mutation ($id: ID!, $userId: ID!) { removeWorkspaceMember(input: { workspaceId: $id, userId: $userId }) { id } }`,
        { id: user.workspaceId, userId: viewer.user.id },
      ),
      await call("mutation ($id: ID!) { leaveWorkspace(workspaceId: $id) { id } }", {
        id: user.workspaceId,
      }),
    ];
    expect(new Set(attempts.map(codeOf))).toEqual(new Set(["FORBIDDEN"]));
    expect(attempts).toHaveLength(5);
  });

  it("are told of in the log, to their owner", async () => {
    const user = await gatehouse.signUp();
    const { apiToken } = await createToken(user, "READ");
    await revoke(user, apiToken.id);
    await revoke(user, apiToken.id);
    const { node } = await user.query(
      `query ($id: ID!) { node(id: $id) { ... on Workspace { events(first: 10, filter: { types: [API_TOKEN_CHANGED] }) { nodes {
        type actor { name } ... on ApiTokenChanged { change apiToken { id } }
      } } } } }`,
      { id: user.workspaceId },
    );
    const told = (change: string) => ({
      type: "API_TOKEN_CHANGED",
      actor: { name: user.name },
      change,
      apiToken: { id: apiToken.id },
    });
    expect(node.events.nodes).toEqual([told("CREATED"), told("REVOKED")]);
  });

  it("end at once on every process when revoked, with what is open under them", async () => {
    const user = await gatehouse.signUp();
    const other = await gatehouse.addProcess();
    const { secret, apiToken } = await createToken(user, "READ");
    const here = act(secret);
    const there = act(secret, other);
    for (const call of [here, there])
      expect((await call("{ viewer { user { name } } }")).data.viewer.user.name).toBe(user.name);
    const stream = await fetch(`${other}/graphql`, {
      method: "POST",
      headers: {
        "content-type": "application/json",
        accept: "text/event-stream",
        authorization: `Bearer ${secret}`,
      },
      body: JSON.stringify({
        query: "subscription ($id: ID!) { authStateChanged(workspaceId: $id) { id } }",
        variables: { id: user.workspaceId },
      }),
    });
    expect(stream.headers.get("content-type")).toContain("text/event-stream");
    expect((await revoke(user, apiToken.id)).revokeApiToken.revokedAt).not.toBeNull();
    // Ends, instead of going on for ever.
    await stream.text();
    for (const call of [here, there]) {
      expect(codeOf(await call("{ viewer { user { name } } }"))).toBe("UNAUTHENTICATED");
    }
  });

  it("end when they run out, and with their owner's membership", async () => {
    const user = await gatehouse.signUp();
    const { secret, apiToken } = await createToken(user, "READ");
    const row = { where: { id: rowIdOf(apiToken.id) } };
    await gatehouse.db.apiToken.update({ ...row, data: { expiresAt: new Date(Date.now() - 1) } });
    expect(codeOf(await act(secret)("{ viewer { user { id } } }"))).toBe("UNAUTHENTICATED");
    await gatehouse.db.apiToken.update({ ...row, data: { expiresAt: null } });
    expect((await act(secret)("{ viewer { user { id } } }")).data.viewer).not.toBeNull();
    const second = await createToken(user, "READ");
    await gatehouse.db.membership.deleteMany({
      where: { workspaceId: rowIdOf(user.workspaceId) },
    });
    expect(codeOf(await act(second.secret)("{ viewer { user { id } } }"))).toBe("UNAUTHENTICATED");
  });

  it("are seen by their owner and by admins, and revoked by both", async () => {
    const owner = await gatehouse.signUp();
    const member = await gatehouse.signUp();
    const workspaceId = rowIdOf(owner.workspaceId);
    const { viewer } = await member.query("{ viewer { user { id } } }");
    await gatehouse.db.membership.create({
      data: { workspaceId, userId: rowIdOf(viewer.user.id), role: "MEMBER" },
    });
    const theirs = await createToken({ ...member, workspaceId: owner.workspaceId }, "EXECUTE");
    const ours = await createToken(owner, "READ");
    const list = async (user: TestUser) => {
      const { node } = await user.query(
        `query ($id: ID!) { node(id: $id) { ... on Workspace { apiTokens { totalCount nodes { id } } } } }`,
        { id: owner.workspaceId },
      );
      return node.apiTokens.nodes.map(({ id }: { id: string }) => id);
    };
    expect(await list(owner)).toEqual([theirs.apiToken.id, ours.apiToken.id]);
    expect(await list(member)).toEqual([theirs.apiToken.id]);
    const stolen = await member.graphql("mutation ($id: ID!) { revokeApiToken(id: $id) { id } }", {
      id: ours.apiToken.id,
    });
    expect(codeOf(stolen)).toBe("NOT_FOUND");
    await revoke(owner, theirs.apiToken.id);
    expect(codeOf(await act(theirs.secret)("{ viewer { user { id } } }"))).toBe("UNAUTHENTICATED");
  });

  it("refuse what is wrong with a new one, field by field", async () => {
    const user = await gatehouse.signUp();
    const { errors } = await user.graphql(
      `mutation ($input: CreateApiTokenInput!) { createApiToken(input: $input) { secret } }`,
      {
        input: {
          workspaceId: user.workspaceId,
          name: " ",
          scope: "READ",
          expiresAt: "2020-01-01T00:00:00Z",
        },
      },
    );
    expect(Object.keys(errors?.[0]?.extensions["fieldErrors"] as object)).toEqual([
      "name",
      "expiresAt",
    ]);
  });
});

it("sign-out ends a session on every process at once", async () => {
  const user = await gatehouse.signUp();
  const there = user.at(await gatehouse.addProcess());
  expect((await there.query("{ viewer { user { id } } }")).viewer).not.toBeNull();
  await using updates = there.subscribe(
    "subscription ($id: ID!) { authStateChanged(workspaceId: $id) { id } }",
    { id: user.workspaceId },
  );
  const ended = expect(updates.next()).rejects.toMatchObject({ code: 4401 });
  const response = await fetch(`${gatehouse.url}/api/auth/sign-out`, {
    method: "POST",
    headers: { cookie: user.cookie, "content-type": "application/json" },
    body: "{}",
  });
  expect(response.ok).toBe(true);
  await ended;
  expect((await there.query("{ viewer { user { id } } }")).viewer).toBeNull();
});

import { beforeEach, describe, expect } from "vitest";
import { consent } from "#sandbox/testing/driver.ts";
import {
  connect,
  createServer,
  executeTool,
  readStatus,
  rowIdOf,
  startOAuth,
  type TestUser,
} from "./support/client.ts";
import type { TestGatehouse } from "./support/gatehouse.ts";
import { it } from "./support/shared-gatehouse.ts";
import { awaitReceipts } from "./support/receipts.ts";

type Role = "OWNER" | "ADMIN" | "MEMBER" | "VIEWER";

let gatehouse: TestGatehouse;
let ada: TestUser;
let count = 0;

it.beforeAll(({ gatehouse: part }) => {
  gatehouse = part;
});
beforeEach(async () => {
  gatehouse.sandbox.faults.clear();
  count += 1;
  ada = await gatehouse.signUp(`ada${count}`);
});

async function readUserId({ email }: TestUser): Promise<string> {
  const { id } = await gatehouse.db.user.findUniqueOrThrow({ where: { email } });
  return id;
}

/** Somebody new in Ada's workspace. */
async function join(role: Role): Promise<TestUser> {
  count += 1;
  const user = await gatehouse.signUp(`${role.toLowerCase()}${count}`);
  const workspaceId = rowIdOf(ada.workspaceId);
  await gatehouse.db.membership.create({
    data: { role, workspaceId, userId: await readUserId(user) },
  });
  return user;
}

async function remove(by: TestUser, user: TestUser): Promise<string> {
  const { errors } = await by.graphql(
    "mutation ($input: RemoveWorkspaceMemberInput!) { removeWorkspaceMember(input: $input) { id } }",
    {
      input: {
        workspaceId: ada.workspaceId,
        userId: Buffer.from(`User:${await readUserId(user)}`).toString("base64url"),
      },
    },
  );
  return errors ? String(errors[0]?.extensions["code"]) : "ok";
}

async function leave(user: TestUser): Promise<string> {
  const { errors } = await user.graphql(
    "mutation ($id: ID!) { leaveWorkspace(workspaceId: $id) { id } }",
    { id: ada.workspaceId },
  );
  return errors ? String(errors[0]?.extensions["code"]) : "ok";
}

it("the log of a workspace begins with whoever made it, at sign-up and later", async () => {
  const { createWorkspace } = await ada.query(
    'mutation { createWorkspace(input: { name: "Second" }) { id eventCursor } }',
  );
  const log = `query ($id: ID!, $after: String) { node(id: $id) { ... on Workspace { events(first: 10, after: $after) { nodes {
    cursor type actor { name } ... on MemberChanged { change user { name } }
  } } } } }`;
  for (const id of [ada.workspaceId, createWorkspace.id]) {
    const { node } = await ada.query(log, { id });
    expect(node.events.nodes).toMatchObject([
      {
        type: "MEMBER_CHANGED",
        change: "JOINED",
        actor: { name: ada.name },
        user: { name: ada.name },
      },
    ]);
  }
  const { node } = await ada.query(log, {
    id: createWorkspace.id,
    after: createWorkspace.eventCursor,
  });
  expect(node.events.nodes).toEqual([]);
});

describe("who may remove whom", () => {
  it.each<[Role, Role, string]>([
    ["VIEWER", "VIEWER", "FORBIDDEN"],
    ["MEMBER", "VIEWER", "FORBIDDEN"],
    ["ADMIN", "VIEWER", "ok"],
    ["ADMIN", "MEMBER", "ok"],
    ["ADMIN", "ADMIN", "ok"],
    ["ADMIN", "OWNER", "FORBIDDEN"],
    ["OWNER", "ADMIN", "ok"],
    ["OWNER", "OWNER", "ok"],
  ])("%s removes %s: %s", async (by, of, expected) => {
    expect(await remove(await join(by), await join(of))).toBe(expected);
  });

  it("nobody from outside, and nobody who is not there", async () => {
    const stranger = await gatehouse.signUp(`stranger${count}`);
    expect(await remove(stranger, ada)).toBe("NOT_FOUND");
    expect(await remove(ada, stranger)).toBe("NOT_FOUND");
    expect(await leave(stranger)).toBe("NOT_FOUND");
  });

  it("the last owner stays, however many go at once", async () => {
    expect(await leave(ada)).toBe("CONFLICT");
    expect(await remove(ada, ada)).toBe("CONFLICT");
    const owners = [ada, await join("OWNER"), await join("OWNER")];
    const answers = await Promise.all(owners.map(leave));
    expect(answers.toSorted()).toEqual(["CONFLICT", "ok", "ok"]);
    const workspaceId = rowIdOf(ada.workspaceId);
    expect(await gatehouse.db.membership.count({ where: { workspaceId, role: "OWNER" } })).toBe(1);
  });
});

describe("what goes with a leaver", () => {
  it("S12 their own accounts and the shared ones that they connected, revoked with receipts; nobody else's", async () => {
    const cy = await join("ADMIN");
    const [cyId, adaId] = [await readUserId(cy), await readUserId(ada)];
    const personal = await createServer(ada, gatehouse.sandbox.notesUrl);
    const byCy = await createServer(ada, gatehouse.sandbox.notesUrl, {
      credentialScope: "WORKSPACE",
    });
    const byAda = await createServer(ada, gatehouse.sandbox.weatherUrl, {
      credentialScope: "WORKSPACE",
    });
    for (const [user, id] of [
      [ada, personal],
      [cy, personal],
      [cy, byCy],
      [ada, byAda],
    ] as const)
      await connect(user, id);

    expect(await remove(ada, cy)).toBe("ok");

    expect(await awaitReceipts(gatehouse, personal)).toMatchObject([
      { outcome: "CONFIRMED", reason: "MEMBER_REMOVED", actorId: adaId, userId: cyId },
    ]);
    expect(await awaitReceipts(gatehouse, byCy)).toMatchObject([
      { outcome: "CONFIRMED", reason: "MEMBER_REMOVED", actorId: adaId, userId: null },
    ]);
    expect(await readStatus(ada, byCy)).toMatchObject({
      state: "DISCONNECTED",
      reason: "MEMBER_REMOVED",
    });
    expect(await executeTool(ada, byCy, "list_notes")).toMatchObject({
      __typename: "ReauthRequired",
      reason: "MEMBER_REMOVED",
    });
    gatehouse.sandbox.expireAccessTokens();
    for (const [id, tool, args] of [
      [personal, "list_notes", {}],
      [byAda, "get_forecast", { city: "Lisbon" }],
    ] as const)
      expect(await executeTool(ada, id, tool, args)).toMatchObject({ __typename: "ToolExecuted" });
    const rows = await gatehouse.db.oAuthGrant.findMany({
      where: { OR: [{ ownerId: cyId }, { serverId: rowIdOf(byCy) }] },
    });
    expect(rows.map(({ accessToken, refreshToken }) => [accessToken, refreshToken])).toEqual([
      [null, null],
      [null, null],
    ]);
    const gone = await cy.query("query ($id: ID!) { mcpServer(id: $id) { id } }", { id: personal });
    expect(gone.mcpServer).toBeNull();
  });

  it("the log tells of it once, with who and how", async () => {
    const cy = await join("MEMBER");
    const dee = await join("MEMBER");
    const { node } = await ada.query(
      "query ($id: ID!) { node(id: $id) { ... on Workspace { eventCursor } } }",
      { id: ada.workspaceId },
    );
    expect(await remove(ada, cy)).toBe("ok");
    expect(await leave(dee)).toBe("ok");
    const answer = await ada.query(
      `query ($id: ID!, $after: String!) { node(id: $id) { ... on Workspace { events(after: $after, first: 10) { nodes {
        type actor { name } ... on MemberChanged { change user { name } }
      } } } } }`,
      { id: ada.workspaceId, after: node.eventCursor },
    );
    expect(answer.node.events.nodes).toEqual([
      {
        type: "MEMBER_CHANGED",
        actor: { name: ada.name },
        change: "REMOVED",
        user: { name: cy.name },
      },
      {
        type: "MEMBER_CHANGED",
        actor: { name: dee.name },
        change: "LEFT",
        user: { name: dee.name },
      },
    ]);
  });

  it("S12 their open attempts fail, and one that comes back afterwards connects nobody", async () => {
    const cy = await join("MEMBER");
    const id = await createServer(ada, gatehouse.sandbox.notesUrl);
    const started = await startOAuth(cy, id);
    const { callbackUrl } = await consent({
      authorizationUrl: started.authorizationUrl,
      login: "cy",
      decision: "allow",
    });
    expect(await leave(cy)).toBe("ok");
    const { oauthFlow } = await cy.query(
      "query ($id: ID!) { oauthFlow(id: $id) { status error } }",
      { id: started.flow.id },
    );
    expect(oauthFlow).toEqual({ status: "FAILED", error: "FORBIDDEN" });
    await cy.open(callbackUrl);
    expect(await gatehouse.db.oAuthGrant.count({ where: { serverId: rowIdOf(id) } })).toBe(0);
  });

  it("S12 a consent whose code was exchanged while its person was removed is not stored, and its tokens are revoked", async () => {
    const cy = await join("MEMBER");
    const userId = await readUserId(cy);
    const id = await createServer(ada, gatehouse.sandbox.notesUrl);
    const started = await startOAuth(cy, id);
    const { callbackUrl } = await consent({
      authorizationUrl: started.authorizationUrl,
      login: "cy",
      decision: "allow",
    });
    const callbacks: Promise<Response>[] = [];
    await gatehouse.db.$transaction(async (tx) => {
      // The tokens are there, and the callback waits for the server's row to store them.
      await tx.$queryRaw`SELECT 1 FROM "McpServer" WHERE "id" = ${rowIdOf(id)}::uuid FOR UPDATE`;
      callbacks.push(cy.open(callbackUrl));
      await expect
        .poll(
          async () => {
            const [waiting] = await gatehouse.db.$queryRaw<{ n: number }[]>`
              SELECT count(*)::int AS n FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%FOR NO KEY UPDATE%'`;
            return waiting?.n;
          },
          { timeout: 15_000 },
        )
        .toBe(1);
      await tx.membership.deleteMany({
        where: { userId, workspaceId: rowIdOf(ada.workspaceId) },
      });
    });
    await Promise.all(callbacks);
    expect(await awaitReceipts(gatehouse, id)).toMatchObject([
      { outcome: "CONFIRMED", reason: "MEMBER_REMOVED", userId },
    ]);
    expect(await gatehouse.db.oAuthGrant.count({ where: { serverId: rowIdOf(id) } })).toBe(0);
  });
});

describe("whose account a server is used with", () => {
  it("a change of it keeps nobody's tokens, in either direction", async () => {
    const cy = await join("MEMBER");
    const id = await createServer(ada, gatehouse.sandbox.notesUrl);
    await connect(ada, id);
    await connect(cy, id);
    const change = (credentialScope: string) =>
      ada.query(
        "mutation ($id: ID!, $scope: CredentialScope!) { updateMcpServer(input: { id: $id, credentialScope: $scope }) { id } }",
        { id, scope: credentialScope },
      );
    await change("WORKSPACE");
    expect(await awaitReceipts(gatehouse, id, 2)).toMatchObject([
      { outcome: "CONFIRMED", reason: "SETTINGS_CHANGED" },
      { outcome: "CONFIRMED", reason: "SETTINGS_CHANGED" },
    ]);
    expect(await executeTool(cy, id, "list_notes")).toMatchObject({ __typename: "ReauthRequired" });
    await connect(ada, id);
    expect(await executeTool(cy, id, "list_notes")).toMatchObject({ __typename: "ToolExecuted" });
    await change("PERSONAL");
    expect(await awaitReceipts(gatehouse, id, 3)).toHaveLength(3);
    for (const user of [ada, cy])
      expect(await executeTool(user, id, "list_notes")).toMatchObject({
        __typename: "ReauthRequired",
      });
    const held = { serverId: rowIdOf(id), NOT: { accessToken: null, refreshToken: null } };
    expect(await gatehouse.db.oAuthGrant.count({ where: held })).toBe(0);
  });
});

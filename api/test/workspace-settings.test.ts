import { beforeEach, describe, expect } from "vitest";
import { connect, createServer, rowIdOf, type TestUser } from "./support/client.ts";
import { follow } from "./support/follower.ts";
import type { TestGatehouse } from "./support/gatehouse.ts";
import { it } from "./support/shared-gatehouse.ts";
import { makeInvitation, type Role, tryQuery } from "./support/invitations.ts";

let gatehouse: TestGatehouse;
let ada: TestUser;
let count = 0;

it.beforeAll(({ gatehouse: part }) => {
  gatehouse = part;
});
beforeEach(async () => {
  ada = await gatehouse.signUp(`ada${(count += 1)}`);
});

async function join(role: Role): Promise<TestUser> {
  const user = await gatehouse.signUp(`${role.toLowerCase()}${(count += 1)}`);
  const { id: userId } = await gatehouse.db.user.findUniqueOrThrow({
    where: { email: user.email },
  });
  await gatehouse.db.membership.create({
    data: { role, workspaceId: rowIdOf(ada.workspaceId), userId },
  });
  return user;
}

async function rename(by: TestUser, name: string): Promise<string> {
  const { code } = await tryQuery(
    by,
    "mutation ($input: UpdateWorkspaceInput!) { updateWorkspace(input: $input) { name } }",
    { input: { id: ada.workspaceId, name } },
  );
  return code;
}

async function destroy(by: TestUser, name: string): Promise<string> {
  const { code } = await tryQuery(
    by,
    "mutation ($id: ID!, $name: String!) { deleteWorkspace(id: $id, name: $name) { id } }",
    { id: ada.workspaceId, name },
  );
  return code;
}

async function readWorkspace(user: TestUser) {
  const { node } = await user.query(
    "query ($id: ID!) { node(id: $id) { ... on Workspace { name slug } } }",
    { id: ada.workspaceId },
  );
  return node as { name: string; slug: string } | null;
}

describe("renaming", () => {
  it.each<[Role, string]>([
    ["VIEWER", "FORBIDDEN"],
    ["MEMBER", "FORBIDDEN"],
    ["ADMIN", "ok"],
    ["OWNER", "ok"],
  ])("by %s: %s", async (role, expected) => {
    expect(await rename(await join(role), "Another")).toBe(expected);
  });

  it("keeps the slug, and takes no name without words", async () => {
    const before = await readWorkspace(ada);
    expect(await rename(ada, "  Rockets & Co  ")).toBe("ok");
    expect(await readWorkspace(ada)).toEqual({ name: "Rockets & Co", slug: before?.slug });
    expect(await rename(ada, "   ")).toBe("BAD_USER_INPUT");
    expect(await rename(await gatehouse.signUp(`stranger${count}`), "Mine")).toBe("NOT_FOUND");
  });
});

describe("deletion", () => {
  beforeEach(async () => {
    expect(await rename(ada, "Acme")).toBe("ok");
  });

  it.each<[Role, string]>([
    ["VIEWER", "FORBIDDEN"],
    ["MEMBER", "FORBIDDEN"],
    ["ADMIN", "FORBIDDEN"],
    ["OWNER", "ok"],
  ])("by %s: %s", async (role, expected) => {
    expect(await destroy(await join(role), "Acme")).toBe(expected);
  });

  it("needs the name exactly", async () => {
    for (const name of ["", "acme", "Acme "])
      expect(await destroy(ada, name)).toBe("BAD_USER_INPUT");
    expect(await readWorkspace(ada)).not.toBeNull();
  });

  it("revokes everybody's accounts at the authorization server, and leaves nothing behind", async () => {
    const cy = await join("MEMBER");
    const personal = await createServer(ada, gatehouse.sandbox.notesUrl);
    const shared = await createServer(ada, gatehouse.sandbox.weatherUrl, {
      credentialScope: "WORKSPACE",
    });
    await connect(ada, personal, { login: `login-ada${count}` });
    await connect(ada, shared, { login: `login-ada${count}` });
    await connect(cy, personal, { login: `login-cy${count}` });
    await makeInvitation(ada);
    const workspaceId = rowIdOf(ada.workspaceId);
    const there = await gatehouse.addProcess();
    const stream = follow("WebSocket", {
      url: there,
      credential: { cookie: cy.cookie, origin: gatehouse.url },
      query: `subscription ($id: ID!, $after: String) { workspaceEvents(workspaceId: $id, after: $after) { type } }`,
      variables: { id: ada.workspaceId, after: await readFirstCursor() },
      signal: new AbortController().signal,
    });
    expect((await stream.next()).value).toMatchObject({ data: { workspaceEvents: {} } });

    expect(await destroy(ada, "Acme")).toBe("ok");

    await expect
      .poll(() => gatehouse.db.revocationTask.count({ where: { workspaceId } }), {
        timeout: 50_000,
      })
      .toBe(0);
    for (const login of [`login-ada${count}`, `login-cy${count}`])
      expect(await gatehouse.sandbox.endGrants(login)).toBe(0);
    // Whoever follows its log is sent away.
    const codes: unknown[] = [];
    for await (const { errors } of stream) if (errors) codes.push(errors[0]?.extensions["code"]);
    // By whichever word comes first: that they are no member, or that there is no such log.
    expect([["FORBIDDEN"], ["NOT_FOUND"]]).toContainEqual(codes);
    for (const user of [ada, cy]) expect(await readWorkspace(user)).toBeNull();
    const where = { workspaceId };
    const { db } = gatehouse;
    const left = await Promise.all([
      db.mcpServer.count({ where }),
      db.workspaceEvent.count({ where }),
      db.invitation.count({ where }),
      db.membership.count({ where }),
      db.oAuthGrant.count({ where: { serverId: { in: [personal, shared].map(rowIdOf) } } }),
    ]);
    expect(left).toEqual([0, 0, 0, 0, 0]);
  });

  async function readFirstCursor(): Promise<string> {
    const { node } = await ada.query(
      "query ($id: ID!) { node(id: $id) { ... on Workspace { events(first: 1) { nodes { cursor } } } } }",
      { id: ada.workspaceId },
    );
    return node.events.nodes[0].cursor;
  }

  it("leaves nobody without a workspace of their own, and a second click finds nothing", async () => {
    const answers = await Promise.all([destroy(ada, "Acme"), destroy(ada, "Acme")]);
    expect(answers.toSorted()).toEqual(["NOT_FOUND", "ok"]);
    const { viewer } = await ada.query(
      "{ viewer { workspaces { nodes { id name viewerRole mcpServers { totalCount } } } } }",
    );
    expect(viewer.workspaces.nodes).toEqual([
      {
        id: expect.not.stringMatching(ada.workspaceId),
        name: `${ada.name}'s workspace`,
        viewerRole: "OWNER",
        mcpServers: { totalCount: 0 },
      },
    ]);
  });
});

import { beforeEach, describe, expect } from "vitest";
import { consent } from "#sandbox/testing/driver.ts";
import { openBus } from "#events/bus.ts";
import { appendEvent } from "#events/log.ts";
import { topics } from "#events/topics.ts";
import { appendForAll } from "./support/append.ts";
import {
  connect,
  createServer,
  executeTool,
  rowIdOf,
  startOAuth,
  type TestUser,
} from "./support/client.ts";
import type { TestGatehouse } from "./support/gatehouse.ts";
import { it } from "./support/shared-gatehouse.ts";
import { changeRole, type Role } from "./support/invitations.ts";

let gatehouse: TestGatehouse;
/** Another process than the one where roles are given. */
let there: string;
let ada: TestUser;
let count = 0;

it.beforeAll(async ({ gatehouse: part }) => {
  gatehouse = part;
  there = await gatehouse.addProcess();
});
beforeEach(async () => {
  ada = await gatehouse.signUp(`ada${(count += 1)}`);
});

async function readUserId({ email }: TestUser): Promise<string> {
  const { id } = await gatehouse.db.user.findUniqueOrThrow({ where: { email } });
  return id;
}

async function join(role: Role): Promise<TestUser> {
  const user = await gatehouse.signUp(`${role.toLowerCase()}${(count += 1)}`);
  const workspaceId = rowIdOf(ada.workspaceId);
  await gatehouse.db.membership.create({
    data: { role, workspaceId, userId: await readUserId(user) },
  });
  return { ...user, workspaceId: ada.workspaceId };
}

const change = async (by: TestUser, of: TestUser, role: Role) =>
  changeRole(by, ada.workspaceId, await readUserId(of), role);

describe("who may give which role to whom", () => {
  it.each<[Role, Role, Role, string]>([
    ["VIEWER", "VIEWER", "MEMBER", "FORBIDDEN"],
    ["MEMBER", "VIEWER", "MEMBER", "FORBIDDEN"],
    ["ADMIN", "VIEWER", "ADMIN", "ok"],
    ["ADMIN", "ADMIN", "VIEWER", "ok"],
    ["ADMIN", "MEMBER", "OWNER", "FORBIDDEN"],
    ["ADMIN", "OWNER", "ADMIN", "FORBIDDEN"],
    ["OWNER", "MEMBER", "OWNER", "ok"],
    ["OWNER", "OWNER", "VIEWER", "ok"],
  ])("%s makes %s %s: %s", async (by, of, role, expected) => {
    expect(await change(await join(by), await join(of), role)).toBe(expected);
  });

  it("nobody from outside, nobody who is not there, and oneself downwards alone", async () => {
    const stranger = await gatehouse.signUp(`stranger${count}`);
    expect(await change(stranger, ada, "VIEWER")).toBe("NOT_FOUND");
    expect(await change(ada, stranger, "VIEWER")).toBe("NOT_FOUND");
    const admin = await join("ADMIN");
    expect(await change(admin, admin, "OWNER")).toBe("FORBIDDEN");
    expect(await change(admin, admin, "MEMBER")).toBe("ok");
    expect(await change(admin, admin, "ADMIN")).toBe("FORBIDDEN");
  });

  it("the last owner stays one, however many step down at once", async () => {
    expect(await change(ada, ada, "ADMIN")).toBe("CONFLICT");
    const owners = [ada, await join("OWNER"), await join("OWNER")];
    const answers = await Promise.all(owners.map((owner) => change(owner, owner, "MEMBER")));
    expect(answers.toSorted()).toEqual(["CONFLICT", "ok", "ok"]);
    const where = { workspaceId: rowIdOf(ada.workspaceId), role: "OWNER" } as const;
    expect(await gatehouse.db.membership.count({ where })).toBe(1);
  });

  it("of two owners who lower each other at once one is left, and no word is lost", async () => {
    const bob = await join("OWNER");
    const answers = await Promise.all([change(ada, bob, "MEMBER"), change(bob, ada, "MEMBER")]);
    expect(answers.toSorted()).toEqual(["FORBIDDEN", "ok"]);
  });
});

it("the log tells of it once, with the new role; the same role again is no news", async () => {
  const cy = await join("MEMBER");
  for (const role of ["ADMIN", "ADMIN"] as const) expect(await change(ada, cy, role)).toBe("ok");
  const { node } = await ada.query(
    `query ($id: ID!) { node(id: $id) { ... on Workspace { events(first: 10) { nodes {
      type actor { name } ... on MemberChanged { change role user { name } }
    } } } } }`,
    { id: ada.workspaceId },
  );
  expect(node.events.nodes).toEqual([
    {
      type: "MEMBER_CHANGED",
      actor: { name: ada.name },
      change: "JOINED",
      role: "OWNER",
      user: { name: ada.name },
    },
    {
      type: "MEMBER_CHANGED",
      actor: { name: ada.name },
      change: "ROLE_CHANGED",
      role: "ADMIN",
      user: { name: cy.name },
    },
  ]);
});

describe("what a lowered role ends on another process", () => {
  it("at once: every process is told whose members changed, and does not wait to look", async () => {
    const cy = await join("MEMBER");
    const bus = await openBus(gatehouse.databaseUrl);
    try {
      const heard: (string | null)[] = [];
      bus.listen("members", (topic) => heard.push(topic));
      expect(await change(ada, cy, "VIEWER")).toBe("ok");
      await expect.poll(() => heard).toContain(topics.members(rowIdOf(ada.workspaceId)));
    } finally {
      await bus.close();
    }
  });

  it("runs of tools, with a session and with a token", async () => {
    const cy = await join("MEMBER");
    const id = await createServer(ada, gatehouse.sandbox.notesUrl);
    await connect(cy, id);
    const { createApiToken } = await cy.query(
      "mutation ($input: CreateApiTokenInput!) { createApiToken(input: $input) { secret } }",
      { input: { workspaceId: ada.workspaceId, name: "t", scope: "EXECUTE" } },
    );
    const run = async (headers: Record<string, string>) => {
      const response = await fetch(`${there}/graphql`, {
        method: "POST",
        headers: { "content-type": "application/json", ...headers },
        body: JSON.stringify({
          query: `mutation ($id: ID!) { executeTool(input: { serverId: $id, toolName: "list_notes", arguments: {} }) { __typename } }`,
          variables: { id },
        }),
      });
      const { data, errors } = (await response.json()) as {
        data: { executeTool: { __typename: string } } | null;
        errors?: { extensions: { code: string } }[];
      };
      return errors?.[0]?.extensions.code ?? data?.executeTool.__typename;
    };
    const ways: Record<string, string>[] = [
      { cookie: cy.cookie },
      { authorization: `Bearer ${createApiToken.secret}` },
    ];
    for (const way of ways) expect(await run(way)).toBe("ToolExecuted");
    expect(await change(ada, cy, "VIEWER")).toBe("ok");
    for (const way of ways) await expect.poll(() => run(way)).toBe("FORBIDDEN");
    // What they had connected is theirs still, for the day when they may again.
    expect(await change(ada, cy, "MEMBER")).toBe("ok");
    await expect.poll(() => run(ways[0] ?? {})).toBe("ToolExecuted");
  });

  it("E2 events of others' accounts, on the stream that is open", async () => {
    const cy = await join("ADMIN");
    const workspaceId = rowIdOf(ada.workspaceId);
    const ownerId = await readUserId(ada);
    const tellOfAda = () =>
      gatehouse.db.$transaction((tx) =>
        appendEvent(tx, {
          workspaceId,
          type: "TOKEN_REFRESHED",
          actorId: null,
          serverId: null,
          userId: ownerId,
          payload: {},
        }),
      );
    await using events = cy
      .at(there)
      .subscribe(
        "subscription ($id: ID!, $after: String) { workspaceEvents(workspaceId: $id, after: $after) { type } }",
        { id: ada.workspaceId, after: await readCursor() },
      );
    const next = async () => (await events.next()).value?.data?.workspaceEvents.type;
    await tellOfAda();
    expect(await next()).toBe("TOKEN_REFRESHED");
    expect(await change(ada, cy, "MEMBER")).toBe("ok");
    expect(await next()).toBe("MEMBER_CHANGED");
    await tellOfAda();
    await appendForAll(gatehouse.db, workspaceId);
    expect(await next()).toBe("SERVER_UPDATED");
  });

  async function readCursor(): Promise<string> {
    const { node } = await ada.query(
      "query ($id: ID!) { node(id: $id) { ... on Workspace { eventCursor } } }",
      { id: ada.workspaceId },
    );
    return node.eventCursor;
  }

  it("consent for the workspace's account that was under way", async () => {
    const cy = await join("ADMIN");
    const id = await createServer(ada, gatehouse.sandbox.notesUrl, {
      credentialScope: "WORKSPACE",
    });
    const started = await startOAuth(cy, id);
    const { callbackUrl } = await consent({
      authorizationUrl: started.authorizationUrl,
      login: "cy",
      decision: "allow",
    });
    expect(await change(ada, cy, "MEMBER")).toBe("ok");
    await cy.open(callbackUrl);
    const { oauthFlow } = await cy.query(
      "query ($id: ID!) { oauthFlow(id: $id) { status error } }",
      { id: started.flow.id },
    );
    expect(oauthFlow).toEqual({ status: "FAILED", error: "FORBIDDEN" });
    expect(await executeTool(ada, id, "list_notes")).toMatchObject({
      __typename: "ReauthRequired",
    });
  });
});

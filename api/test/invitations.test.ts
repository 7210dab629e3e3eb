import { randomBytes } from "node:crypto";
import { beforeEach, describe, expect } from "vitest";
import { rowIdOf, type TestUser } from "./support/client.ts";
import { startGatehouse, type TestGatehouse } from "./support/gatehouse.ts";
import { it } from "./support/shared-gatehouse.ts";
import { accept, changeRole, invite, makeInvitation, type Role } from "./support/invitations.ts";

let gatehouse: TestGatehouse;
let ada: TestUser;
let count = 0;

it.beforeAll(({ gatehouse: part }) => {
  gatehouse = part;
});
beforeEach(async () => {
  ada = await signUp("ada");
});

const signUp = (name: string) => gatehouse.signUp(`${name}${(count += 1)}`);

async function readUserId({ email }: TestUser): Promise<string> {
  const { id } = await gatehouse.db.user.findUniqueOrThrow({ where: { email } });
  return id;
}

/** Somebody new in Ada's workspace. */
async function join(role: Role): Promise<TestUser> {
  const user = await signUp(role.toLowerCase());
  const workspaceId = rowIdOf(ada.workspaceId);
  await gatehouse.db.membership.create({
    data: { role, workspaceId, userId: await readUserId(user) },
  });
  return { ...user, workspaceId: ada.workspaceId };
}

async function readRole(user: TestUser): Promise<string | null> {
  const workspaceId_userId = {
    workspaceId: rowIdOf(ada.workspaceId),
    userId: await readUserId(user),
  };
  const membership = await gatehouse.db.membership.findUnique({ where: { workspaceId_userId } });
  return membership?.role ?? null;
}

const previewQuery = `query ($token: String!) { invitation(token: $token) {
  fault isMember workspaceName role invitedBy reservedFor expiresAt
} }`;

/** By nobody in particular, as a page asks that is opened from a mail. */
async function previewAsStranger(token: string) {
  const response = await fetch(`${gatehouse.url}/graphql`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ query: previewQuery, variables: { token } }),
  });
  const { data } = (await response.json()) as { data: { invitation: Record<string, unknown> } };
  return data.invitation;
}

/** As the time goes by. */
async function expire(id: string): Promise<void> {
  const past = new Date(Date.now() - 86_400_000);
  await gatehouse.db.invitation.update({
    where: { id: rowIdOf(id) },
    data: { expiresAt: past, endsAt: past },
  });
}

async function list(user: TestUser, first = 20, after: string | null = null) {
  const { node } = await user.query(
    `query ($id: ID!, $first: Int, $after: String) { node(id: $id) { ... on Workspace { invitations(first: $first, after: $after) {
      nodes { id state email role createdBy { name } acceptedBy { name } } pageInfo { hasNextPage endCursor }
    } } } }`,
    { id: ada.workspaceId, first, after },
  );
  return node.invitations;
}

describe("who may invite", () => {
  it.each<[Role, Role, string]>([
    ["VIEWER", "VIEWER", "FORBIDDEN"],
    ["MEMBER", "VIEWER", "FORBIDDEN"],
    ["ADMIN", "VIEWER", "ok"],
    ["ADMIN", "MEMBER", "ok"],
    ["ADMIN", "ADMIN", "ok"],
    ["ADMIN", "OWNER", "FORBIDDEN"],
    ["OWNER", "ADMIN", "ok"],
    ["OWNER", "OWNER", "ok"],
  ])("%s invites %s: %s", async (by, role, expected) => {
    expect((await invite(await join(by), { role })).code).toBe(expected);
  });

  it("nobody from outside, and nobody with a token, whatever its scope", async () => {
    const stranger = await signUp("stranger");
    const { workspaceId } = ada;
    expect((await invite(stranger, { workspaceId })).code).toBe("NOT_FOUND");
    const { id, token } = await makeInvitation(ada);
    const { createApiToken } = await ada.query(
      "mutation ($input: CreateApiTokenInput!) { createApiToken(input: $input) { secret } }",
      { input: { workspaceId, name: "t", scope: "MANAGE" } },
    );
    const ask = async (query: string, variables: object) => {
      const response = await fetch(`${gatehouse.url}/graphql`, {
        method: "POST",
        headers: {
          "content-type": "application/json",
          authorization: `Bearer ${createApiToken.secret}`,
        },
        body: JSON.stringify({ query, variables }),
      });
      return JSON.stringify(await response.json());
    };
    const userId = Buffer.from(`User:${await readUserId(ada)}`).toString("base64url");
    for (const [document, variables] of [
      [
        "mutation ($input: CreateInvitationInput!) { createInvitation(input: $input) { url } }",
        { input: { workspaceId, role: "VIEWER" } },
      ],
      ["mutation ($id: ID!) { revokeInvitation(id: $id) { id } }", { id }],
      ["mutation ($token: String!) { acceptInvitation(token: $token) { __typename } }", { token }],
      [
        "mutation ($input: ChangeMemberRoleInput!) { changeMemberRole(input: $input) { id } }",
        { input: { workspaceId, userId, role: "ADMIN" } },
      ],
      [
        "mutation ($id: ID!, $name: String!) { deleteWorkspace(id: $id, name: $name) { id } }",
        { id: workspaceId, name: "x" },
      ],
    ] as const)
      expect(await ask(document, variables)).toContain("FORBIDDEN");
    const listed = await ask(
      "query ($id: ID!) { node(id: $id) { ... on Workspace { invitations { nodes { id } } } } }",
      { id: workspaceId },
    );
    expect(JSON.parse(listed).data.node.invitations.nodes).toEqual([]);
  });

  it("says what is wrong with an address, and who is in already", async () => {
    const member = await join("MEMBER");
    expect((await invite(ada, { email: "not an address" })).code).toBe("BAD_USER_INPUT");
    expect((await invite(ada, { email: member.email.toUpperCase() })).code).toBe("CONFLICT");
    const { data } = await invite(ada, { email: "  New.One@Example.com " });
    expect(data.createInvitation.invitation).toMatchObject({
      email: "new.one@example.com",
      role: "MEMBER",
      state: "PENDING",
      createdBy: { name: ada.name },
    });
  });
});

describe("the link", () => {
  it("stands nowhere but in the answer: not in the database, and not in the log", async () => {
    const { token, url } = await makeInvitation(ada);
    expect(url).toBe(`${gatehouse.url}/invite/${token}`);
    expect(token).toMatch(/^[\w-]{43}$/);
    const [row] = await gatehouse.db.$queryRaw<{ text: string }[]>`
      SELECT i::text AS "text" FROM "Invitation" i ORDER BY "createdAt" DESC LIMIT 1`;
    expect(row?.text).not.toContain(token);
    await fetch(url);
    await previewAsStranger(token);
    expect(gatehouse.log.join("\n")).toContain("/invite/*");
    expect(gatehouse.log.join("\n")).not.toContain(token);
  });

  it("tells who invites where as what, of one shape for every fault", async () => {
    const { node } = await ada.query(
      "query ($id: ID!) { node(id: $id) { ... on Workspace { name } } }",
      { id: ada.workspaceId },
    );
    const { token } = await makeInvitation(ada, { email: "grace@example.com", role: "ADMIN" });
    const told = {
      fault: null,
      isMember: false,
      workspaceName: node.name,
      role: "ADMIN",
      invitedBy: ada.name,
      reservedFor: "g•••@example.com",
      expiresAt: expect.any(String),
    };
    const answer = await previewAsStranger(token);
    expect(answer).toEqual(told);
    const days = (Date.parse(String(answer["expiresAt"])) - Date.now()) / 86_400_000;
    expect(days).toBeGreaterThan(6.9);
    expect(days).toBeLessThan(7.1);
    const stranger = await signUp("stranger");
    const { invitation } = await stranger.query(previewQuery, { token });
    expect(invitation).toEqual({ ...told, fault: "OTHER_ACCOUNT" });
    for (const unknown of ["", "x", token.slice(1), randomBytes(32).toString("base64url")])
      expect(await previewAsStranger(unknown)).toEqual({
        fault: "UNKNOWN",
        isMember: false,
        workspaceName: null,
        role: null,
        invitedBy: null,
        reservedFor: null,
        expiresAt: null,
      });
  });

  it("is limited by user, and others are not affected", async () => {
    const guesser = await signUp("guesser");
    const guess = async () => {
      const token = randomBytes(32).toString("base64url");
      const { errors } = await guesser.graphql(previewQuery, { token });
      return errors?.[0]?.extensions;
    };
    const answers = await Promise.all(Array.from({ length: 40 }, guess));
    expect(answers.filter((one) => one?.["code"] === "RATE_LIMITED").length).toBeGreaterThan(0);
    expect(answers.find((one) => one !== undefined)).toMatchObject({
      retryAfterMs: expect.any(Number),
    });
    const { token } = await makeInvitation(ada);
    expect(await previewAsStranger(token)).toMatchObject({ fault: null });
  });
});

describe("acceptance", () => {
  it("lets in once, as what was said, and tells of it", async () => {
    const { token, id } = await makeInvitation(ada, { role: "VIEWER" });
    const [cy, dee] = [await signUp("cy"), await signUp("dee")];
    expect(await accept(cy, token)).toBe("ok");
    expect(await readRole(cy)).toBe("VIEWER");
    expect(await accept(dee, token)).toBe("USED");
    expect(await previewAsStranger(token)).toMatchObject({ fault: "USED" });
    const { invitation } = await cy.query(previewQuery, { token });
    expect(invitation.isMember).toBe(true);
    const { nodes } = await list(ada);
    expect(nodes).toEqual([
      {
        id,
        state: "USED",
        email: null,
        role: "VIEWER",
        createdBy: { name: ada.name },
        acceptedBy: { name: cy.name },
      },
    ]);
    const { node } = await ada.query(
      `query ($id: ID!) { node(id: $id) { ... on Workspace { events(last: 1) { nodes {
        type actor { name } ... on MemberChanged { change role user { name } }
      } } } } }`,
      { id: ada.workspaceId },
    );
    expect(node.events.nodes).toEqual([
      {
        type: "MEMBER_CHANGED",
        actor: { name: cy.name },
        change: "JOINED",
        role: "VIEWER",
        user: { name: cy.name },
      },
    ]);
  });

  it("of many who take one link at once one gets in", async () => {
    const { token } = await makeInvitation(ada);
    const guests = await Promise.all(Array.from({ length: 6 }, () => signUp("guest")));
    const answers: Promise<string>[] = [];
    const [first] = await gatehouse.db.invitation.findMany({
      where: { workspaceId: rowIdOf(ada.workspaceId) },
    });
    await gatehouse.db.$transaction(async (tx) => {
      // All of them have read that it holds, and wait for its row.
      await tx.$queryRaw`SELECT 1 FROM "Invitation" WHERE "id" = ${first?.id}::uuid FOR UPDATE`;
      answers.push(...guests.map((guest) => accept(guest, token)));
      await expect
        .poll(
          async () => {
            const [waiting] = await gatehouse.db.$queryRaw<{ n: number }[]>`
              SELECT count(*)::int AS n FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%"Invitation"%FOR UPDATE%'`;
            return waiting?.n;
          },
          { timeout: 15_000 },
        )
        .toBe(guests.length);
    });
    const sorted = (await Promise.all(answers)).toSorted();
    expect(sorted).toEqual(["USED", "USED", "USED", "USED", "USED", "ok"]);
    const members = { workspaceId: rowIdOf(ada.workspaceId), role: "MEMBER" } as const;
    expect(await gatehouse.db.membership.count({ where: members })).toBe(1);
  });

  it("a member stays what they are, and the link stays whole; two links at once use up one", async () => {
    const admin = await join("ADMIN");
    const [one, two] = [await makeInvitation(ada), await makeInvitation(ada)];
    expect(await accept(admin, one.token)).toBe("ok");
    expect(await readRole(admin)).toBe("ADMIN");
    const cy = await signUp("cy");
    expect(await Promise.all([accept(cy, one.token), accept(cy, two.token)])).toEqual(["ok", "ok"]);
    const states = (await list(ada)).nodes.map(({ state }: { state: string }) => state);
    expect(states).toEqual(["PENDING", "USED"]);
  });

  it("is refused when it has run out, was taken back, is for somebody else or unknown", async () => {
    const cy = await signUp("cy");
    const late = await makeInvitation(ada);
    await expire(late.id);
    expect(await accept(cy, late.token)).toBe("EXPIRED");
    const back = await makeInvitation(ada);
    const revoke = "mutation ($id: ID!) { revokeInvitation(id: $id) { state } }";
    expect(await ada.query(revoke, { id: back.id })).toEqual({
      revokeInvitation: { state: "REVOKED" },
    });
    expect(await accept(cy, back.token)).toBe("REVOKED");
    const other = await makeInvitation(ada, { email: "somebody@example.com" });
    expect(await accept(cy, other.token)).toBe("OTHER_ACCOUNT");
    expect(await accept(cy, randomBytes(32).toString("base64url"))).toBe("UNKNOWN");
    expect(await readRole(cy)).toBeNull();
    const own = await makeInvitation(ada, { email: cy.email.toUpperCase() });
    expect(await accept(cy, own.token)).toBe("ok");
    // What is over stays what it became.
    expect(await ada.query(revoke, { id: own.id })).toEqual({
      revokeInvitation: { state: "USED" },
    });
  });

  it("nobody comes back by a link that they made before they were removed, left or were lowered", async () => {
    const [removed, lowered, leaver] = [
      await join("ADMIN"),
      await join("OWNER"),
      await join("ADMIN"),
    ];
    const links = [
      await makeInvitation(removed, { role: "ADMIN" }),
      await makeInvitation(lowered, { role: "OWNER" }),
      await makeInvitation(leaver),
    ] as const;
    const kept = await makeInvitation(lowered, { role: "ADMIN" });
    await ada.query(
      "mutation ($input: RemoveWorkspaceMemberInput!) { removeWorkspaceMember(input: $input) { id } }",
      {
        input: {
          workspaceId: ada.workspaceId,
          userId: Buffer.from(`User:${await readUserId(removed)}`).toString("base64url"),
        },
      },
    );
    expect(await changeRole(ada, ada.workspaceId, await readUserId(lowered), "ADMIN")).toBe("ok");
    await leaver.query("mutation ($id: ID!) { leaveWorkspace(workspaceId: $id) { id } }", {
      id: ada.workspaceId,
    });
    const stranger = await signUp("stranger");
    for (const { token } of links) expect(await accept(stranger, token)).toBe("REVOKED");
    expect(await accept(stranger, kept.token)).toBe("ok");
  });
});

it("the list is for admins: what holds first, page by page", async () => {
  const made = [];
  for (let i = 0; i < 4; i += 1) made.push(await makeInvitation(ada));
  const [a, b, c, d] = made.map(({ id }) => id);
  await expire(d ?? "");
  await ada.query("mutation ($id: ID!) { revokeInvitation(id: $id) { id } }", { id: c });
  const seen: [string, string][] = [];
  for (let after: string | null = null; ;) {
    const page = await list(ada, 1, after);
    for (const { id, state } of page.nodes) seen.push([id, state]);
    if (!page.pageInfo.hasNextPage) break;
    after = page.pageInfo.endCursor;
  }
  expect(seen).toEqual([
    [b, "PENDING"],
    [a, "PENDING"],
    [c, "REVOKED"],
    [d, "EXPIRED"],
  ]);
  for (const role of ["MEMBER", "VIEWER"] as const) {
    const member = await join(role);
    expect((await list(member)).nodes).toEqual([]);
    const node = "query ($id: ID!) { node(id: $id) { id } }";
    expect(await member.query(node, { id: a })).toEqual({ node: null });
  }
});

describe("where sign-up is closed", () => {
  const password = "correct horse battery staple";

  it("an invitation lets its holder sign up and is used with that; nothing else does", async () => {
    await using closed = await startGatehouse();
    const owner = await closed.signUp("owner");
    const there = await closed.addProcess({ SIGN_UP: "closed" });
    const register = async (email: string, token?: string) => {
      const response = await fetch(`${there}/api/auth/sign-up/email`, {
        method: "POST",
        headers: {
          "content-type": "application/json",
          ...(token ? { "gatehouse-invitation": token } : {}),
        },
        body: JSON.stringify({ name: "Guest", email, password }),
      });
      return response.status;
    };
    const members = () =>
      closed.db.membership.count({ where: { workspaceId: rowIdOf(owner.workspaceId) } });

    expect(await register("a@example.com")).toBe(422);
    expect(await register("a@example.com", randomBytes(32).toString("base64url"))).toBe(422);
    const bound = await makeInvitation(owner, { email: "b@example.com" });
    expect(await register("a@example.com", bound.token)).toBe(422);
    expect(await register("b@example.com", bound.token)).toBe(200);
    expect(await members()).toBe(2);
    expect(await register("c@example.com", bound.token)).toBe(422);

    const open = await makeInvitation(owner);
    const answers = await Promise.all(
      ["d", "e", "f"].map((name) => register(`${name}@example.com`, open.token)),
    );
    expect(answers.toSorted((one, other) => one - other)).toEqual([200, 422, 422]);
    expect(await members()).toBe(3);
    // Who came too late has left nothing behind.
    expect(await closed.db.user.count()).toBe(3);
    const lonely = await closed.db.workspace.count({ where: { memberships: { none: {} } } });
    expect(lonely).toBe(0);
  });
});

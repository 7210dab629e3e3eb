import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { deadReasons, disconnectedReasons, type OAuthReason } from "#oauth/state.ts";
import {
  connect,
  createServer,
  executeTool,
  type GraphQLAnswer,
  readStatus,
  rowIdOf,
  type TestUser,
} from "./support/client.ts";
import { findFreePort } from "./support/free-port.ts";
import { startGatehouse, type TestGatehouse } from "./support/gatehouse.ts";

let gatehouse: TestGatehouse;
beforeAll(async () => {
  const env = { SANDBOX: "on", SANDBOX_PORT: String(await findFreePort()) };
  gatehouse = await startGatehouse({ env });
});
afterAll(() => gatehouse?.[Symbol.asyncDispose]());

const simulation = `mutation ($serverId: ID!, $reason: OAuthReason!) {
  simulateOAuthState(input: { serverId: $serverId, reason: $reason }) { id oauthStatus { state reason } }
}`;

const codeOf = ({ errors }: GraphQLAnswer) => errors?.[0]?.extensions["code"];

async function simulate(user: TestUser, serverId: string, reason: OAuthReason) {
  const { simulateOAuthState } = await user.query(simulation, { serverId, reason });
  return simulateOAuthState.oauthStatus;
}

/** The Acme Notes of this Gatehouse's own sandbox. */
async function readNotesUrl(user: TestUser): Promise<string> {
  const { sandbox } = await user.query("{ sandbox { servers { url } } }");
  return sandbox.servers[0].url;
}

async function readCursor(user: TestUser): Promise<string> {
  const { node } = await user.query(
    "query ($id: ID!) { node(id: $id) { ... on Workspace { eventCursor } } }",
    { id: user.workspaceId },
  );
  return node.eventCursor;
}

async function join(owner: TestUser, role: "ADMIN" | "MEMBER" | "VIEWER"): Promise<TestUser> {
  const user = await gatehouse.signUp();
  const { id: userId } = await gatehouse.db.user.findUniqueOrThrow({
    where: { email: user.email },
  });
  const workspaceId = rowIdOf(owner.workspaceId);
  await gatehouse.db.membership.create({ data: { workspaceId, userId, role } });
  return { ...user, workspaceId: owner.workspaceId };
}

async function callWithToken(user: TestUser, scope: string, variables: object) {
  const { createApiToken } = await user.query(
    "mutation ($input: CreateApiTokenInput!) { createApiToken(input: $input) { secret } }",
    { input: { workspaceId: user.workspaceId, name: "dashboard", scope } },
  );
  const response = await fetch(`${gatehouse.url}/graphql`, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      authorization: `Bearer ${createApiToken.secret}`,
    },
    body: JSON.stringify({ query: simulation, variables }),
  });
  return (await response.json()) as GraphQLAnswer;
}

describe("a simulated reason", () => {
  const reasons: OAuthReason[] = [
    ...deadReasons,
    "TOKEN_REJECTED",
    "INSUFFICIENT_SCOPE",
    ...disconnectedReasons,
  ];

  it.each(reasons)(
    "%s is in the status and reaches a subscriber once; consent mends it",
    async (reason) => {
      const user = await gatehouse.signUp();
      const serverId = await createServer(user, await readNotesUrl(user));
      await connect(user, serverId);
      // The discovery that comes with it is over: a call that the server takes lifts TOKEN_REJECTED.
      await user.query("mutation ($id: ID!) { refreshTools(serverId: $id) { id } }", {
        id: serverId,
      });
      await using updates = user.subscribe(
        `subscription ($id: ID!, $after: String) { authStateChanged(workspaceId: $id, after: $after) {
        type previousState state reason serverId user { name } } }`,
        { id: user.workspaceId, after: await readCursor(user) },
      );
      const state = disconnectedReasons.some((one) => one === reason)
        ? "DISCONNECTED"
        : "REAUTH_REQUIRED";
      expect(await simulate(user, serverId, reason)).toEqual({ state, reason });
      expect(await simulate(user, serverId, reason), "again: nothing happens").toEqual({
        state,
        reason,
      });
      const account = { serverId, user: { name: user.name } };
      expect((await updates.next()).value.data.authStateChanged).toEqual({
        ...account,
        type: state === "REAUTH_REQUIRED" ? state : "OAUTH_STATE_CHANGED",
        previousState: "CONNECTED",
        state,
        reason,
      });

      // What is dead or ended holds no token; what is suspended does.
      const grant = await gatehouse.db.oAuthGrant.findFirstOrThrow({
        where: { serverId: rowIdOf(serverId) },
      });
      const isHeld = reason === "TOKEN_REJECTED" || reason === "INSUFFICIENT_SCOPE";
      expect([grant.accessToken !== null, grant.refreshToken !== null]).toEqual([isHeld, isHeld]);

      await connect(user, serverId);
      expect((await updates.next()).value.data.authStateChanged).toEqual({
        ...account,
        type: "OAUTH_STATE_CHANGED",
        previousState: state,
        state: "CONNECTED",
        reason: null,
      });
      expect(await readStatus(user, serverId)).toMatchObject({ state: "CONNECTED", reason: null });
      const answer = await executeTool(user, serverId, "list_notes");
      expect(answer).toMatchObject({
        __typename: "ToolExecuted",
        execution: { status: "SUCCEEDED" },
      });
    },
  );

  it("stops calls as the real one does, and TOKEN_REJECTED goes with the next call that works", async () => {
    const user = await gatehouse.signUp();
    const serverId = await createServer(user, await readNotesUrl(user));
    await connect(user, serverId);
    await simulate(user, serverId, "TOKEN_REJECTED");
    expect(await executeTool(user, serverId, "list_notes")).toMatchObject({
      __typename: "ToolExecuted",
    });
    expect(await readStatus(user, serverId)).toMatchObject({ state: "CONNECTED", reason: null });
    await simulate(user, serverId, "GRANT_INVALID");
    expect(await executeTool(user, serverId, "list_notes")).toMatchObject({
      __typename: "ReauthRequired",
      reason: "GRANT_INVALID",
    });
  });

  it("follows the table of transitions: what cannot follow asks for a connection first", async () => {
    const user = await gatehouse.signUp();
    const serverId = await createServer(user, await readNotesUrl(user));
    const refused = async (reason: OAuthReason) => {
      const answer = await user.graphql(simulation, { serverId, reason });
      expect(codeOf(answer), reason).toBe("BAD_USER_INPUT");
      expect(answer.errors?.[0]?.extensions["fieldErrors"]).toEqual({
        reason: [expect.stringContaining("Connect it first.")],
      });
    };
    // Nobody has connected yet, which is a reason of its own.
    expect(await simulate(user, serverId, "NOT_CONNECTED")).toEqual({
      state: "DISCONNECTED",
      reason: "NOT_CONNECTED",
    });
    for (const reason of reasons) if (reason !== "NOT_CONNECTED") await refused(reason);
    await connect(user, serverId);
    await simulate(user, serverId, "NO_REFRESH_TOKEN");
    for (const reason of ["GRANT_INVALID", "TOKEN_REJECTED", "INSUFFICIENT_SCOPE"] as const)
      await refused(reason);
    await simulate(user, serverId, "SETTINGS_CHANGED");
    await refused("MEMBER_REMOVED");
    await refused("NOT_CONNECTED");
  });

  it("is for servers of this Gatehouse's own sandbox alone", async () => {
    const user = await gatehouse.signUp();
    const elsewhere = await createServer(user, gatehouse.sandbox.notesUrl);
    await connect(user, elsewhere);
    const open = await createServer(user, await readNotesUrl(user), { authType: "NONE" });
    for (const serverId of [elsewhere, open]) {
      const answer = await user.graphql(simulation, { serverId, reason: "GRANT_INVALID" });
      expect(codeOf(answer)).toBe("BAD_USER_INPUT");
      expect(Object.keys(answer.errors?.[0]?.extensions["fieldErrors"] as object)).toEqual([
        "serverId",
      ]);
    }
    expect(await readStatus(user, elsewhere)).toMatchObject({ state: "CONNECTED" });
  });

  it("needs the right to connect: one's own account from MEMBER up, the shared one as an admin, MANAGE of a token", async () => {
    const owner = await gatehouse.signUp();
    const [viewer, member, admin] = [
      await join(owner, "VIEWER"),
      await join(owner, "MEMBER"),
      await join(owner, "ADMIN"),
    ];
    const stranger = await gatehouse.signUp();
    const url = await readNotesUrl(owner);
    const personal = await createServer(owner, url);
    const shared = await createServer(owner, url, { credentialScope: "WORKSPACE" });
    await connect(owner, personal);
    await connect(member, personal);
    await connect(owner, shared);
    const attempt = async (user: TestUser, serverId: string) =>
      codeOf(await user.graphql(simulation, { serverId, reason: "GRANT_INVALID" })) ?? "allowed";
    expect(await attempt(stranger, personal)).toBe("NOT_FOUND");
    expect(await attempt(viewer, personal)).toBe("FORBIDDEN");
    expect(await attempt(viewer, shared)).toBe("FORBIDDEN");
    expect(await attempt(member, shared)).toBe("FORBIDDEN");
    expect(await attempt(member, personal)).toBe("allowed");
    expect(await readStatus(owner, personal), "an account of somebody else's").toMatchObject({
      state: "CONNECTED",
    });
    expect(await attempt(admin, shared)).toBe("allowed");
    expect(await readStatus(member, shared)).toMatchObject({ reason: "GRANT_INVALID" });

    const variables = { serverId: personal, reason: "GRANT_INVALID" };
    expect(codeOf(await callWithToken(owner, "READ", variables))).toBe("FORBIDDEN");
    expect(codeOf(await callWithToken(owner, "EXECUTE", variables))).toBe("FORBIDDEN");
    expect((await callWithToken(owner, "MANAGE", variables)).data).toMatchObject({
      simulateOAuthState: { oauthStatus: { reason: "GRANT_INVALID" } },
    });
  });
});

it("nothing is simulated where no sandbox runs", async () => {
  await using other = await startGatehouse();
  const user = await other.signUp();
  const serverId = await createServer(user, other.sandbox.notesUrl);
  await connect(user, serverId);
  const answer = await user.graphql(simulation, { serverId, reason: "GRANT_INVALID" });
  expect(codeOf(answer)).toBe("CONFLICT");
  expect(await readStatus(user, serverId)).toMatchObject({ state: "CONNECTED" });
});

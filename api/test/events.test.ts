import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { appendEvent } from "#events/log.ts";
import { createAccess } from "#services/access/access.ts";
import { createAuthorizationRequired } from "#services/grant/authorization-required.ts";
import { createWorkspaceEvents } from "#services/event/workspace-events.ts";
import { startScriptedModern } from "./counterparties/scripted.ts";
import { disposable } from "./support/disposable.ts";
import { createServer, connect, executeTool, rowIdOf, type TestUser } from "./support/client.ts";
import { readCursorAt } from "./support/cursor-at.ts";
import { startGatehouse, type TestGatehouse } from "./support/gatehouse.ts";
import { countLeast } from "./support/least-statements.ts";

let gatehouse: TestGatehouse;
let ada: TestUser;
/** Members of Ada's workspace. */
let admin: TestUser;
let bob: TestUser;
let stranger: TestUser;
let personal: string;
let shared: string;

/** Paging follows nothing. */
const tails = { open: () => expect.unreachable(), countReaders: () => 0, close() {} };
const roles = { watch: () => expect.unreachable(), close() {} };

/** Invitations are a later part of Gatehouse: the membership is written as they will. */
async function join(name: string, role: "ADMIN" | "MEMBER"): Promise<TestUser> {
  const user = await gatehouse.signUp(name);
  const { id: userId } = await gatehouse.db.user.findUniqueOrThrow({
    where: { email: user.email.toLowerCase() },
  });
  const workspaceId = rowIdOf(ada.workspaceId);
  await gatehouse.db.membership.create({ data: { workspaceId, userId, role } });
  user.workspaceId = ada.workspaceId;
  return user;
}

/** As if the tokens' time were up. */
async function runOut(serverId: string): Promise<void> {
  await gatehouse.db.oAuthGrant.updateMany({
    where: { serverId: rowIdOf(serverId) },
    data: { accessTokenExpiresAt: new Date(Date.now() - 1_000) },
  });
}

beforeAll(async () => {
  gatehouse = await startGatehouse({ countsStatements: true });
  ada = await gatehouse.signUp("Ada");
  admin = await join("Admin", "ADMIN");
  bob = await join("Bob", "MEMBER");
  stranger = await gatehouse.signUp("Stranger");
  personal = await createServer(ada, gatehouse.sandbox.notesUrl);
  shared = await createServer(ada, gatehouse.sandbox.weatherUrl, { credentialScope: "WORKSPACE" });
  await connect(ada, personal);
  await connect(bob, personal);
  await connect(ada, shared);
  for (const [user, serverId] of [
    [ada, personal],
    [bob, personal],
    [ada, shared],
  ] as const) {
    await runOut(serverId);
    const [tool, args] =
      serverId === shared ? ["get_forecast", { city: "Lisbon" }] : ["list_notes", {}];
    await executeTool(user, serverId, tool, args);
  }
});
afterAll(() => gatehouse[Symbol.asyncDispose]());

interface Page {
  edges: { cursor: string; node: { id: string; cursor: string; type: string } }[];
  nodes: { id: string }[];
  pageInfo: {
    hasNextPage: boolean;
    hasPreviousPage: boolean;
    startCursor: string | null;
    endCursor: string | null;
  };
}

const eventFields = `__typename id cursor type occurredAt serverId server { id name } actor { name }
  ... on OAuthStateChanged { previousState state reason user { name } }
  ... on TokenRefreshed { cause durationMs user { name } }
  ... on TokenRevoked { what outcome attempts httpStatus reason user { name } }
  ... on ToolsChanged { user { name } added removed changed addedCount }
  ... on ServerChanged { changedFields }`;

const listEvents = `query ($id: ID!, $first: Int, $after: String, $last: Int, $before: String, $filter: WorkspaceEventFilter) {
  node(id: $id) { ... on Workspace { events(first: $first, after: $after, last: $last, before: $before, filter: $filter) {
    edges { cursor node { ${eventFields} } } nodes { id } pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
  } } } }`;

async function list(user: TestUser, args: object = {}): Promise<Page> {
  const { node } = await user.query(listEvents, { id: user.workspaceId, first: 100, ...args });
  return node.events;
}

const read = async (user: TestUser, filter: object = {}) =>
  // A test knows the shape of what it asked for.
  // oxlint-disable-next-line typescript/no-explicit-any
  (await list(user, { filter })).edges.map(({ node }): any => node);

const codeOf = async (user: TestUser, args: object) => {
  const { errors } = await user.graphql(listEvents, { id: user.workspaceId, ...args });
  return errors?.[0]?.extensions["code"];
};

describe("what the log tells", () => {
  it("a refresh: whose account, why, how long, and nothing of the token", async () => {
    const refreshes = await read(admin, { types: ["TOKEN_REFRESHED"] });
    expect(refreshes).toEqual([
      expect.objectContaining({ user: { name: "Ada" }, serverId: personal, cause: "DUE" }),
      expect.objectContaining({ user: { name: "Bob" }, serverId: personal, cause: "DUE" }),
      expect.objectContaining({ user: null, serverId: shared, cause: "DUE" }),
    ]);
    for (const { __typename, actor, durationMs } of refreshes) {
      expect({ __typename, actor }).toEqual({ __typename: "TokenRefreshed", actor: null });
      expect(durationMs).toBeGreaterThanOrEqual(0);
    }
    const rows = await gatehouse.db.workspaceEvent.findMany({ where: { type: "TOKEN_REFRESHED" } });
    expect(new Set(rows.flatMap(({ payload }) => Object.keys(payload as object)))).toEqual(
      new Set(["cause", "durationMs"]),
    );
  });

  it("R1 fifty calls at once on an expired token leave one entry, and a refused token names its cause", async () => {
    const serverId = await createServer(ada, gatehouse.sandbox.notesUrl);
    await connect(ada, serverId);
    await runOut(serverId);
    await Promise.all(Array.from({ length: 50 }, () => executeTool(ada, serverId, "list_notes")));
    gatehouse.sandbox.expireAccessTokens();
    await executeTool(ada, serverId, "list_notes");
    expect(await read(ada, { serverId, types: ["TOKEN_REFRESHED"] })).toMatchObject([
      { cause: "DUE" },
      { cause: "REFUSED" },
    ]);
  });

  it("R7 a refresh that failed is not told as one", async () => {
    const serverId = await createServer(ada, gatehouse.sandbox.notesUrl);
    await connect(ada, serverId);
    await runOut(serverId);
    gatehouse.sandbox.faults.set("token-endpoint-503");
    await executeTool(ada, serverId, "list_notes");
    gatehouse.sandbox.faults.clear();
    expect(await read(ada, { serverId, types: ["TOKEN_REFRESHED"] })).toEqual([]);
  });

  it("settings by their names, never their values, and nothing where nothing changed", async () => {
    const serverId = await createServer(ada, gatehouse.sandbox.notesUrl, { name: "Before" });
    const update = (input: object) =>
      ada.query(
        "mutation ($input: UpdateMcpServerInput!) { updateMcpServer(input: $input) { id } }",
        {
          input: { id: serverId, ...input },
        },
      );
    await update({ name: "After", description: "New" });
    await update({ name: "After" });
    await update({ headers: [{ name: "X-Key", value: "hush-hush" }], requestTimeoutMs: 30_000 });
    await update({ oauthClientId: "a-client", oauthClientSecret: "hush-hush" });
    const events = await read(bob, { serverId });
    expect(
      events
        .filter(({ __typename }) => __typename === "ServerChanged")
        .map(({ type, actor, changedFields }) => [type, actor.name, changedFields.toSorted()]),
    ).toEqual([
      ["SERVER_CREATED", "Ada", []],
      ["SERVER_UPDATED", "Ada", ["description", "name"]],
      ["SERVER_UPDATED", "Ada", ["headers", "requestTimeoutMs"]],
      ["SERVER_UPDATED", "Ada", ["oauthClientId", "oauthClientSecret"]],
    ]);
    expect(JSON.stringify(events)).not.toContain("hush-hush");
  });

  it("D3 a server that wants OAuth only when called: its change for all, the state for the caller's account", async () => {
    const serverId = await createServer(ada, gatehouse.sandbox.notesUrl, { authType: "NONE" });
    const answers = await Promise.all(
      Array.from({ length: 3 }, () => executeTool(bob, serverId, "list_notes")),
    );
    expect(answers.at(-1)).toMatchObject({ __typename: "ReauthRequired", reason: "NOT_CONNECTED" });
    expect(await read(admin, { serverId })).toMatchObject([
      { type: "SERVER_CREATED" },
      {
        type: "OAUTH_STATE_CHANGED",
        previousState: "NOT_REQUIRED",
        state: "DISCONNECTED",
        reason: "NOT_CONNECTED",
        user: { name: "Bob" },
      },
      { type: "SERVER_UPDATED", actor: null, changedFields: ["authType"] },
    ]);
    expect(await read(ada, { serverId, types: ["SERVER_UPDATED"] })).toHaveLength(1);
  });

  it("D11 processes that find it out at the same time tell of it once", async () => {
    const serverId = await createServer(ada, gatehouse.sandbox.notesUrl, { authType: "NONE" });
    const server = await gatehouse.db.mcpServer.findUniqueOrThrow({
      where: { id: rowIdOf(serverId) },
    });
    const authorizationRequired = createAuthorizationRequired({
      db: gatehouse.db,
      appendEvent,
      appendStateChange: async () => {},
      changes: { workspace: () => {}, server: () => {} },
      keys: { rejected: async () => {} },
    });
    const owner = rowIdOf(ada.workspaceId);
    await Promise.all([
      authorizationRequired.note(server, owner),
      authorizationRequired.note(server, owner),
    ]);
    expect(await read(ada, { serverId, types: ["SERVER_UPDATED"] })).toHaveLength(1);
  });

  it("TOOLS_CHANGED says what came, what went and what is another, once, and nothing of a list that is the same", async () => {
    const named = (name: string, more: object = {}) => ({
      name,
      inputSchema: { type: "object" },
      ...more,
    });
    let tools = [named("keep"), named("go"), named("turn")];
    await using server = disposable(await startScriptedModern(() => ({ tools })));
    const id = await createServer(ada, server.url);
    const refresh = () =>
      ada.query("mutation ($id: ID!) { refreshTools(serverId: $id) { id } }", { id });
    await refresh();
    await refresh();
    tools = [
      named("keep"),
      named("turn", { annotations: { destructiveHint: true } }),
      named("come"),
    ];
    await Promise.all([refresh(), refresh()]);
    expect(await read(ada, { types: ["TOOLS_CHANGED"], serverId: id })).toMatchObject([
      {
        __typename: "ToolsChanged",
        user: { name: "Ada" },
        added: ["keep", "go", "turn"],
        removed: [],
        changed: [],
      },
      { added: ["come"], removed: ["go"], changed: ["turn"], addedCount: 1 },
    ]);
  });
});

describe("paging", () => {
  it("oldest first with first and after, newest first with last and before, the same events", async () => {
    const whole = (await list(ada)).edges;
    expect(whole.length).toBeGreaterThan(7);
    const walk = async (direction: "forward" | "backward") => {
      const seen: string[] = [];
      let cursor: string | null = null;
      for (;;) {
        const page: Page = await list(
          ada,
          direction === "forward"
            ? { first: 3, after: cursor }
            : { first: null, last: 3, before: cursor },
        );
        seen.push(...page.edges.map(({ node }) => node.id));
        expect(page.nodes.map(({ id }) => id)).toEqual(page.edges.map(({ node }) => node.id));
        expect(page.pageInfo.startCursor).toBe(page.edges[0]?.cursor);
        expect(page.pageInfo.endCursor).toBe(page.edges.at(-1)?.cursor);
        const { hasNextPage, hasPreviousPage } = page.pageInfo;
        expect(direction === "forward" ? hasPreviousPage : hasNextPage).toBe(cursor !== null);
        if (!(direction === "forward" ? hasNextPage : hasPreviousPage)) return seen;
        cursor = page.edges.at(-1)?.cursor ?? null;
      }
    };
    const ids = whole.map(({ node }) => node.id);
    expect(await walk("forward")).toEqual(ids);
    expect(await walk("backward")).toEqual(ids.toReversed());
    for (const { cursor, node } of whole) expect(cursor).toBe(node.cursor);
  });

  it("twenty if nothing is said, from one to a hundred, and no nonsense", async () => {
    const serverId = await createServer(ada, gatehouse.sandbox.notesUrl);
    for (let i = 0; i < 21; i++)
      await ada.query(
        "mutation ($input: UpdateMcpServerInput!) { updateMcpServer(input: $input) { id } }",
        { input: { id: serverId, name: `Name ${i}` } },
      );
    expect((await list(ada, { first: null })).edges).toHaveLength(20);
    for (const first of [101, 0, -1]) expect(await codeOf(ada, { first })).toBe("BAD_USER_INPUT");
    expect(await codeOf(ada, { first: 1, last: 1 })).toBe("BAD_USER_INPUT");
  });

  it("E1 a cursor of another log, or none at all, is CURSOR_INVALID", async () => {
    const { eventEpoch } = await gatehouse.db.workspace.findUniqueOrThrow({
      where: { id: rowIdOf(ada.workspaceId) },
    });
    const encode = (epoch: string, seq: string) =>
      Buffer.from(`${epoch}:${seq}`).toString("base64url");
    const foreign = encode("00000000-0000-4000-8000-000000000000", "1");
    const ahead = encode(eventEpoch, "999999");
    for (const cursor of ["", "nonsense", foreign, ahead]) {
      expect(await codeOf(ada, { first: 1, after: cursor })).toBe("CURSOR_INVALID");
      expect(await codeOf(ada, { last: 1, before: cursor })).toBe("CURSOR_INVALID");
    }
    const good = await readCursorAt(gatehouse.db, rowIdOf(ada.workspaceId), 1n);
    expect(await codeOf(ada, { first: 1, after: good })).toBeUndefined();
  });

  it("a page costs the same number of statements however long it is", async () => {
    const costOf = async (first: number) => {
      const before = gatehouse.countStatements();
      expect((await list(ada, { first })).edges).toHaveLength(first);
      return gatehouse.countStatements() - before;
    };
    const least = (first: number) => countLeast(() => costOf(first));
    expect(await least(20)).toBeLessThanOrEqual((await least(4)) + 2);
  });

  it.each([1, 2, 3, 4, 5])(
    "looks through %j entries at a time for what is rare, and says where to go on",
    async (scanLimit) => {
      const { db } = gatehouse;
      const events = createWorkspaceEvents({
        db,
        tails,
        roles,
        access: createAccess(db),
        scanLimit,
      });
      const { id: userId } = await db.user.findFirstOrThrow({ where: { name: "Ada" } });
      const workspaceId = rowIdOf(ada.workspaceId);
      const types = ["TOKEN_REFRESHED" as const];
      const filter = { types, serverId: rowIdOf(shared), onlyMine: false };
      const nothing = { first: null, after: null, last: null, before: null };
      for (const direction of ["forward", "backward"] as const) {
        const found: string[] = [];
        let cursor: string | null = null;
        let pages = 0;
        for (let more = true; more; pages++) {
          const asked =
            direction === "forward" ? { first: 2, after: cursor } : { last: 2, before: cursor };
          const page = await events.list({ userId }, workspaceId, { ...nothing, ...asked }, filter);
          found.push(...page.events.map(({ id }) => id));
          more = direction === "forward" ? page.hasNextPage : page.hasPreviousPage;
          cursor = page.endCursor;
        }
        expect(found).toHaveLength(1);
        expect(pages).toBeGreaterThan(1);
      }
    },
  );
});

describe("who sees what", () => {
  const filters = (): Record<string, object> => ({
    everything: {},
    "state changes, REAUTH_REQUIRED among them": { types: ["OAUTH_STATE_CHANGED"] },
    "REAUTH_REQUIRED alone": { types: ["REAUTH_REQUIRED"] },
    "no type": { types: [] },
    "one server": { serverId: personal },
    "no such server": { serverId: "nonsense" },
    mine: { onlyMine: true },
    "refreshes of mine at one server": {
      types: ["TOKEN_REFRESHED"],
      serverId: personal,
      onlyMine: true,
    },
  });

  beforeAll(async () => {
    await gatehouse.sandbox.endGrants("bob");
    await gatehouse.db.oAuthGrant.updateMany({
      where: { serverId: rowIdOf(personal) },
      data: { accessTokenExpiresAt: new Date(Date.now() - 1_000) },
    });
    expect(await executeTool(bob, personal, "list_notes")).toMatchObject({
      __typename: "ReauthRequired",
    });
  });

  it("a personal account's events are for its user and for admins; the others for all", async () => {
    const accounts = async (user: TestUser) =>
      new Set(
        (await read(user, { types: ["TOKEN_REFRESHED"] })).map((event) => event.user?.name ?? null),
      );
    expect(await accounts(bob)).toEqual(new Set(["Bob", null]));
    expect(await accounts(admin)).toEqual(new Set(["Ada", "Bob", null]));
    expect(await accounts(ada)).toEqual(new Set(["Ada", "Bob", null]));
    expect(await read(bob, { onlyMine: true, types: ["TOKEN_REFRESHED"] })).toMatchObject([
      { user: { name: "Bob" } },
    ]);
    expect(
      await read(admin, { types: ["OAUTH_STATE_CHANGED"], serverId: personal }),
    ).toContainEqual(expect.objectContaining({ type: "REAUTH_REQUIRED", user: { name: "Bob" } }));
  });

  it("E1 E2 the subscription delivers exactly what the list has, in order and once", async () => {
    const start = Buffer.from(
      Buffer.from((await list(ada, { first: 1 })).edges[0]?.cursor ?? "", "base64url")
        .toString()
        .replace(/:\d+:\w+$/, ":0:"),
    ).toString("base64url");
    for (const user of [ada, admin, bob])
      for (const [name, filter] of Object.entries(filters())) {
        const expected = (await list(user, { filter })).edges.map(({ cursor }) => cursor);
        await using events = user.subscribe(
          `subscription ($id: ID!, $after: String, $filter: WorkspaceEventFilter) {
            workspaceEvents(workspaceId: $id, after: $after, filter: $filter) { cursor } }`,
          { id: user.workspaceId, after: start, filter },
        );
        const seen: string[] = [];
        while (seen.length < expected.length) {
          const { value } = await events.next();
          seen.push(value.data.workspaceEvents.cursor);
        }
        expect(seen, `${user.name}: ${name}`).toEqual(expected);
      }
  });

  it("E1 what happens after subscribing comes live, with the fields of its type", async () => {
    const { node } = await ada.query(
      "query ($id: ID!) { node(id: $id) { ... on Workspace { eventCursor } } }",
      { id: ada.workspaceId },
    );
    await using events = ada.subscribe(
      `subscription ($id: ID!, $after: String, $filter: WorkspaceEventFilter) {
        workspaceEvents(workspaceId: $id, after: $after, filter: $filter) { ${eventFields} } }`,
      {
        id: ada.workspaceId,
        after: node.eventCursor,
        filter: { types: ["TOKEN_REFRESHED", "SERVER_CREATED"] },
      },
    );
    const created = await createServer(ada, gatehouse.sandbox.notesUrl);
    const first = await events.next();
    expect(first.value.data.workspaceEvents).toMatchObject({
      __typename: "ServerChanged",
      type: "SERVER_CREATED",
      serverId: created,
      server: { id: created },
      actor: { name: "Ada" },
    });
    await runOut(shared);
    await executeTool(ada, shared, "get_forecast", { city: "Lisbon" });
    const second = await events.next();
    expect(second.value.data.workspaceEvents).toMatchObject({
      __typename: "TokenRefreshed",
      serverId: shared,
      user: null,
    });
  });

  it("a stranger finds neither the log nor the subscription", async () => {
    const asMember = { ...stranger, workspaceId: ada.workspaceId };
    const { data } = await stranger.graphql(listEvents, { id: ada.workspaceId, first: 1 });
    expect(data.node).toBeNull();
    await using events = asMember.subscribe(
      "subscription ($id: ID!) { workspaceEvents(workspaceId: $id) { id } }",
      { id: ada.workspaceId },
    );
    const { value } = await events.next();
    expect(value.errors[0].extensions.code).toBe("NOT_FOUND");
  });
});

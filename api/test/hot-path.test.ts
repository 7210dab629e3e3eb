import { setTimeout as delay } from "node:timers/promises";
import { openDatabase, type Database } from "@gatehouse/prisma";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type Bus, openBus } from "#events/bus.ts";
import { topics } from "#events/topics.ts";
import { type DatabaseProxy, startDatabaseProxy } from "./cluster/database-proxy.ts";
import {
  connect,
  createServer,
  type GraphQLAnswer,
  rowIdOf,
  type TestUser,
} from "./support/client.ts";
import { startGatehouse, type TestGatehouse } from "./support/gatehouse.ts";
import { changeRole } from "./support/invitations.ts";
import { startStatementCounter, type StatementCounter } from "./support/statement-counter.ts";

const resources = new AsyncDisposableStack();
let gatehouse: TestGatehouse;
/** Another process than the one where rights are taken away, on a way to the database of its own. */
let there: string;
let way: DatabaseProxy;
/** A third one, which learns of changes by their word alone: it looks by itself only long after the tests. */
let told: string;
let toldWay: DatabaseProxy;
let counter: StatementCounter;
/** Changes that nobody is told of. */
let untold: Database;
let bus: Bus;

beforeAll(async () => {
  gatehouse = resources.use(await startGatehouse());
  counter = resources.use(await startStatementCounter(gatehouse.databaseUrl));
  way = resources.use(await startDatabaseProxy(counter.url));
  there = await gatehouse.addProcess({}, way.url);
  toldWay = resources.use(await startDatabaseProxy(gatehouse.databaseUrl));
  told = await gatehouse.addProcess({}, toldWay.url, { pollMs: 60 * 60_000 });
  untold = openDatabase(gatehouse.databaseUrl, 2);
  resources.defer(() => untold.$disconnect());
  bus = await openBus(gatehouse.databaseUrl);
  resources.defer(() => bus.close());
});
afterAll(() => resources.disposeAsync());

/** Far more than a second, for a machine that has much to do. */
const patience = { timeout: 20_000 };

let owner: TestUser;
let bob: TestUser;
let bobId: string;
let serverId: string;
let token: { id: string; secret: string };

beforeEach(async () => {
  owner = await gatehouse.signUp();
  bob = await gatehouse.signUp();
  const { viewer } = await bob.query("{ viewer { user { id } } }");
  bobId = rowIdOf(viewer.user.id);
  await gatehouse.db.membership.create({
    data: { workspaceId: rowIdOf(owner.workspaceId), userId: bobId, role: "MEMBER" },
  });
  serverId = await createServer(owner, gatehouse.sandbox.notesUrl);
  await connect(bob, serverId);
  const { createApiToken } = await bob.query(
    "mutation ($input: CreateApiTokenInput!) { createApiToken(input: $input) { secret apiToken { id } } }",
    { input: { workspaceId: owner.workspaceId, name: "t", scope: "EXECUTE" } },
  );
  token = { id: createApiToken.apiToken.id, secret: createApiToken.secret };
});

type Credential = Record<string, string>;
const cookie = (): Credential => ({ cookie: bob.cookie });
const bearer = (): Credential => ({ authorization: `Bearer ${token.secret}` });

/** Bob's call: the kind of answer, or the code of the error. */
async function call(url = there, credential = cookie()): Promise<string> {
  const response = await fetch(`${url}/graphql`, {
    method: "POST",
    headers: { "content-type": "application/json", ...credential },
    body: JSON.stringify({
      query: `mutation ($id: ID!) { executeTool(input: { serverId: $id, toolName: "list_notes" }) { __typename } }`,
      variables: { id: serverId },
    }),
  });
  const { data, errors } = (await response.json()) as GraphQLAnswer;
  return data?.executeTool?.__typename ?? errors?.[0]?.extensions["code"];
}

/** Until all is remembered that a call needs. */
async function warmUp(url = there, credential = cookie()): Promise<void> {
  // The list of tools is stored behind the consent.
  await expect.poll(() => call(url, credential), patience).toBe("ToolExecuted");
  for (let i = 0; i < 3; i += 1) await call(url, credential);
}

const update = (input: object) =>
  owner.query(
    "mutation ($input: UpdateMcpServerInput!) { updateMcpServer(input: $input) { id } }",
    {
      input: { id: serverId, ...input },
    },
  );

const removeBob = () =>
  owner.query(
    "mutation ($input: RemoveWorkspaceMemberInput!) { removeWorkspaceMember(input: $input) { id } }",
    {
      input: {
        workspaceId: owner.workspaceId,
        userId: Buffer.from(`User:${bobId}`).toString("base64url"),
      },
    },
  );

const demoteBob = () => changeRole(owner, owner.workspaceId, bobId, "VIEWER");

/** As a refresh finds out that the authorization server has ended the grant. */
async function endGrant(): Promise<void> {
  const { cookie: own } = bob;
  await gatehouse.sandbox.endGrants(bob.name);
  await untold.oAuthGrant.updateMany({
    where: { serverId: rowIdOf(serverId) },
    data: { accessTokenExpiresAt: new Date(0) },
  });
  await expect.poll(() => call(gatehouse.url, { cookie: own }), patience).toBe("ReauthRequired");
}

const graphql = (user: TestUser, query: string, id: string) => user.query(query, { id });

interface Change {
  credential?: () => Credential;
  make(): Promise<unknown>;
  /** What another process says from then on. */
  becomes: string;
  /** The word of it. */
  topic(): string | Promise<string>;
}
const ofMembers = () => topics.members(rowIdOf(owner.workspaceId));
const ofServer = () => topics.server(rowIdOf(serverId));
const ofGrant = async () => {
  const where = { serverId: rowIdOf(serverId), ownerId: bobId };
  return topics.grant((await untold.oAuthGrant.findFirstOrThrow({ where })).id);
};
const ofSession = async () => {
  const newest = { where: { userId: bobId }, orderBy: { createdAt: "desc" } } as const;
  return topics.ended((await untold.session.findFirstOrThrow(newest)).id);
};

/** What takes a right away on one process. */
const changes: Record<string, Change> = {
  "a member is removed": { make: removeBob, becomes: "NOT_FOUND", topic: ofMembers },
  "a member's role no longer allows it": {
    make: demoteBob,
    becomes: "FORBIDDEN",
    topic: ofMembers,
  },
  "the owner of a token is removed": {
    credential: bearer,
    make: removeBob,
    becomes: "UNAUTHENTICATED",
    topic: ofMembers,
  },
  "a token is revoked": {
    credential: bearer,
    make: () => graphql(bob, "mutation ($id: ID!) { revokeApiToken(id: $id) { id } }", token.id),
    becomes: "UNAUTHENTICATED",
    topic: () => topics.ended(rowIdOf(token.id)),
  },
  "a session is signed out": {
    make: () =>
      fetch(`${gatehouse.url}/api/auth/sign-out`, {
        method: "POST",
        headers: { cookie: bob.cookie, "content-type": "application/json" },
        body: "{}",
      }),
    becomes: "UNAUTHENTICATED",
    topic: ofSession,
  },
  "a server is disabled": {
    make: () => update({ enabled: false }),
    becomes: "ServerDisabled",
    topic: ofServer,
  },
  "a server gets another address": {
    make: () => update({ url: gatehouse.sandbox.weatherUrl, authType: "OAUTH" }),
    becomes: "ReauthRequired",
    topic: ofServer,
  },
  "a server is deleted": {
    make: () => graphql(owner, "mutation ($id: ID!) { deleteMcpServer(id: $id) { id } }", serverId),
    becomes: "NOT_FOUND",
    topic: ofServer,
  },
  "a tool is denied": {
    make: () =>
      owner.query(
        "mutation ($input: SetToolPolicyInput!) { setToolPolicy(input: $input) { id } }",
        { input: { serverId, toolName: "list_notes", kind: "DENY" } },
      ),
    becomes: "ToolDenied",
    topic: ofServer,
  },
  "S18 new tools are denied, and the tool was not listed": {
    async make() {
      // Listed tools would be approved. The same list comes back afterwards, without word of it.
      const where = { serverId: rowIdOf(serverId) };
      const lists = await untold.toolCatalog.findMany({
        where,
        omit: { resources: true, resourceTemplates: true, prompts: true },
      });
      await untold.toolCatalog.deleteMany({ where });
      await owner.query(
        "mutation ($input: UpdateWorkspaceInput!) { updateWorkspace(input: $input) { id } }",
        { input: { id: owner.workspaceId, newToolPolicy: "DENY" } },
      );
      await untold.toolCatalog.createMany({
        data: lists.map(({ tools, ...list }) => ({ ...list, tools: tools as object[] })),
      });
    },
    becomes: "ToolDenied",
    topic: ofServer,
  },
  "an account is disconnected": {
    make: () =>
      graphql(bob, "mutation ($id: ID!) { disconnectOAuth(serverId: $id) { id } }", serverId),
    becomes: "ReauthRequired",
    topic: ofGrant,
  },
  "a grant is dead": { make: endGrant, becomes: "ReauthRequired", topic: ofGrant },
};

describe.each(Object.entries(changes))(
  "S3 when %s",
  (_, { credential = cookie, make, becomes, topic }) => {
    it("a warm call is refused at once by the process that did it, and by one that is told of it", async () => {
      await warmUp(gatehouse.url, credential());
      await warmUp(told, credential());
      const word = await topic();
      const heard: (string | null)[] = [];
      const [kind = ""] = word.split(":");
      const stop = bus.listen(kind, (one) => heard.push(one));
      await make();
      expect(await call(gatehouse.url, credential())).toBe(becomes);
      await expect.poll(() => heard, patience).toContain(word);
      await expect.poll(() => call(told, credential()), patience).toBe(becomes);
      stop();
    });

    it("so it is when the word of it is lost", async () => {
      await warmUp(there, credential());
      way.losesNotifications = true;
      try {
        await make();
        await expect.poll(() => call(there, credential()), patience).toBe(becomes);
      } finally {
        way.losesNotifications = false;
      }
    });
  },
);

it("a right that was just given holds at once, although the one before is remembered", async () => {
  await warmUp();
  await demoteBob();
  await expect.poll(() => call(), patience).toBe("FORBIDDEN");
  await update({ enabled: false });
  way.losesNotifications = true;
  try {
    await untold.membership.updateMany({ where: { userId: bobId }, data: { role: "MEMBER" } });
    expect(await call()).toBe("ServerDisabled");
    await update({ enabled: true });
    expect(await call()).toBe("ToolExecuted");
  } finally {
    way.losesNotifications = false;
  }
});

describe("a warm call", () => {
  it.each([
    ["a session", cookie],
    ["an API token", bearer],
  ])("with %s waits for no statement", async (_, credential) => {
    // Nothing looks here behind the word of changes: what asks the database is the call itself, or waits for nobody.
    await warmUp(told, credential());
    toldWay.holdsStatements = true;
    try {
      const waiting = delay(patience.timeout, "waits for the database", { ref: false });
      const answer = await Promise.race([call(told, credential()), waiting]);
      expect(answer).toBe("ToolExecuted");
    } finally {
      toldWay.holdsStatements = false;
    }
  });
});

describe("while word of changes may not arrive", () => {
  it("all that decides is read for every call", async () => {
    await warmUp();
    way.deafen();
    try {
      const costOf = async () => {
        const before = counter.count();
        for (let i = 0; i < 10; i += 1) expect(await call()).toBe("ToolExecuted");
        return counter.count() - before;
      };
      await expect.poll(costOf, patience).toBeGreaterThan(60);
      await update({ enabled: false });
      expect(await call()).toBe("ServerDisabled");
      await update({ enabled: true });
      expect(await call()).toBe("ToolExecuted");
      await graphql(bob, "mutation ($id: ID!) { disconnectOAuth(serverId: $id) { id } }", serverId);
      expect(await call()).toBe("ReauthRequired");
      await removeBob();
      expect(await call()).toBe("NOT_FOUND");
    } finally {
      way.open();
    }
  });
});

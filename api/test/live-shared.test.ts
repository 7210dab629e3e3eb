import { defaultFieldResolver, type GraphQLObjectType } from "graphql";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Bus, openBus } from "#events/bus.ts";
import { appendEvent } from "#events/log.ts";
import { topics } from "#events/topics.ts";
import { schema } from "#graphql/schema.ts";
import { createServer, type GraphQLAnswer, rowIdOf, type TestUser } from "./support/client.ts";
import { follow, type Transport } from "./support/follower.ts";
import { startGatehouse, type TestGatehouse } from "./support/gatehouse.ts";

let gatehouse: TestGatehouse;
let bus: Bus;
let owner: TestUser;
let member: TestUser;
let memberId: string;
let serverId: string;

beforeAll(async () => {
  gatehouse = await startGatehouse({ countsStatements: true });
  bus = await openBus(gatehouse.databaseUrl);
  owner = await gatehouse.signUp("Owner");
  member = await gatehouse.signUp("Member");
  const { viewer } = await member.query("{ viewer { user { id } } }");
  memberId = rowIdOf(viewer.user.id);
  const workspaceId = rowIdOf(owner.workspaceId);
  await gatehouse.db.membership.create({ data: { workspaceId, userId: memberId, role: "MEMBER" } });
  member.workspaceId = owner.workspaceId;
  serverId = await createServer(owner, `${gatehouse.sandbox.weatherUrl}?key=secret`);
});
afterAll(async () => {
  await bus.close();
  await gatehouse[Symbol.asyncDispose]();
});

/** How often an event was executed: once for each time that its `type` was resolved. */
let executions = 0;
const { type: typeField } = (schema.getType("OAuthStateChanged") as GraphQLObjectType).getFields();
if (!typeField) throw new Error("no such field");
const resolveType = typeField.resolve ?? defaultFieldResolver;
typeField.resolve = (...args) => {
  executions += 1;
  return resolveType(...args) as unknown;
};

/** @param userId whose personal account it is about; null: every member may see it */
async function append(userId: string | null = null): Promise<void> {
  const workspaceId = rowIdOf(owner.workspaceId);
  await gatehouse.db.$transaction((tx) =>
    appendEvent(tx, {
      workspaceId,
      type: "OAUTH_STATE_CHANGED",
      actorId: memberId,
      serverId: rowIdOf(serverId),
      userId,
      payload: { previousState: "DISCONNECTED", state: "CONNECTED", reason: null },
    }),
  );
  bus.publish(topics.workspace(workspaceId));
}

interface Follower extends AsyncDisposable {
  /** The next event that it gets. */
  take(): Promise<GraphQLAnswer["data"]>;
}

/** Subscribed at the end of the log, and served there: an event has come to each. */
async function followAll(
  transport: Transport,
  users: readonly TestUser[],
  selection: string,
): Promise<Follower[]> {
  const { node } = await owner.query(
    "query ($id: ID!) { node(id: $id) { ... on Workspace { eventCursor } } }",
    { id: owner.workspaceId },
  );
  const followers = users.map((user): Follower => {
    const controller = new AbortController();
    const results = follow(transport, {
      url: gatehouse.url,
      credential: { cookie: user.cookie, origin: gatehouse.url },
      query: `subscription ($id: ID!, $after: String!) { workspaceEvents(workspaceId: $id, after: $after) { type ${selection} } }`,
      variables: { id: owner.workspaceId, after: node.eventCursor },
      signal: controller.signal,
    });
    return {
      async take() {
        const { value } = await results.next();
        expect(value?.errors).toBeUndefined();
        return value?.data.workspaceEvents;
      },
      async [Symbol.asyncDispose]() {
        controller.abort();
      },
    };
  });
  await append();
  await Promise.all(followers.map(({ take }) => take()));
  return followers;
}

const close = (followers: Follower[]) =>
  Promise.all(followers.map((follower) => follower[Symbol.asyncDispose]()));

const transports: Transport[] = ["WebSocket", "server-sent events"];
describe.each(transports)("over %s", (transport) => {
  it("E2 E18 each caller sees an event as they may, whoever got it first by the same document", async () => {
    const followers = await followAll(
      transport,
      [owner, member, owner, member],
      "server { name url } actor { name }",
    );
    await append();
    const seen = await Promise.all(followers.map(({ take }) => take()));
    const full = `${gatehouse.sandbox.weatherUrl}?key=secret`;
    const urls = [full, gatehouse.sandbox.weatherUrl, full, gatehouse.sandbox.weatherUrl];
    expect(seen.map(({ server }) => server.url)).toEqual(urls);
    expect(seen.map(({ actor }) => actor.name)).toEqual(urls.map(() => "Member"));
    await close(followers);
  });

  it("E2 an event that is shared by some reaches nobody else who asks for the same", async () => {
    const stranger = await gatehouse.signUp();
    const { viewer } = await stranger.query("{ viewer { user { id } } }");
    const userId = rowIdOf(viewer.user.id);
    const workspaceId = rowIdOf(owner.workspaceId);
    await gatehouse.db.membership.create({ data: { workspaceId, userId, role: "MEMBER" } });
    const followers = await followAll(
      transport,
      [owner, member, stranger],
      "cursor ... on OAuthStateChanged { user { name } }",
    );
    await append(memberId);
    await append();
    const [ofOwner, ofMember, ofStranger] = await Promise.all(followers.map(({ take }) => take()));
    expect(ofOwner).toMatchObject({ user: { name: "Member" } });
    expect(ofMember).toEqual(ofOwner);
    // The one after it.
    expect(ofStranger).toMatchObject({ user: null });
    expect(ofStranger.cursor).not.toBe(ofOwner.cursor);
    await close(followers);
  });

  it("E18 executes an event once for twenty subscribers with the same document", async () => {
    const users = Array.from({ length: 20 }, (_, index) => (index % 2 ? owner : member));
    const followers = await followAll(transport, users, "cursor actor { name }");
    const before = executions;
    await append();
    const seen = await Promise.all(followers.map(({ take }) => take()));
    expect(new Set(seen.map(({ cursor }) => cursor)).size).toBe(1);
    expect(executions - before).toBe(1);
    await close(followers);
  });

  it("names who did it with as many statements for twenty subscribers as for two", async () => {
    const costOf = async (count: number): Promise<number> => {
      const users = Array.from({ length: count }, (_, index) => (index % 2 ? owner : member));
      const followers = await followAll(transport, users, "actor { name } server { name }");
      const costs: number[] = [];
      // Regular tasks send statements of their own; the least of a few events is the event's.
      for (let event = 0; event < 5; event += 1) {
        const before = gatehouse.countStatements();
        await append();
        const seen = await Promise.all(followers.map(({ take }) => take()));
        expect(seen).toEqual(
          users.map(() => ({
            type: "OAUTH_STATE_CHANGED",
            actor: { name: "Member" },
            server: { name: "Server" },
          })),
        );
        costs.push(gatehouse.countStatements() - before);
      }
      await close(followers);
      return Math.min(...costs);
    };
    const few = await costOf(2);
    expect(few).toBeGreaterThan(1);
    expect(await costOf(20)).toBeLessThanOrEqual(few);
  });
});

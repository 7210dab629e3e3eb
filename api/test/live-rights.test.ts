import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type Bus, openBus } from "#events/bus.ts";
import { topics } from "#events/topics.ts";
import { appendForAll } from "./support/append.ts";
import { rowIdOf, type TestUser } from "./support/client.ts";
import { type Credential, follow, type Result, type Transport } from "./support/follower.ts";
import { startGatehouse, type TestGatehouse } from "./support/gatehouse.ts";

let gatehouse: TestGatehouse;
let bus: Bus;
/** Another process than the one where rights are taken away. */
let there: string;
let owner: TestUser;
let bob: TestUser;
let bobId: string;

beforeAll(async () => {
  gatehouse = await startGatehouse({ countsStatements: true });
  there = await gatehouse.addProcess();
  bus = await openBus(gatehouse.databaseUrl);
});
afterAll(async () => {
  await bus.close();
  await gatehouse[Symbol.asyncDispose]();
});
beforeEach(async () => {
  owner = await gatehouse.signUp();
  bob = await gatehouse.signUp();
  const { viewer } = await bob.query("{ viewer { user { id } } }");
  bobId = rowIdOf(viewer.user.id);
  await gatehouse.db.membership.create({
    data: { workspaceId: rowIdOf(owner.workspaceId), userId: bobId, role: "MEMBER" },
  });
});

const query = `subscription ($id: ID!) { workspaceEvents(workspaceId: $id) { id } }`;
const cookieOf = ({ cookie }: TestUser): Credential => ({ cookie, origin: gatehouse.url });

async function createToken(
  user: TestUser,
  input: object = {},
): Promise<{ id: string; token: string }> {
  const { createApiToken } = await user.query(
    `mutation ($input: CreateApiTokenInput!) { createApiToken(input: $input) { secret apiToken { id } } }`,
    { input: { workspaceId: owner.workspaceId, name: "t", scope: "READ", ...input } },
  );
  return { id: createApiToken.apiToken.id, token: createApiToken.secret };
}

/** An event that every member may see. */
async function append(count = 1): Promise<void> {
  const workspaceId = rowIdOf(owner.workspaceId);
  for (let i = 0; i < count; i += 1) {
    await appendForAll(gatehouse.db, workspaceId);
    bus.publish(topics.workspace(workspaceId));
  }
}

/** Subscribes, and waits until it is served. */
async function open(transport: Transport, credential: Credential) {
  const controller = new AbortController();
  const results = follow(transport, {
    url: there,
    credential,
    query,
    variables: { id: owner.workspaceId },
    signal: controller.signal,
  });
  let isServed = false;
  const first = results.next().finally(() => (isServed = true));
  while (!isServed) {
    await append();
    await Promise.race([first, new Promise((resolve) => setTimeout(resolve, 100))]);
  }
  expect((await first).value).toMatchObject({ data: { workspaceEvents: {} } });
  return {
    /** The codes of the errors to come; then how it ended: `complete`, or the close code. */
    async readEnd(): Promise<unknown[]> {
      const codes: unknown[] = [];
      try {
        for await (const { errors } of results as AsyncIterable<Result>)
          if (errors) codes.push(errors[0]?.extensions["code"]);
        return [...codes, "complete"];
      } catch (error) {
        return [...codes, (error as { code?: number }).code ?? error];
      }
    },
    leave: () => controller.abort(),
  };
}

const remove = () =>
  owner.query(
    "mutation ($input: RemoveWorkspaceMemberInput!) { removeWorkspaceMember(input: $input) { id } }",
    {
      input: {
        workspaceId: owner.workspaceId,
        userId: Buffer.from(`User:${bobId}`).toString("base64url"),
      },
    },
  );

const transports = ["WebSocket", "server-sent events"] as const;

describe.each(transports)("over %s", (transport) => {
  it("E2 a removed member's stream ends with FORBIDDEN although nothing happens on it", async () => {
    const { readEnd } = await open(transport, cookieOf(bob));
    await remove();
    expect(await readEnd()).toEqual(["FORBIDDEN", "complete"]);
  });

  it("E2 so it does when nobody told of the removal", async () => {
    const { readEnd } = await open(transport, cookieOf(bob));
    await gatehouse.db.membership.deleteMany({ where: { userId: bobId } });
    expect(await readEnd()).toEqual(["FORBIDDEN", "complete"]);
  });
});

it("E2 who follows a run of a tool learns no more of it once they are removed", async () => {
  const workspaceId = rowIdOf(owner.workspaceId);
  const { id } = await gatehouse.db.toolExecution.create({
    data: { toolName: "t", status: "RUNNING", ownerId: bobId, startedById: bobId, workspaceId },
  });
  const results = follow("WebSocket", {
    url: there,
    credential: cookieOf(bob),
    query: "subscription ($id: ID!) { toolExecutionUpdated(id: $id) { status } }",
    variables: { id: Buffer.from(`ToolExecution:${id}`).toString("base64url") },
    signal: new AbortController().signal,
  });
  expect((await results.next()).value).toMatchObject({
    data: { toolExecutionUpdated: { status: "RUNNING" } },
  });
  await remove();
  const { value } = await results.next();
  expect(value?.errors?.[0]?.extensions["code"]).toBe("FORBIDDEN");
  expect((await results.next()).done).toBe(true);
});

it("E2 a token's connection is closed with 4403 when its owner is removed", async () => {
  const { token } = await createToken(bob);
  const { readEnd } = await open("WebSocket", { token });
  await remove();
  // Whether the last error of its subscription comes before is a matter of order.
  expect((await readEnd()).at(-1)).toBe(4403);
});

it("E2 a token's stream ends with FORBIDDEN when its owner is removed", async () => {
  const { token } = await createToken(bob);
  const { readEnd } = await open("server-sent events", { token });
  await remove();
  expect(await readEnd()).toEqual(["FORBIDDEN", "complete"]);
});

it.each([
  ["WebSocket", [4401]],
  ["server-sent events", ["UNAUTHENTICATED", "complete"]],
] as const)("E2 a revoked token and an ended session over %s: %j", async (transport, end) => {
  const { id, token } = await createToken(bob);
  const byToken = await open(transport, { token });
  const bySession = await open(transport, cookieOf(bob));
  await bob.query("mutation ($id: ID!) { revokeApiToken(id: $id) { id } }", { id });
  expect(await byToken.readEnd()).toEqual(end);
  await fetch(`${gatehouse.url}/api/auth/sign-out`, {
    method: "POST",
    headers: { cookie: bob.cookie, "content-type": "application/json" },
    body: "{}",
  });
  expect(await bySession.readEnd()).toEqual(end);
});

it.each([
  ["WebSocket", [4401]],
  ["server-sent events", ["UNAUTHENTICATED", "complete"]],
] as const)("E2 a token that runs out over %s, by the clock alone: %j", async (transport, end) => {
  const expiresAt = new Date(Date.now() + 3_000).toISOString();
  const { token } = await createToken(bob, { expiresAt });
  const { readEnd } = await open(transport, { token });
  expect(await readEnd()).toEqual(end);
  expect(Date.now()).toBeGreaterThanOrEqual(Date.parse(expiresAt));
});

it("costs no statement per subscriber and event", async () => {
  const followers: Awaited<ReturnType<typeof open>>[] = [];
  // Each appends until it is served: more at once would wait for the test's own connections.
  while (followers.length < 50)
    followers.push(
      ...(await Promise.all([bob, owner].map((user) => open("WebSocket", cookieOf(user))))),
    );
  const before = gatehouse.countStatements();
  await append(40);
  await remove();
  await append(1);
  const ends = followers.filter((_, i) => i % 2 === 0).map(({ readEnd }) => readEnd());
  for (const end of await Promise.all(ends)) expect(end).toEqual(["FORBIDDEN", "complete"]);
  // Two thousand deliveries; regular tasks and the removal itself are among these.
  expect(gatehouse.countStatements() - before).toBeLessThan(400);
  for (const { leave } of followers) leave();
});

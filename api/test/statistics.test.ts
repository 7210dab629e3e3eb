import { type Database, openDatabase } from "@gatehouse/prisma";
import { v7 as uuidv7 } from "uuid";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createAccess } from "#services/access/access.ts";
import { createStatistics, type RunStatistics } from "#services/operations/statistics.ts";
import { connect, createServer, executeTool, rowIdOf, type TestUser } from "./support/client.ts";
import { createTestDatabase } from "./support/database.ts";
import { startGatehouse, type TestGatehouse } from "./support/gatehouse.ts";
import { countPages } from "./support/pages-read.ts";

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;

describe("what is told of runs and tokens", () => {
  const resources = new AsyncDisposableStack();
  let db: Database;
  const to = new Date(Math.floor(Date.now() / 1_000) * 1_000);
  const ago = (ms: number) => new Date(to.getTime() - ms);

  beforeAll(async () => {
    const database = resources.use(await createTestDatabase());
    const options = encodeURIComponent("-c max_parallel_workers_per_gather=0");
    db = openDatabase(`${database.url}?options=${options}`, 1);
    resources.defer(() => db.$disconnect());
  });
  afterAll(() => resources.disposeAsync());

  async function seed(count: number, overMs: number) {
    const [ada, bob] = await Promise.all(
      ["Ada", "Bob"].map((name) =>
        db.user.create({ data: { name, email: `${uuidv7()}@example.com` } }),
      ),
    );
    if (!ada || !bob) throw new Error("nobody is there");
    const { id: workspaceId } = await db.workspace.create({
      data: {
        slug: uuidv7(),
        name: "W",
        eventSeq: count,
        memberships: {
          create: [
            { userId: ada.id, role: "ADMIN" },
            { userId: bob.id, role: "MEMBER" },
          ],
        },
      },
    });
    const serverIds = [uuidv7(), uuidv7(), uuidv7()];
    for (const id of serverIds)
      await db.mcpServer.create({ data: { id, workspaceId, name: "S", url: "http://s.example" } });
    await db.$executeRaw`
      INSERT INTO "ToolExecution" ("id", "toolName", "status", "ownerId", "startedById", "workspaceId", "serverId", "startedAt", "finishedAt")
      SELECT uuidv7(), 'tool', status, ${workspaceId}::uuid, (CASE WHEN i % 3 = 0 THEN ${bob.id} ELSE ${ada.id} END)::uuid,
        ${workspaceId}::uuid, (${serverIds}::uuid[])[1 + i % 4], started,
        CASE WHEN status <> 'RUNNING' THEN started + make_interval(secs => ((i * 7919) % 5000) / 1000.0) END
      FROM (SELECT i, ${to}::timestamptz - make_interval(secs => (${overMs}::float8 / 1000) * i / ${count}::int) AS started,
        (ARRAY['SUCCEEDED', 'SUCCEEDED', 'SUCCEEDED', 'FAILED', 'CANCELLED', 'TIMED_OUT', 'RUNNING', 'REAUTH_REQUIRED',
          'INTERRUPTED', 'SUCCEEDED', 'WAITING_FOR_INPUT'])[1 + i % 11]::"ToolExecutionStatus" AS status
        FROM generate_series(1, ${count}::int) i) r`;
    await db.$executeRaw`
      INSERT INTO "WorkspaceEvent" ("workspaceId", "seq", "id", "type", "occurredAt", "serverId", "userId", "payload")
      SELECT ${workspaceId}::uuid, i, uuidv7(),
        (CASE WHEN i % 10 = 0 THEN 'TOKEN_REFRESHED' WHEN i % 50 = 1 THEN 'REAUTH_REQUIRED' ELSE 'TOOL_EXECUTED' END)::"WorkspaceEventType",
        ${ago(overMs)}::timestamptz + make_interval(secs => (${overMs}::float8 / 1000) * (i - 1) / ${count}::int),
        ${serverIds[0]}::uuid, CASE WHEN i % 4 = 0 THEN ${ada.id}::uuid WHEN i % 4 = 1 THEN ${bob.id}::uuid END,
        jsonb_build_object('reason', (ARRAY['GRANT_INVALID', 'INSUFFICIENT_SCOPE', 'CLIENT_INVALID'])[1 + i % 3])
      FROM generate_series(1, ${count}::int) i`;
    await db.$executeRaw`VACUUM ANALYZE "ToolExecution"`;
    await db.$executeRaw`VACUUM ANALYZE "WorkspaceEvent"`;
    return { workspaceId, adaId: ada.id, bobId: bob.id };
  }

  const statistics = () => createStatistics({ db, access: createAccess(db) });

  it.each([
    ["an admin, all", "adaId", 30 * dayMs],
    ["a member, their own", "bobId", 7 * dayMs],
    ["an admin, a day", "adaId", dayMs],
  ] as const)("the numbers are those of a plain computation: %s", async (_who, who, rangeMs) => {
    const seeded = await seed(2_000, 31 * dayMs);
    const from = ago(rangeMs);
    const told = await statistics().read({ userId: seeded[who] }, seeded.workspaceId, from, to);
    const inRange = { gte: from, lt: to };
    const { workspaceId } = seeded;
    const rows = await db.toolExecution.findMany({
      where: {
        workspaceId,
        startedAt: inRange,
        ...(who === "bobId" ? { startedById: seeded.bobId } : {}),
      },
    });
    expect(rows.length).toBeGreaterThan(10);
    expect(round(told.total)).toEqual(compute(rows));
    const serverIds = [...new Set(rows.map(({ serverId }) => serverId))];
    expect(serverIds).toHaveLength(4);
    const byServer = serverIds.map((serverId) => [
      serverId,
      compute(rows.filter((row) => row.serverId === serverId)),
    ]);
    expect(new Map(told.servers.map(({ serverId, ...runs }) => [serverId, round(runs)]))).toEqual(
      new Map(byServer as [string | null, RunStatistics][]),
    );
    const runs = told.servers.map((server) => server.runs);
    expect(runs).toEqual(runs.toSorted((one, other) => other - one));

    const bucketMs = told.bucketSeconds * 1_000;
    expect(told.buckets.length).toBe(Math.ceil(rangeMs / bucketMs));
    expect(told.buckets.length).toBeLessThanOrEqual(60);
    const events = await db.workspaceEvent.findMany({
      where: {
        workspaceId,
        occurredAt: inRange,
        ...(who === "bobId" ? { OR: [{ userId: null }, { userId: seeded.bobId }] } : {}),
      },
    });
    for (const [
      index,
      { startsAt, refreshed, refused, reauthRequired, ...bucket },
    ] of told.buckets.entries()) {
      expect(startsAt.getTime()).toBe(from.getTime() + index * bucketMs);
      const isIn = (at: Date) => at >= startsAt && at.getTime() < startsAt.getTime() + bucketMs;
      expect(round(bucket)).toEqual(compute(rows.filter((row) => isIn(row.startedAt))));
      expect({ refreshed, refused, reauthRequired }).toEqual(
        computeTokens(events.filter((event) => isIn(event.occurredAt))),
      );
    }
    expect(told.tokens).toEqual(computeTokens(events));
    expect(told.tokens.refreshed).toBeGreaterThan(0);
    expect(told.tokens.reauthRequired).toBeGreaterThan(told.tokens.refused);
  });

  it("costs as much as the range holds, however much there is beside it", async () => {
    const few = await seed(2_000, dayMs);
    const many = await seed(60_000, 30 * dayMs);
    const read = ({ workspaceId, adaId }: typeof few, rangeMs: number) =>
      countPages(db, () => statistics().read({ userId: adaId }, workspaceId, ago(rangeMs), to));
    const inFew = await read(few, dayMs);
    expect(inFew).toBeGreaterThan(0);
    expect(await read(many, dayMs)).toBeLessThan(inFew * 2 + 50);
    expect(await read(many, 10 * dayMs)).toBeGreaterThan(inFew * 4);
  });

  it("is refused for what is no range, and for strangers", async () => {
    const { workspaceId, adaId } = await seed(10, hourMs);
    const read = (userId: string, from: Date) =>
      statistics().read({ userId }, workspaceId, from, to);
    await expect(read(adaId, to)).rejects.toMatchObject({ code: "BAD_USER_INPUT" });
    await expect(read(adaId, ago(90 * dayMs + 1))).rejects.toMatchObject({
      code: "BAD_USER_INPUT",
    });
    await expect(read(uuidv7(), ago(hourMs))).rejects.toMatchObject({ code: "NOT_FOUND" });
    expect((await read(adaId, ago(90 * dayMs))).buckets).toHaveLength(45);
    expect((await read(adaId, ago(hourMs))).bucketSeconds).toBe(60);
  });
});

type Row = { status: string; startedAt: Date; finishedAt: Date | null };

function compute(rows: readonly Row[]): RunStatistics {
  const failed = rows.filter(({ status }) =>
    ["FAILED", "TIMED_OUT", "REAUTH_REQUIRED", "INTERRUPTED"].includes(status),
  ).length;
  const ended = rows.filter(
    ({ status }) => !["RUNNING", "WAITING_FOR_INPUT", "CANCELLED"].includes(status),
  ).length;
  const times = rows
    .filter(({ status }) => ["SUCCEEDED", "FAILED", "TIMED_OUT"].includes(status))
    .map(({ startedAt, finishedAt }) => Number(finishedAt) - Number(startedAt))
    .toSorted((one, other) => one - other);
  return round({
    runs: rows.length,
    failed,
    errorRate: ended === 0 ? null : failed / ended,
    p50Ms: interpolate(times, 0.5),
    p95Ms: interpolate(times, 0.95),
  });
}

/** Between the two nearest, as the SQL standard has percentile_cont. */
function interpolate(sorted: readonly number[], share: number): number | null {
  if (sorted.length === 0) return null;
  const place = share * (sorted.length - 1);
  const [low = 0, high = 0] = [sorted[Math.floor(place)], sorted[Math.ceil(place)]];
  return low + (high - low) * (place - Math.floor(place));
}

function computeTokens(events: readonly { type: string; payload: unknown }[]) {
  const asked = events.filter(({ type }) => type === "REAUTH_REQUIRED");
  return {
    refreshed: events.filter(({ type }) => type === "TOKEN_REFRESHED").length,
    refused: asked.filter(
      ({ payload }) => (payload as { reason: string }).reason !== "INSUFFICIENT_SCOPE",
    ).length,
    reauthRequired: asked.length,
  };
}

/** Sums of fractions differ in the last digits. */
function round<Numbers extends object>(numbers: Numbers): Numbers {
  return Object.fromEntries(
    Object.entries(numbers).map(([name, value]) => [
      name,
      typeof value === "number" ? Math.round(value * 1e6) / 1e6 : value,
    ]),
  ) as Numbers;
}

describe("over GraphQL", () => {
  let gatehouse: TestGatehouse;
  let ada: TestUser;
  let bob: TestUser;
  beforeAll(async () => {
    gatehouse = await startGatehouse({ countsStatements: true });
    [ada, bob] = [await gatehouse.signUp("ada"), await gatehouse.signUp("bob")];
    const { id: userId } = await gatehouse.db.user.findUniqueOrThrow({
      where: { email: bob.email.toLowerCase() },
    });
    await gatehouse.db.membership.create({
      data: { workspaceId: rowIdOf(ada.workspaceId), userId, role: "MEMBER" },
    });
    bob.workspaceId = ada.workspaceId;
  });
  afterAll(() => gatehouse[Symbol.asyncDispose]());

  const statisticsQuery = `query ($id: ID!, $from: DateTime!, $to: DateTime!) { node(id: $id) { ... on Workspace {
    statistics(from: $from, to: $to) { bucketSeconds total { runs failed errorRate p50Ms p95Ms } tokens { refreshed refused reauthRequired }
      servers { serverId server { name } runs { runs } } buckets { startsAt runs { runs } tokens { refreshed } } } } } }`;
  const needsQuery = `query ($id: ID!, $first: Int, $after: String) { node(id: $id) { ... on Workspace {
    accountNeeds(first: $first, after: $after) { totalCount pageInfo { hasNextPage endCursor }
      nodes { server { id name } user { name } isMine state reason since forecast { at reason } } } } } }`;

  it("an admin sees everybody's runs, a member their own, and the number of servers costs no statement", async () => {
    const id = await createServer(ada, gatehouse.sandbox.notesUrl, { authType: "OAUTH" });
    for (const person of [ada, bob]) {
      await connect(person, id);
      expect(await executeTool(person, id, "list_notes")).toMatchObject({
        __typename: "ToolExecuted",
      });
    }
    const range = () => ({
      from: new Date(Date.now() - hourMs).toISOString(),
      to: new Date(Date.now() + 60_000).toISOString(),
    });
    const read = async (user: TestUser) =>
      (await user.query(statisticsQuery, { id: ada.workspaceId, ...range() })).node.statistics;
    await expect.poll(async () => (await read(ada)).total.runs).toBe(2);
    expect((await read(bob)).total.runs).toBe(1);
    expect((await read(ada)).servers).toEqual([
      { serverId: id, server: { name: "Server" }, runs: { runs: 2 } },
    ]);
    const outsider = await gatehouse.signUp("eve");
    const { node } = await outsider.query(statisticsQuery, { id: ada.workspaceId, ...range() });
    expect(node).toBeNull();

    const least = async () => {
      const costs: number[] = [];
      for (let i = 0; i < 4; i += 1) {
        const before = gatehouse.countStatements();
        await read(ada);
        costs.push(gatehouse.countStatements() - before);
      }
      return Math.min(...costs);
    };
    const few = await least();
    const workspaceId = rowIdOf(ada.workspaceId);
    const { startedById } = await gatehouse.db.toolExecution.findFirstOrThrow();
    for (let i = 0; i < 20; i += 1) {
      const server = await gatehouse.db.mcpServer.create({
        data: { workspaceId, name: `S${i}`, url: "http://s.example" },
      });
      await gatehouse.db.toolExecution.create({
        data: {
          toolName: "t",
          status: "SUCCEEDED",
          ownerId: workspaceId,
          startedById,
          workspaceId,
          serverId: server.id,
        },
      });
    }
    expect((await read(ada)).servers).toHaveLength(21);
    expect(await least()).toBeLessThanOrEqual(few + 1);
  });

  it("tells whose accounts need a person, since when, and which will soon; a member sees their own", async () => {
    const { db } = gatehouse;
    const id = await createServer(ada, gatehouse.sandbox.notesUrl, {
      authType: "OAUTH",
      name: "Notes",
    });
    for (const person of [ada, bob]) await connect(person, id);
    const serverId = rowIdOf(id);
    const idOf = async (name: string) => (await db.user.findFirstOrThrow({ where: { name } })).id;
    await db.oAuthGrant.updateMany({
      where: { serverId, ownerId: await idOf("ada") },
      data: { refreshToken: null, accessTokenExpiresAt: new Date(Date.now() + dayMs) },
    });
    const before = Date.now();
    const bobId = await idOf("bob");
    await db.$transaction(async (tx) => {
      const grant = await tx.oAuthGrant.findFirstOrThrow({
        where: { serverId, ownerId: bobId },
      });
      await tx.oAuthGrant.update({
        where: { id: grant.id },
        data: { state: "REAUTH_REQUIRED", reason: "GRANT_INVALID" },
      });
      const { eventSeq: seq, id: workspaceId } = await tx.workspace.update({
        where: { id: rowIdOf(ada.workspaceId) },
        data: { eventSeq: { increment: 1 } },
      });
      await tx.workspaceEvent.create({
        data: {
          workspaceId,
          seq,
          serverId,
          userId: grant.ownerId,
          type: "REAUTH_REQUIRED",
          payload: {
            previousState: "CONNECTED",
            state: "REAUTH_REQUIRED",
            reason: "GRANT_INVALID",
          },
        },
      });
    });
    const read = async (user: TestUser, page = {}) =>
      (await user.query(needsQuery, { id: ada.workspaceId, ...page })).node.accountNeeds;
    const seen = await read(ada);
    expect(seen).toMatchObject({
      totalCount: 2,
      nodes: [
        {
          server: { name: "Notes" },
          user: { name: "bob" },
          isMine: false,
          state: "REAUTH_REQUIRED",
          reason: "GRANT_INVALID",
          forecast: null,
        },
        {
          server: { name: "Notes" },
          user: { name: "ada" },
          isMine: true,
          state: "CONNECTED",
          since: null,
          forecast: { reason: "NO_REFRESH_TOKEN" },
        },
      ],
    });
    expect(Math.abs(Date.parse(seen.nodes[0].since) - before)).toBeLessThan(600_000);
    expect((await read(bob)).nodes).toMatchObject([{ isMine: true, state: "REAUTH_REQUIRED" }]);
    const first = await read(ada, { first: 1 });
    expect(first.pageInfo.hasNextPage).toBe(true);
    const second = await read(ada, { first: 1, after: first.pageInfo.endCursor });
    expect(second).toMatchObject({ totalCount: 2, pageInfo: { hasNextPage: false } });
    expect([...first.nodes, ...second.nodes]).toEqual(seen.nodes);
    const { errors } = await ada.graphql(needsQuery, { id: ada.workspaceId, after: "nonsense" });
    expect(errors?.[0]?.extensions["code"]).toBe("BAD_USER_INPUT");

    await db.mcpServer.update({ where: { id: serverId }, data: { enabled: false } });
    expect(await read(ada)).toMatchObject({ totalCount: 0, nodes: [] });
  });
});

import { openDatabase } from "@gatehouse/prisma";
import { expect, it } from "vitest";
import { cleanUp } from "#services/operations/housekeeping.ts";
import { connect, createServer, executeTool, startOAuth, rowIdOf } from "./support/client.ts";
import { createTestDatabase } from "./support/database.ts";
import { startGatehouse } from "./support/gatehouse.ts";
import { seedLog } from "./support/seed-log.ts";

it("erases what has served its time and leaves the rest", async () => {
  await using gatehouse = await startGatehouse();
  const ada = await gatehouse.signUp("Ada");
  const id = await createServer(ada, gatehouse.sandbox.notesUrl);
  await connect(ada, id);
  const kept = (await executeTool(ada, id, "list_notes")).execution.id;
  const old = (await executeTool(ada, id, "list_notes")).execution.id;
  await startOAuth(ada, id, { force: true });
  // History is written behind the answers.
  await expect.poll(() => gatehouse.db.toolExecution.count(), { timeout: 20_000 }).toBe(2);
  const past = new Date(Date.now() - 60_000);
  await gatehouse.db.toolExecution.update({
    where: { id: rowIdOf(old) },
    data: { contentExpiresAt: past },
  });
  await gatehouse.db.oAuthFlow.updateMany({
    where: { status: "PENDING" },
    data: { expiresAt: past },
  });

  await cleanUp(gatehouse.db, { eventRetentionDays: 90 });

  expect(
    await gatehouse.db.toolExecution.findUnique({ where: { id: rowIdOf(old) } }),
  ).toMatchObject({
    status: "SUCCEEDED",
    arguments: null,
    result: null,
  });
  expect(
    (await gatehouse.db.toolExecution.findUnique({ where: { id: rowIdOf(kept) } }))?.result,
  ).not.toBeNull();
  const flows = await gatehouse.db.oAuthFlow.findMany({
    select: { status: true, codeVerifier: true },
  });
  expect(flows.map(({ status }) => status).toSorted()).toEqual(["EXPIRED", "SUCCEEDED"]);
  expect(flows.every(({ codeVerifier }) => codeVerifier === null)).toBe(true);
});

it("what tools were given and gave back is kept for a day, that they ran for ninety, and keys for a day; however many there are", async () => {
  await using gatehouse = await startGatehouse();
  const { db } = gatehouse;
  const ada = await gatehouse.signUp("Ada");
  const workspaceId = rowIdOf(ada.workspaceId);
  /** So many runs that began so long ago. */
  const seed = (count: number, hours: number) => db.$executeRaw`
    INSERT INTO "ToolExecution" ("id", "toolName", "status", "ownerId", "startedById", "workspaceId", "arguments", "result", "progress",
      "startedAt", "contentExpiresAt")
    SELECT uuidv7(), ${`${hours}`}, 'SUCCEEDED', ${workspaceId}::uuid, ${workspaceId}::uuid, ${workspaceId}::uuid, 'a', 'r', 'p',
      clock_timestamp() - make_interval(hours => ${hours}::int), clock_timestamp() - make_interval(hours => ${hours}::int - 24)
    FROM generate_series(1, ${count}::int)`;
  for (const [count, hours] of [
    [2_300, 25],
    [2, 23],
    [2_300, 90 * 24 + 1],
    [2, 90 * 24 - 1],
  ] as const)
    await seed(count, hours);
  await db.$executeRaw`
    INSERT INTO "IdempotencyKey" ("callerId", "keyHash", "requestHash", "executionId", "expiresAt")
    SELECT uuidv7(), 'k', 'r', uuidv7(), clock_timestamp() + make_interval(secs => CASE WHEN i <= 1100 THEN -1 ELSE 60 END)
    FROM generate_series(1, 1103) i`;

  await cleanUp(db, { eventRetentionDays: 90 });

  expect(
    await db.$queryRaw`
      SELECT "toolName" AS "hours", count(*)::int AS "count", bool_or("arguments" IS NOT NULL) AS "arguments",
        bool_or("result" IS NOT NULL) AS "result", bool_or("progress" IS NOT NULL) AS "progress"
      FROM "ToolExecution" GROUP BY 1 ORDER BY length("toolName"), "toolName"`,
  ).toEqual([
    { hours: "23", count: 2, arguments: true, result: true, progress: true },
    { hours: "25", count: 2_300, arguments: false, result: false, progress: false },
    { hours: "2159", count: 2, arguments: false, result: false, progress: false },
  ]);
  expect(await db.idempotencyKey.count()).toBe(3);
});

it("keeps the log for its days, and refuses a cursor from before with the oldest that there is", async () => {
  await using gatehouse = await startGatehouse();
  const ada = await gatehouse.signUp("Ada");
  const workspaceId = rowIdOf(ada.workspaceId);
  const readCursor = async () => {
    const { node } = await ada.query(
      "query ($id: ID!) { node(id: $id) { ... on Workspace { eventCursor } } }",
      { id: ada.workspaceId },
    );
    return node.eventCursor as string;
  };
  const resume = async (after: string) => {
    await using updates = ada.subscribe(
      "subscription ($id: ID!, $after: String) { authStateChanged(workspaceId: $id, after: $after) { state } }",
      { id: ada.workspaceId, after },
    );
    return (await updates.next()).value;
  };
  const id = await createServer(ada, gatehouse.sandbox.notesUrl);
  const beginning = await readCursor();
  await connect(ada, id);
  await gatehouse.db.workspaceEvent.updateMany({
    where: { workspaceId },
    data: { occurredAt: new Date(Date.now() - 8 * 24 * 3_600_000) },
  });
  await connect(ada, id);
  const before = await gatehouse.db.workspaceEvent.count({ where: { workspaceId } });
  await cleanUp(gatehouse.db, { eventRetentionDays: 9 });
  expect(await gatehouse.db.workspaceEvent.count({ where: { workspaceId } })).toBe(before);
  await cleanUp(gatehouse.db, { eventRetentionDays: 7 });
  expect(await gatehouse.db.workspaceEvent.count({ where: { workspaceId } })).toBeLessThan(before);
  const refused = await resume(beginning);
  const { code, oldestCursor } = refused.errors[0].extensions;
  expect(code).toBe("CURSOR_INVALID");
  expect((await resume(oldestCursor)).data.authStateChanged.state).toBe("CONNECTED");
});

it("E1 a long log loses its old part alone, and has no hole afterwards", async () => {
  await using database = await createTestDatabase();
  const db = openDatabase(database.url, 2);
  // From eighty days ago to twenty, and a clock that was set back in between.
  const { workspaceId } = await seedLog(db, 12_000);
  await db.$executeRaw`
    UPDATE "WorkspaceEvent" SET "occurredAt" = clock_timestamp() - interval '80 days' WHERE "seq" = 9000`;
  await Promise.all([
    cleanUp(db, { eventRetentionDays: 50 }),
    cleanUp(db, { eventRetentionDays: 50 }),
  ]);
  const rows = await db.workspaceEvent.findMany({
    where: { workspaceId },
    orderBy: { seq: "asc" },
    select: { seq: true },
  });
  const first = Number(rows[0]?.seq);
  expect(first).toBeGreaterThan(5_990);
  expect(first).toBeLessThan(6_010);
  expect(rows.map(({ seq }) => Number(seq))).toEqual(rows.map((_, i) => first + i));
  expect(rows.at(-1)?.seq).toBe(12_000n);
  await db.$disconnect();
});

import pg from "pg";
import { afterAll, beforeAll, expect, inject, it } from "vitest";
import { openDatabase } from "@gatehouse/prisma";
import { appendForAll } from "./support/append.ts";
import { rowIdOf, type TestUser } from "./support/client.ts";
import { follow, type Result } from "./support/follower.ts";
import { startGatehouse, type TestGatehouse } from "./support/gatehouse.ts";

let gatehouse: TestGatehouse;
let ada: TestUser;
let workspaceId: string;

beforeAll(async () => {
  gatehouse = await startGatehouse();
  ada = await gatehouse.signUp();
  workspaceId = rowIdOf(ada.workspaceId);
});
afterAll(() => gatehouse[Symbol.asyncDispose]());

/** Past Gatehouse, on a connection of its own: it may be another database each time. */
async function append(count: number): Promise<void> {
  const db = openDatabase(gatehouse.databaseUrl, 1);
  await appendForAll(db, workspaceId, count);
  await db.$disconnect();
}

const readCursor = async (): Promise<string> => {
  const { node } = await ada.query(
    "query ($id: ID!) { node(id: $id) { ... on Workspace { eventCursor } } }",
    { id: ada.workspaceId },
  );
  return node.eventCursor;
};

const open = (after: string) =>
  follow("WebSocket", {
    url: gatehouse.url,
    credential: { cookie: ada.cookie, origin: gatehouse.url },
    query: `subscription ($id: ID!, $after: String) { workspaceEvents(workspaceId: $id, after: $after) { cursor } }`,
    variables: { id: ada.workspaceId, after },
    signal: new AbortController().signal,
  });

async function take(results: AsyncGenerator<Result, void>, count: number): Promise<string[]> {
  const cursors: string[] = [];
  while (cursors.length < count) {
    const { value } = await results.next();
    cursors.push(value?.data?.workspaceEvents.cursor);
  }
  return cursors;
}

/** What comes until the end, but for the events. */
async function readErrors(results: AsyncGenerator<Result, void>) {
  const errors = [];
  for await (const result of results) errors.push(...(result.errors ?? []));
  return errors.map(({ extensions: { requestId: _requestId, ...extensions } }) => extensions);
}

type Errors = Awaited<ReturnType<typeof readErrors>>;

async function expectNewLog(errors: Errors, lastSeen: string) {
  expect(errors).toEqual([{ code: "CURSOR_INVALID", oldestCursor: expect.any(String) }]);
  // Nobody can go on from before, and everybody from the beginning.
  expect(await readErrors(open(lastSeen))).toMatchObject([{ code: "CURSOR_INVALID" }]);
  const anew = open(String(errors[0]?.["oldestCursor"]));
  await take(anew, 1);
  await anew.return();
}

it("E1 a back-up restored under a running process ends the streams with CURSOR_INVALID, without a silent gap", async () => {
  const name = new URL(gatehouse.databaseUrl).pathname.slice(1);
  const server = new pg.Client({ connectionString: inject("postgresUrl") });
  await server.connect();
  const lock = async (database: string) => {
    await server.query(`ALTER DATABASE ${database} ALLOW_CONNECTIONS false`);
    await server.query(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1",
      [database],
    );
  };
  const unlock = (database: string) =>
    server.query(`ALTER DATABASE ${database} ALLOW_CONNECTIONS true`);

  const results = open(await readCursor());
  const before = take(results, 3);
  await append(3);
  await before;

  await lock(name);
  await server.query(`CREATE DATABASE ${name}_backup TEMPLATE ${name}`);
  await unlock(name);
  // A database that was away for a moment is no reason to end anything.
  await append(2);
  const [, lastSeen] = await take(results, 2);

  await lock(name);
  await lock(`${name}_backup`);
  await server.query(`ALTER DATABASE ${name} RENAME TO ${name}_lost`);
  await server.query(`ALTER DATABASE ${name}_backup RENAME TO ${name}`);
  await unlock(name);
  // More than were lost: the log is longer than the subscribers remember.
  await append(4);
  await expectNewLog(await readErrors(results), lastSeen ?? "");
  await server.query(`DROP DATABASE ${name}_lost`);
  await server.end();
});

it("E1 events that disappeared from a log end its streams with CURSOR_INVALID, and the cursors of before", async () => {
  const results = open(await readCursor());
  const before = take(results, 5);
  await append(5);
  const lastSeen = (await before).at(-1) ?? "";
  const countWarnings = () => gatehouse.log.filter((line) => line.includes("was restored")).length;
  const warnings = countWarnings();
  await gatehouse.db.$transaction([
    gatehouse.db.$executeRaw`
      DELETE FROM "WorkspaceEvent" e USING "Workspace" w WHERE e."workspaceId" = w."id" AND e."seq" > w."eventSeq" - 2`,
    gatehouse.db
      .$executeRaw`UPDATE "Workspace" SET "eventSeq" = "eventSeq" - 2 WHERE "eventSeq" > 2`,
  ]);
  const errors = readErrors(results);
  await expect.poll(countWarnings, { timeout: 20_000 }).toBeGreaterThan(warnings);
  // Their numbers are given out again.
  await append(5);
  await expectNewLog(await errors, lastSeen);
});

import { execFileSync } from "node:child_process";
import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { appendForAll } from "./support/append.ts";
import { rowIdOf, signUp, type TestUser } from "./support/client.ts";
import { follow, type Result } from "./support/follower.ts";
import { findFreePort } from "./support/free-port.ts";
import { startGatehouse, type TestGatehouse } from "./support/gatehouse.ts";
import { OwnProgram } from "./support/own-program.ts";

let gatehouse: TestGatehouse;
let ada: TestUser;
let workspaceId: string;

beforeAll(async () => {
  gatehouse = await startGatehouse();
});
afterAll(() => gatehouse[Symbol.asyncDispose]());
beforeEach(async () => {
  ada = await gatehouse.signUp();
  workspaceId = rowIdOf(ada.workspaceId);
});

const append = (count: number) => appendForAll(gatehouse.db, workspaceId, count);

async function readCursor(user: TestUser): Promise<string> {
  const { node } = await user.query(
    "query ($id: ID!) { node(id: $id) { ... on Workspace { eventCursor } } }",
    { id: user.workspaceId },
  );
  return node.eventCursor;
}

function open(user: TestUser, after: string) {
  return follow("WebSocket", {
    url: user.url,
    credential: { cookie: user.cookie, origin: user.url },
    query: `subscription ($id: ID!, $after: String) { workspaceEvents(workspaceId: $id, after: $after) { id cursor } }`,
    variables: { id: user.workspaceId, after },
    signal: new AbortController().signal,
  });
}

async function take(results: AsyncGenerator<Result, void>, count: number) {
  const events: { id: string; cursor: string }[] = [];
  while (events.length < count) {
    const { value } = await results.next();
    events.push(value?.data?.workspaceEvents);
  }
  return events;
}

/** The code of the error with which a subscription ends, after any events. */
async function readEnd(results: AsyncGenerator<Result, void>): Promise<unknown> {
  for await (const { errors } of results) if (errors) return errors[0]?.extensions["code"];
  return "complete";
}

/** What the list says to a cursor. */
async function list(user: TestUser, args: object): Promise<unknown> {
  const { data, errors } = await user.graphql(
    `query ($id: ID!, $first: Int, $after: String, $last: Int, $before: String) {
      node(id: $id) { ... on Workspace { events(first: $first, after: $after, last: $last, before: $before) { edges { node { id } } } } }
    }`,
    { id: user.workspaceId, ...args },
  );
  return errors?.[0]?.extensions["code"] ?? data.node.events.edges.length;
}

async function expectRefused(user: TestUser, cursor: string): Promise<void> {
  expect(await readEnd(open(user, cursor))).toBe("CURSOR_INVALID");
  expect(await list(user, { first: 1, after: cursor })).toBe("CURSOR_INVALID");
  expect(await list(user, { last: 1, before: cursor })).toBe("CURSOR_INVALID");
}

/** What `pg_restore --clean` does to the two tables that matter, with a dump made earlier: the same database, the same cluster. */
async function restoreInPlace(change: () => Promise<void>): Promise<void> {
  const { db } = gatehouse;
  await db.$executeRaw`CREATE TABLE dumped_event AS SELECT * FROM "WorkspaceEvent" WHERE "workspaceId" = ${workspaceId}::uuid`;
  await db.$executeRaw`CREATE TABLE dumped_workspace AS SELECT * FROM "Workspace" WHERE "id" = ${workspaceId}::uuid`;
  await change();
  await db.$transaction([
    db.$executeRaw`DELETE FROM "WorkspaceEvent" WHERE "workspaceId" = ${workspaceId}::uuid`,
    db.$executeRaw`
      UPDATE "Workspace" w SET "eventSeq" = d."eventSeq", "eventEpoch" = d."eventEpoch" FROM dumped_workspace d WHERE d."id" = w."id"`,
    db.$executeRaw`INSERT INTO "WorkspaceEvent" SELECT * FROM dumped_event`,
  ]);
  await db.$executeRaw`DROP TABLE dumped_event, dumped_workspace`;
}

/** The newest events disappear, and their numbers are given out again. */
async function rewindCounter(change: () => Promise<void>): Promise<void> {
  const { db } = gatehouse;
  const { eventSeq } = await db.workspace.findUniqueOrThrow({ where: { id: workspaceId } });
  await change();
  await db.$transaction([
    db.workspaceEvent.deleteMany({ where: { workspaceId, seq: { gt: eventSeq } } }),
    db.workspace.update({ where: { id: workspaceId }, data: { eventSeq } }),
  ]);
}

const rewritings = { "restored in place": restoreInPlace, "rewound counter": rewindCounter };

describe.each(Object.entries(rewritings))("%s", (_name, rewrite) => {
  // As many as were lost, fewer, and more: the log ends at the cursor, before it, and after it.
  it.each([4, 2, 9])(
    "E10 a cursor from before is CURSOR_INVALID once %d events have taken the place of 4",
    async (count) => {
      await append(3);
      const kept = await readCursor(ada);
      let lost = "";
      await rewrite(async () => {
        await append(4);
        lost = await readCursor(ada);
      });
      await append(count);
      await expectRefused(ada, lost);
      // A cursor of a part that was not rewritten is as good as ever, and skips nothing.
      const rest = await take(open(ada, kept), count);
      const stored = await gatehouse.db.workspaceEvent.findMany({
        where: { workspaceId },
        orderBy: { seq: "desc" },
        take: count,
      });
      expect(rest.map(({ id }) => id)).toEqual(stored.map(({ id }) => id).reverse());
      expect(rest.at(-1)?.cursor).toBe(await readCursor(ada));
    },
  );

  it("E10 a stream that is open ends with CURSOR_INVALID, although the log is as long as before", async () => {
    const results = open(ada, await readCursor(ada));
    const first = take(results, 4);
    await append(2);
    await rewrite(async () => {
      await append(2);
      await first;
    });
    await append(2);
    expect(await readEnd(results)).toBe("CURSOR_INVALID");
  });
});

it("E10 the cursor of an empty log, and of one whose events are deleted, resumes without a gap", async () => {
  const { db } = gatehouse;
  const { id } = await db.workspace.create({ data: { name: "Empty", slug: workspaceId } });
  const { id: userId } = await db.user.findUniqueOrThrow({ where: { email: ada.email } });
  await db.membership.create({ data: { workspaceId: id, userId, role: "OWNER" } });
  const user = { ...ada, workspaceId: Buffer.from(`Workspace:${id}`).toString("base64url") };
  const empty = await readCursor(user);
  await appendForAll(db, id, 3);
  expect(await take(open(user, empty), 3)).toHaveLength(3);
  // The retention has passed for all of them.
  const atEnd = await readCursor(user);
  await db.workspaceEvent.deleteMany({ where: { workspaceId: id } });
  const afterDeletion = await readCursor(user);
  await appendForAll(db, id, 2);
  for (const cursor of [atEnd, afterDeletion])
    expect(await take(open(user, cursor), 2)).toHaveLength(2);
  expect(await readEnd(open(user, empty))).toBe("CURSOR_INVALID");
});

it("E10 a cursor of the earlier format is CURSOR_INVALID: nothing in it tells a rewritten log", async () => {
  await append(2);
  const { eventEpoch, eventSeq } = await gatehouse.db.workspace.findUniqueOrThrow({
    where: { id: workspaceId },
  });
  const earlier = Buffer.from(`${eventEpoch}:${eventSeq}`).toString("base64url");
  await expectRefused(ada, earlier);
});

it(
  "E10 a data directory that was copied earlier and put back: cursors of what is lost are CURSOR_INVALID",
  { timeout: 120_000 },
  async () => {
    const outer = mkdtempSync(join(tmpdir(), "gatehouse-cold-copy-"));
    // Run by root, PostgreSQL runs as another user, who must get in.
    chmodSync(outer, 0o755);
    const port = String(await findFreePort());
    const folder = join(outer, "data");
    const start = async () => {
      const env = { PORT: port, SANDBOX: "off", DATA_DIR: folder };
      const program = new OwnProgram("api/src/main.ts", [], env);
      await program.says("Gatehouse is ready at ");
      return async () => {
        program.child.kill("SIGTERM");
        expect(await program.ended).toBe(0);
      };
    };
    const createTokens = async (user: TestUser, count: number) => {
      for (let i = 0; i < count; i += 1)
        await user.query(
          `mutation ($id: ID!) { createApiToken(input: { workspaceId: $id, name: "t", scope: READ }) { secret } }`,
          { id: user.workspaceId },
        );
    };
    let stop = await start();
    try {
      const eve = await signUp(`http://localhost:${port}`, "Eve");
      await createTokens(eve, 2);
      const kept = await readCursor(eve);
      await stop();
      execFileSync("cp", ["-a", folder, join(outer, "copy")]);
      stop = await start();
      await createTokens(eve, 3);
      const lost = await readCursor(eve);
      await stop();
      rmSync(folder, { recursive: true });
      execFileSync("cp", ["-a", join(outer, "copy"), folder]);
      stop = await start();
      await createTokens(eve, 5);
      await expectRefused(eve, lost);
      expect(await take(open(eve, kept), 5)).toHaveLength(5);
    } finally {
      await stop();
      rmSync(outer, { recursive: true, force: true });
    }
  },
);

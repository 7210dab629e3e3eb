import { setTimeout as delay } from "node:timers/promises";
import { type Database, openDatabase } from "@gatehouse/prisma";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { exportFormats } from "#http/export-format.ts";
import { streamExport } from "#http/export-stream.ts";
import { rowIdOf, type TestUser } from "./support/client.ts";
import { startGatehouse, type TestGatehouse } from "./support/gatehouse.ts";
import { seedLog, type SeededLog } from "./support/seed-log.ts";

const length = 20_000;
let gatehouse: TestGatehouse;
let ada: TestUser;
let bob: TestUser;
let log: SeededLog;
let workspaceId: string;
const resources = new AsyncDisposableStack();
let db: Database;

const encodeId = (typename: string, id: string) =>
  Buffer.from(`${typename}:${id}`).toString("base64url");

beforeAll(async () => {
  gatehouse = resources.use(await startGatehouse({ countsStatements: true }));
  db = openDatabase(`${gatehouse.databaseUrl}?query_timeout=600000`, 1);
  resources.defer(() => db.$disconnect());
  [ada, bob] = [await gatehouse.signUp("admin"), await gatehouse.signUp("member")];
  log = await seedLog(db, length);
  workspaceId = encodeId("Workspace", log.workspaceId);
  for (const [user, role] of [
    [ada, "ADMIN"],
    [bob, "MEMBER"],
  ] as const) {
    const { id: userId } = await db.user.findUniqueOrThrow({ where: { email: user.email } });
    await gatehouse.db.membership.create({
      data: { workspaceId: log.workspaceId, userId, role },
    });
  }
}, 120_000);
afterAll(() => resources.disposeAsync(), 60_000);

function get(user: Pick<TestUser, "cookie">, path: string, query: Record<string, string> = {}) {
  const search = new URLSearchParams({ workspaceId, ...query });
  return fetch(`${gatehouse.url}/export/${path}?${search}`, { headers: { cookie: user.cookie } });
}

it("is the whole log, newest first, as JSON and as CSV", async () => {
  const events = await db.workspaceEvent.findMany({
    where: { workspaceId: log.workspaceId },
    orderBy: { seq: "desc" },
  });
  const json = await get(ada, "events.json");
  expect(json.headers.get("content-disposition")).toMatch(
    /^attachment; filename="gatehouse-events-[\d-]+\.json"$/,
  );
  expect(json.headers.get("cache-control")).toBe("no-store");
  const rows = (await json.json()) as Record<string, unknown>[];
  expect(rows).toHaveLength(length);
  expect(
    rows.map(({ id, type, occurredAt, serverId }) => [id, type, occurredAt, serverId]),
  ).toEqual(
    events.map(({ id, type, occurredAt, serverId }) => [
      id,
      type,
      occurredAt.toISOString(),
      serverId && encodeId("McpServer", serverId),
    ]),
  );
  const csv = await get(ada, "events.csv");
  expect(csv.headers.get("content-type")).toContain("text/csv");
  const lines = parseCsv(await csv.text());
  const [header = [], ...body] = lines;
  const idAt = header.indexOf("id");
  expect(body.map((fields) => fields[idAt])).toEqual(events.map(({ id }) => id));
  expect(body.every((fields) => fields.length === header.length)).toBe(true);
  expect(JSON.parse(body[0]?.[header.indexOf("details")] ?? "")).toEqual(rows[0]?.["details"]);
});

it("takes the filters of the list, and tells a member what they may see", async () => {
  const read = async (user: TestUser, query: Record<string, string>) =>
    (await (await get(user, "events.json", query)).json()) as Record<string, unknown>[];
  const rare = { serverId: encodeId("McpServer", log.rareServerId) };
  expect(await read(ada, rare)).toHaveLength(2);
  expect(await read(ada, { types: "SERVER_DELETED,MEMBER_CHANGED" })).toHaveLength(2);
  expect(await read(ada, { types: "OAUTH_STATE_CHANGED" })).toHaveLength(length / 10 - 1);
  // Every hundredth event is about the owner's own account.
  expect(await read(bob, {})).toHaveLength(length - length / 100);
  expect(await read(bob, { onlyMine: "true" })).toEqual([]);
});

it("refuses who may not see it and what is no filter, before a byte of a file", async () => {
  const eve = await gatehouse.signUp();
  const statusOf = async (answer: Promise<Response>) => {
    const response = await answer;
    const { error } = (await response.json()) as { error: { code: string } };
    return [response.status, error.code];
  };
  expect(await statusOf(get({ cookie: "" }, "events.csv"))).toEqual([401, "UNAUTHENTICATED"]);
  expect(await statusOf(get(eve, "events.csv"))).toEqual([404, "NOT_FOUND"]);
  expect(await statusOf(get(eve, "runs.json"))).toEqual([404, "NOT_FOUND"]);
  expect(await statusOf(get(ada, "events.csv", { types: "NONSENSE" }))).toEqual([
    400,
    "BAD_USER_INPUT",
  ]);
  expect(await statusOf(get(ada, "events.csv", { nonsense: "1" }))).toEqual([
    400,
    "BAD_USER_INPUT",
  ]);
  expect(await statusOf(get(ada, "events.xml"))).toEqual([404, "NOT_FOUND"]);
  const foreign = fetch(`${gatehouse.url}/export/events.csv?workspaceId=${workspaceId}`, {
    headers: { cookie: ada.cookie, origin: "http://localhost:9999" },
  });
  expect(await statusOf(foreign)).toEqual([403, "FORBIDDEN"]);
});

it("is answered to an API token in its own workspace, and breaks off when the token is revoked", async () => {
  const { createApiToken } = await ada.query(
    `mutation ($input: CreateApiTokenInput!) { createApiToken(input: $input) { secret apiToken { id } } }`,
    { input: { workspaceId, name: "export", scope: "READ" } },
  );
  const headers = { authorization: `Bearer ${createApiToken.secret}` };
  const first = await fetch(`${gatehouse.url}/export/events.json?onlyMine=true`, { headers });
  expect(first.status).toBe(200);
  expect(((await first.json()) as unknown[]).length).toBe(1);

  const second = await fetch(`${gatehouse.url}/export/events.json`, { headers });
  const reader = second.body?.getReader();
  await reader?.read();
  await ada.query("mutation ($id: ID!) { revokeApiToken(id: $id) { id } }", {
    id: createApiToken.apiToken.id,
  });
  await expect(readToEnd(reader)).rejects.toThrow();
  expect((await fetch(`${gatehouse.url}/export/events.json`, { headers })).status).toBe(401);
});

it("E9 breaks off within two seconds when the session ends without a notification", async () => {
  const eve = await gatehouse.signUp("eve");
  const { id: userId } = await db.user.findUniqueOrThrow({ where: { email: eve.email } });
  await gatehouse.db.membership.create({
    data: { workspaceId: log.workspaceId, userId, role: "ADMIN" },
  });
  const response = await get(eve, "events.json");
  const reader = response.body?.getReader();
  await reader?.read();
  await gatehouse.db.session.deleteMany({ where: { userId } });
  // The bound of the requirement. Nothing is read meanwhile, so that the export waits for its client.
  await delay(2_000);
  await expect(readToEnd(reader)).rejects.toThrow();
});

it("breaks off when the member is removed while it runs", async () => {
  const dan = await gatehouse.signUp("dan");
  const { id: userId } = await db.user.findUniqueOrThrow({ where: { email: dan.email } });
  await gatehouse.db.membership.create({
    data: { workspaceId: log.workspaceId, userId, role: "ADMIN" },
  });
  const response = await get(dan, "events.json");
  const reader = response.body?.getReader();
  await reader?.read();
  await gatehouse.db.membership.deleteMany({ where: { workspaceId: log.workspaceId, userId } });
  await expect(readToEnd(reader)).rejects.toThrow();
});

it("reads no further than the client takes it, and stops when the client leaves", async () => {
  const whole = gatehouse.countStatements();
  await (await get(ada, "events.json")).text();
  const costOfAll = gatehouse.countStatements() - whole;

  const leaving = new AbortController();
  const before = gatehouse.countStatements();
  const response = await fetch(
    `${gatehouse.url}/export/events.json?${new URLSearchParams({ workspaceId })}`,
    { headers: { cookie: ada.cookie }, signal: leaving.signal },
  );
  await response.body?.getReader().read();
  leaving.abort();
  // What is under way comes to an end: the count stands still.
  let last = -1;
  await expect
    .poll(
      () => {
        const isStill = gatehouse.countStatements() - last <= 2;
        last = gatehouse.countStatements();
        return isStill;
      },
      { interval: 300, timeout: 20_000 },
    )
    .toBe(true);
  expect(last - before).toBeLessThan(costOfAll / 2);
});

describe("a stream", () => {
  const row = { id: "x".repeat(1_000) };

  function open() {
    let read = 0;
    let over = 0;
    let ended = false;
    async function* turn() {
      try {
        for (; read < 200;) {
          read += 1;
          yield Array.from({ length: 100 }, () => row);
        }
      } finally {
        ended = true;
      }
    }
    const stream = streamExport(
      { columns: ["id"], pages: turn() },
      exportFormats.json,
      () => (over += 1),
    );
    return { ...stream, told: () => ({ read, over, ended }) };
  }

  it("has one page waiting at most, however slow the reader", async () => {
    const { body, told } = open();
    const reader = body.getReader();
    for (let taken = 1; taken <= 50; taken += 1) {
      await reader.read();
      // The reader rests: whatever would be read ahead has every chance to be.
      await new Promise((resolve) => setImmediate(resolve));
      expect(told().read).toBeLessThanOrEqual(taken);
    }
    expect(told().read).toBeGreaterThan(40);
    await reader.cancel();
    await expect.poll(told).toMatchObject({ over: 1, ended: true });
  });

  it("ends once, whole or broken off", async () => {
    const whole = open();
    const text = await new Response(whole.body).text();
    expect(JSON.parse(text)).toHaveLength(20_000);
    expect(whole.told()).toEqual({ read: 200, over: 1, ended: true });
    const broken = open();
    const reader = broken.body.getReader();
    await reader.read();
    broken.abort(new Error("enough"));
    await expect(readToEnd(reader)).rejects.toThrow("enough");
    await expect.poll(broken.told).toMatchObject({ over: 1, ended: true });
    expect(broken.told().read).toBeLessThan(4);
  });
});

it("CSV takes quotes, lines and formulas apart as text", () => {
  const columns = ["a", "b", "c", "d", "e", "f", "g", "h"];
  const values = ['say "hi", twice', "two\r\nlines", "=1+1", "+1", "-1", "@x", -5, null];
  const row = Object.fromEntries(columns.map((name, index) => [name, values[index] ?? null]));
  const { csv } = exportFormats;
  const text =
    csv.begin(columns) + csv.write([row, { a: "\t=x", b: true, c: { d: "=1" } }], columns);
  expect(text).toBe(
    'a,b,c,d,e,f,g,h\r\n"say ""hi"", twice","two\r\nlines",\'=1+1,\'+1,\'-1,\'@x,-5,\r\n' +
      '\'\t=x,true,"{""d"":""=1""}",,,,,\r\n',
  );
  expect(parseCsv(text)[1]).toEqual([
    'say "hi", twice',
    "two\r\nlines",
    ..."'=1+1 '+1 '-1 '@x -5".split(" "),
    "",
  ]);
});

it("runs: metadata alone, the caller's own or everybody's, with the filters of the list", async () => {
  const carol = await gatehouse.signUp("carol");
  const own = rowIdOf(carol.workspaceId);
  const { id: carolId } = await db.user.findUniqueOrThrow({ where: { email: carol.email } });
  const { id: bobId } = await db.user.findUniqueOrThrow({ where: { email: bob.email } });
  await gatehouse.db.membership.create({
    data: { workspaceId: own, userId: bobId, role: "MEMBER" },
  });
  await db.$executeRaw`
    INSERT INTO "ToolExecution" ("id", "toolName", "status", "ownerId", "startedById", "workspaceId", "arguments", "finishedAt")
    SELECT uuidv7(make_interval(secs => i - 250)), '=tool' || i % 2, (CASE WHEN i % 5 = 0 THEN 'FAILED' ELSE 'SUCCEEDED' END)::"ToolExecutionStatus",
      ${own}::uuid, (CASE WHEN i % 10 = 0 THEN ${bobId} ELSE ${carolId} END)::uuid, ${own}::uuid, 'secret'::bytea, now()
    FROM generate_series(1, 250) i`;
  const read = async (user: TestUser, query: Record<string, string> = {}) =>
    (await (
      await get(user, "runs.json", { workspaceId: carol.workspaceId, ...query })
    ).json()) as Record<string, unknown>[];
  const all = await read(carol);
  const ids = await db.toolExecution.findMany({
    where: { workspaceId: own },
    orderBy: { id: "desc" },
    select: { id: true },
  });
  expect(all.map(({ id }) => id)).toEqual(ids.map(({ id }) => encodeId("ToolExecution", id)));
  expect(all[0]).toMatchObject({ toolName: "=tool0", startedBy: "member", account: "workspace" });
  expect(Object.keys(all[0] ?? {})).not.toContain("arguments");
  expect(await read(bob)).toHaveLength(25);
  expect(await read(carol, { status: "FAILED,CANCELLED" })).toHaveLength(50);
  expect(await read(carol, { toolName: "=tool1" })).toHaveLength(125);
  const csv = await get(carol, "runs.csv", { workspaceId: carol.workspaceId });
  const [header = [], ...lines] = parseCsv(await csv.text());
  expect(lines).toHaveLength(250);
  expect(lines[0]?.[header.indexOf("toolName")]).toBe("'=tool0");
});

async function readToEnd(reader: ReadableStreamDefaultReader<Uint8Array> | undefined) {
  while (reader && !(await reader.read()).done);
}

/** RFC 4180, strictly. */
function parseCsv(text: string): string[][] {
  const rows: string[][] = [];
  let row: string[] = [];
  const field = /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n)/y;
  for (;;) {
    const found = field.exec(text);
    if (!found) break;
    row.push(found[1]?.replaceAll('""', '"') ?? found[2] ?? "");
    if (found[3] === ",") continue;
    rows.push(row);
    row = [];
  }
  return rows;
}

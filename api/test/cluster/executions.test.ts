import { afterAll, beforeAll, expect, it } from "vitest";
import { createServer, rowIdOf } from "../support/client.ts";
import { createTestDatabase } from "../support/database.ts";
import { cancelExecution, execute, readExecution, startHolding } from "../support/executions.ts";
import { type Cluster, startCluster } from "./cluster.ts";
import { shortLimits } from "./limits.ts";

/** Ten seconds without a sign of life, and what a busy machine takes. */
const dead = { timeout: 60_000, interval: 500 };
const minuteMs = 60_000;

const resources = new AsyncDisposableStack();
let cluster: Cluster;

beforeAll(async () => {
  const { url } = resources.use(await createTestDatabase());
  cluster = resources.use(
    await startCluster({
      databaseUrl: url,
      limits: shortLimits,
      // Whatever is compared between processes is the database's time.
      clockShiftsMs: [0, 9 * minuteMs, -9 * minuteMs],
    }),
  );
});
afterAll(() => resources.disposeAsync());

it("a run whose process is killed is INTERRUPTED for everybody within seconds, once, and those of the living go on", async () => {
  const { ada, db, processes } = cluster;
  const [first, second, third] = processes;
  if (!first || !second || !third) throw new Error("a cluster has three processes");
  await using server = await startHolding();
  const serverId = await createServer(ada, server.url);
  const start = async (url: string, key?: string) => {
    const input = { serverId, toolName: "hold", wait: false, idempotencyKey: key };
    const { data } = await execute(ada.at(url), input);
    return data.executeTool.execution.id as string;
  };
  const lost = await start(third.url, "lost");
  const kept = await start(second.url);
  const held = await server.waitForCall(2);
  const startedAt = new Date((await readExecution(ada, lost)).startedAt).getTime();
  expect(Math.abs(startedAt - Date.now())).toBeLessThan(minuteMs);

  await using updates = ada.subscribe(
    "subscription ($id: ID!) { toolExecutionUpdated(id: $id) { status errorMessage } }",
    { id: lost },
  );
  expect((await updates.next()).value.data.toolExecutionUpdated.status).toBe("RUNNING");
  await third.end();
  expect((await updates.next()).value.data.toolExecutionUpdated).toEqual({
    status: "INTERRUPTED",
    errorMessage: "The process that ran the tool has ended. The tool may have run.",
  });
  const { data } = await cancelExecution(ada.at(second.url), lost);
  expect(data.cancelToolExecution.status).toBe("INTERRUPTED");
  // It may have run: its key is used up.
  expect(await start(second.url, "lost")).toBe(lost);
  const events = () =>
    db.workspaceEvent.count({
      where: { type: "TOOL_EXECUTED", payload: { path: ["executionId"], equals: rowIdOf(lost) } },
    });
  expect(await events()).toBe(1);

  expect(await readExecution(ada, kept)).toMatchObject({ status: "RUNNING" });
  (server.calls.find((call) => call !== server.calls[0]) ?? held).answer();
  await expect.poll(() => readExecution(ada, kept), dead).toMatchObject({ status: "SUCCEEDED" });
  await third.start();
});

it("one that is cancelled after its process was killed is INTERRUPTED, too", async () => {
  const { ada, processes } = cluster;
  const [, , third] = processes;
  if (!third) throw new Error("a cluster has three processes");
  await using server = await startHolding();
  const serverId = await createServer(ada, server.url);
  const { data } = await execute(ada.at(third.url), { serverId, toolName: "hold", wait: false });
  const { id } = data.executeTool.execution;
  await server.waitForCall(1);
  await third.end();
  const cancel = async () => (await cancelExecution(ada, id)).data.cancelToolExecution.status;
  await expect.poll(cancel, dead).toBe("INTERRUPTED");
  await third.start();
});

it("without the database nobody is declared dead once it is back, whoever finds it first", async () => {
  const { ada, db, processes } = cluster;
  const [first, second] = processes;
  if (!first || !second) throw new Error("a cluster has three processes");
  await using server = await startHolding();
  const serverId = await createServer(ada, server.url);
  const { data } = await execute(ada.at(second.url), { serverId, toolName: "hold", wait: false });
  const { id } = data.executeTool.execution;
  const held = await server.waitForCall(1);
  /** When each gave its last sign of life, in milliseconds before now, the newest first. */
  const readAges = async () => {
    const rows = await db.$queryRaw<{ ageMs: number }[]>`
      SELECT extract(epoch FROM clock_timestamp() - "lastSeenAt")::float8 * 1000 AS "ageMs" FROM "Process" ORDER BY 1`;
    return rows.map(({ ageMs }) => ageMs);
  };
  const newestBeat = async () =>
    (await db.process.findFirst({ orderBy: { lastSeenAt: "desc" } }))?.lastSeenAt;
  for (const { database } of processes) database.cut();
  await expect.poll(async () => Math.min(...(await readAges())), dead).toBeGreaterThan(11_000);
  // The one whose run it is comes back a turn of the reaper later than another.
  first.database.open();
  await expect.poll(async () => (await readAges())[0], dead).toBeLessThan(3_000);
  const beat = await newestBeat();
  await expect.poll(newestBeat, dead).not.toEqual(beat);
  for (const { database } of processes) database.open();
  await expect
    .poll(async () => (await readAges()).filter((ageMs) => ageMs < 5_000).length, dead)
    .toBe(3);
  expect(await readExecution(ada, id)).toMatchObject({ status: "RUNNING" });
  held.answer();
  await expect.poll(() => readExecution(ada, id), dead).toMatchObject({ status: "SUCCEEDED" });
});

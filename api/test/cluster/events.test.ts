/** Nothing that happens to processes, database or connections costs a subscriber an event, or tells it of one twice. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { LISTENER_NAME } from "#events/listening.ts";
import { createServer, executeTool, rowIdOf } from "../support/client.ts";
import { startModernOnly } from "../counterparties/modern.ts";
import { disposable } from "../support/disposable.ts";
import { findFreePort } from "../support/free-port.ts";
import { startReceiver } from "../support/webhook-receiver.ts";
import { type Audience, gatherAudience } from "./audience.ts";
import { type Cluster, type ClusterProcess, startCluster } from "./cluster.ts";
import { isFull, rounds, shortLimits } from "./limits.ts";
import { type OwnPostgres, startOwnPostgres } from "./own-postgres.ts";
import { readMonotonicMs } from "./timeline.ts";
import { answersOf, countReauthEvents, countRefreshes } from "./promises.ts";
import { startService } from "./service-process.ts";

const resources = new AsyncDisposableStack();
let postgres: OwnPostgres;
let cluster: Cluster;
let token: string;

beforeAll(async () => {
  postgres = resources.use(await startOwnPostgres());
  // The product's half a minute, so that a connection that is half open can be waited for.
  const databaseUrl = `${postgres.url}?query_timeout=4000`;
  cluster = resources.use(await startCluster({ databaseUrl, limits: shortLimits }));
  const { ada } = cluster;
  const { createApiToken } = await ada.query(
    `mutation ($input: CreateApiTokenInput!) { createApiToken(input: $input) { secret } }`,
    { input: { workspaceId: ada.workspaceId, name: "dashboard", scope: "READ" } },
  );
  token = createApiToken.secret;
});
afterAll(() => resources.disposeAsync());
beforeEach(() => cluster.mend());

/** At all processes, and at one more if there is. */
function gather(more: readonly string[] = []): Promise<Audience> {
  const urls = [...cluster.processes.map(({ url }) => url), ...more];
  return gatherAudience({ cluster, token, urls, writers: urls });
}

/** How many events go on after each fault: enough that everybody is in the middle of it. */
const stretch = isFull ? 300 : 60;
/** How long a call goes on after the process was asked to stop. */
const callMs = 2_000;
const timeout = isFull ? 600_000 : 120_000;

describe.for(Array.from({ length: rounds }, (_, i) => i + 1))("round %i", { timeout }, (round) => {
  const chosen = (): ClusterProcess => {
    const process = cluster.processes[round % cluster.processes.length];
    if (!process) throw new Error("a cluster has processes");
    return process;
  };

  it("E1 a process is killed: who was there goes on elsewhere, 0 lost, 0 doubled", async ({
    task,
  }) => {
    await using audience = await gather();
    const victim = chosen();
    audience.note(`${victim.name} is killed`);
    await victim.end();
    await audience.grows(stretch);
    await victim.start();
    audience.note(`${victim.name} is back`);
    await audience.grows(stretch);
    await audience.check(task.name);
    const cutOff = audience.subscribers.filter(({ ends }) => ends.length > 0);
    expect(cutOff.length).toBeGreaterThanOrEqual(4);
  });

  it("E1 PostgreSQL stops at once and comes back: 0 lost, 0 doubled", async ({ task }) => {
    await using audience = await gather();
    audience.note("PostgreSQL is stopped (immediate)");
    await postgres.crash();
    cluster.moveDatabase(await postgres.start());
    audience.note("PostgreSQL is back");
    await audience.grows(stretch);
    await audience.check(task.name);
  });

  it("E1 the connections that listen are dropped, again and again: 0 lost, 0 doubled", async ({
    task,
  }) => {
    await using audience = await gather();
    for (let i = 0; i < 3; i += 1) {
      const dropped = await cluster.db.$queryRaw<unknown[]>`
        SELECT pg_terminate_backend(pid)::text FROM pg_stat_activity
        WHERE datname = current_database() AND application_name = ${LISTENER_NAME}`;
      audience.note(`${dropped.length} connections that listen are dropped`);
      expect(dropped.length).toBeGreaterThan(0);
      await audience.grows(stretch);
    }
    await audience.check(task.name);
    expect(audience.subscribers.flatMap(({ ends }) => ends)).toEqual([]);
  });

  it("E1 no word of an event reaches any process: the poll finds them, 0 lost, 0 doubled", async ({
    task,
  }) => {
    await using audience = await gather();
    for (const { database } of cluster.processes) database.losesNotifications = true;
    audience.note("every NOTIFY is lost");
    await audience.grows(stretch);
    await audience.check(task.name);
    expect(audience.subscribers.flatMap(({ ends }) => ends)).toEqual([]);
  });

  it("E1 a process's connections to the database are half open: 0 lost, 0 doubled", async ({
    task,
  }) => {
    await using audience = await gather();
    const { name, database } = chosen();
    database.freeze();
    audience.note(`${name}'s connections are half open`);
    await audience.grows(stretch);
    await audience.check(task.name);
    database.cut();
  });

  it("E1 R13 a process is asked to stop: subscribers are sent elsewhere, calls finish, 0 lost, 0 doubled", async ({
    task,
  }) => {
    const port = await findFreePort();
    await using service = await startService(port, cluster.environmentOf(port));
    const account = await cluster.connectAccount();
    const ada = cluster.ada.at(service.url);
    await using audience = await gather([service.url]);
    const there = audience.subscribers.filter(({ at }) => at === cluster.processes.length);

    await using counterparty = disposable(await startModernOnly());
    const waiter = await createServer(ada, counterparty.url, { authType: "NONE" });
    const slow = executeTool(ada, waiter, "wait");
    await counterparty.gate.entered;
    await cluster.runOut(account);
    cluster.sandbox.faults.set("refresh-answer-held", { times: 1 });
    const refreshing = executeTool(ada, account.serverId, "list_notes");
    await cluster.sandbox.faults.reached("refresh-answer-held");

    audience.note("SIGTERM");
    const ending = service.terminate();
    const askedAtMs = readMonotonicMs();
    // They are gone before the calls are over.
    await expect
      .poll(() => there.every(({ ends }) => ends.length > 0), { timeout: 10_000, interval: 20 })
      .toBe(true);
    audience.note("its subscribers are gone; the refresh that it is at is answered");
    cluster.sandbox.faults.clear("refresh-answer-held");
    expect(await refreshing).toMatchObject({ __typename: "ToolExecuted" });
    await cluster.record.untilMs(askedAtMs + callMs);
    counterparty.gate.open();
    expect(await slow).toMatchObject({ execution: { status: "SUCCEEDED" } });
    audience.note("its calls are over");
    const { exitCode, tookMs } = await ending;
    audience.note(`it ended with ${exitCode}, after ${tookMs.toFixed(0)} ms`);
    expect(exitCode).toBe(0);
    expect(tookMs).toBeLessThan(10_000);
    const firstEnds = there.map(({ transport, ends }) => [transport, ends[0]]);
    expect(new Set(firstEnds.map(String))).toEqual(
      new Set(["WebSocket,1012", "server-sent events,ended without a word"]),
    );
    // Whoever calls next finds the refreshed tokens, and nobody in the way.
    expect(answersOf(await cluster.call(account, 1))).toEqual(["ToolExecuted"]);
    expect(countRefreshes(cluster, account)).toBe(1);
    expect(await countReauthEvents(cluster, account)).toBe(0);
    await audience.grows(stretch);
    await audience.check(task.name);
    await cluster.forgetAccount(account);
  });

  it("E1 E12 a process is killed in mid-delivery: within ten seconds the webhook comes again under the same id, then the rest in order", async () => {
    const { ada, db, processes, sandbox } = cluster;
    await using receiver = await startReceiver();
    receiver.answer = () => new Promise(() => {});
    const [only, next, ...others] = processes;
    if (!only || !next) throw new Error("a cluster has processes");
    // Whoever is left is the one that delivers.
    await Promise.all([next, ...others].map((process) => process.end()));
    const { createWebhookEndpoint } = await ada
      .at(only.url)
      .query(
        `mutation ($input: CreateWebhookEndpointInput!) { createWebhookEndpoint(input: $input) { endpoint { id } } }`,
        { input: { workspaceId: ada.workspaceId, url: receiver.url, types: ["SERVER_CREATED"] } },
      );
    const endpoint = { id: rowIdOf(createWebhookEndpoint.endpoint.id) };
    const create = () =>
      createServer(ada.at(only.url), sandbox.weatherUrl, { authType: "OAUTH" }).then(rowIdOf);
    const serverIds = [await create(), await create(), await create()];
    await receiver.received(1);
    const readLease = async () =>
      (await db.webhookEndpoint.findUniqueOrThrow({ where: endpoint })).leaseUntil?.getTime() ?? 0;
    const firstLeaseMs = await readLease();
    await next.start();
    // Longer than a lease: the process that waits for the receiver extends it, and no other takes over.
    await expect.poll(readLease, { timeout: 20_000 }).toBeGreaterThan(firstLeaseMs + 6_000);
    expect(receiver.deliveries).toHaveLength(1);
    receiver.answer = () => ({ status: 200 });
    const killedAt = performance.now();
    await only.end();
    await receiver.received(2);
    expect(performance.now() - killedAt).toBeLessThan(10_000);
    const deliveries = await receiver.received(4);
    const rows = await db.workspaceEvent.findMany({
      where: { serverId: { in: serverIds }, type: "SERVER_CREATED" },
      orderBy: { seq: "asc" },
    });
    const [first, ...rest] = rows.map(({ id }) => id);
    expect(deliveries.map(({ headers }) => headers["webhook-id"])).toEqual([first, first, ...rest]);
    await db.webhookEndpoint.delete({ where: endpoint });
  });
});

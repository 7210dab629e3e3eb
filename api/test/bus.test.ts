import { setTimeout as delay } from "node:timers/promises";
import pg from "pg";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type Bus, openBus } from "#events/bus.ts";
import { LISTENER_NAME } from "#events/listening.ts";
import { startDatabaseProxy, type DatabaseProxy } from "./cluster/database-proxy.ts";
import { createTestDatabase } from "./support/database.ts";

const resources = new AsyncDisposableStack();
let proxy: DatabaseProxy;
/** One that the faults concern, and one past them. */
let bus: Bus;
let other: Bus;
let client: pg.Client;

beforeAll(async () => {
  const database = resources.use(await createTestDatabase());
  proxy = resources.use(await startDatabaseProxy(database.url));
  bus = await openBus(proxy.url);
  resources.defer(() => bus.close());
  other = await openBus(database.url);
  resources.defer(() => other.close());
  client = new pg.Client({ connectionString: database.url });
  await client.connect();
  resources.defer(() => client.end());
});
afterAll(() => resources.disposeAsync());

/** What is heard of a kind of topic, nulls included. */
function hear(kind: string) {
  const heard: (string | null)[] = [];
  return { heard, stop: bus.listen(kind, (topic) => heard.push(topic)) };
}

/** Far more than the two seconds after which a connection that says nothing is given up. */
const patience = { timeout: 20_000 };

it("tells the other process, and is known to hear", async () => {
  const { heard, stop } = hear("grant");
  other.publish("grant:1", "flow:2", "grant:3");
  await expect.poll(() => heard, patience).toEqual(["grant:1", "grant:3"]);
  expect(bus.isHearing()).toBe(true);
  stop();
});

it("hears what it publishes itself at once, and once", async () => {
  const { heard, stop } = hear("flow");
  const elsewhere: (string | null)[] = [];
  const stopElsewhere = other.listen("flow", (topic) => elsewhere.push(topic));
  bus.publish("flow:own");
  expect(heard).toEqual(["flow:own"]);
  await expect.poll(() => elsewhere, patience).toEqual(["flow:own"]);
  other.publish("flow:other");
  // What was sent first comes first.
  await expect.poll(() => heard.at(-1), patience).toBe("flow:other");
  expect(heard).toEqual(["flow:own", "flow:other"]);
  stop();
  stopElsewhere();
});

it("E1 notices that its connection is half open, replaces it, and lets everybody look once", async () => {
  const { heard, stop } = hear("workspace");
  using watch = bus.watch("workspace:1");
  proxy.isSilent = true;
  // Neither end is told: what is published now goes nowhere.
  other.publish("workspace:lost");
  await expect.poll(() => bus.isHearing(), patience).toBe(false);
  expect(heard).toEqual([]);
  proxy.isSilent = false;
  await expect.poll(() => heard, patience).toEqual([null]);
  await watch.next(60_000);
  expect(bus.isHearing()).toBe(true);
  other.publish("workspace:2");
  await expect.poll(() => heard, patience).toEqual([null, "workspace:2"]);
  stop();
});

it("E1 replaces a connection that the database ended", async () => {
  const { heard, stop } = hear("workspace");
  const { rowCount } = await client.query(
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND application_name = $1",
    [LISTENER_NAME],
  );
  expect(rowCount).toBe(2);
  await expect.poll(() => heard, patience).toEqual([null]);
  other.publish("workspace:1");
  await expect.poll(() => heard, patience).toEqual([null, "workspace:1"]);
  stop();
});

it("E1 sends what could not be sent once the database is back", async () => {
  const heard: (string | null)[] = [];
  const stop = other.listen("ended", (topic) => heard.push(topic));
  proxy.cut();
  bus.publish("ended:1");
  await expect.poll(() => bus.isHearing(), patience).toBe(false);
  await delay(500);
  expect(heard).toEqual([]);
  proxy.open();
  await expect.poll(() => heard, patience).toEqual(["ended:1"]);
  stop();
});

it("closes although its connection is half open", async () => {
  const dying = await openBus(proxy.url);
  proxy.isSilent = true;
  dying.publish("grant:1");
  await dying.close();
  proxy.isSilent = false;
});

import { afterAll, beforeAll, expect, it } from "vitest";
import { type Bus, openBus } from "#events/bus.ts";
import { topics } from "#events/topics.ts";
import { appendForAll } from "./support/append.ts";
import { rowIdOf, type TestUser } from "./support/client.ts";
import { follow, type Transport } from "./support/follower.ts";
import { startGatehouse, type TestGatehouse } from "./support/gatehouse.ts";

let gatehouse: TestGatehouse;
let bus: Bus;
let ada: TestUser;

beforeAll(async () => {
  gatehouse = await startGatehouse();
  bus = await openBus(gatehouse.databaseUrl);
  ada = await gatehouse.signUp();
});
afterAll(async () => {
  await bus.close();
  await gatehouse[Symbol.asyncDispose]();
});

async function append(): Promise<void> {
  const workspaceId = rowIdOf(ada.workspaceId);
  await appendForAll(gatehouse.db, workspaceId);
  bus.publish(topics.workspace(workspaceId));
}

it.each<[Transport, unknown]>([
  ["WebSocket", 1012],
  ["server-sent events", "ended without a word"],
])(
  "E1 a process that stops sends its subscribers away, and they lose nothing elsewhere: %s",
  async (transport, how) => {
    const stopping = await gatehouse.addProcess();
    const where = { workspaceId: rowIdOf(ada.workspaceId) };
    const { node } = await ada.query(
      "query ($id: ID!) { node(id: $id) { ... on Workspace { eventCursor } } }",
      { id: ada.workspaceId },
    );
    const already = await gatehouse.db.workspaceEvent.count({ where });
    let cursor: string = node.eventCursor;
    const seen: string[] = [];
    const controller = new AbortController();
    const open = (url: string) =>
      follow(transport, {
        url,
        credential: { cookie: ada.cookie, origin: gatehouse.url },
        query: `subscription ($id: ID!, $after: String) { workspaceEvents(workspaceId: $id, after: $after) { id cursor } }`,
        variables: { id: ada.workspaceId, after: cursor },
        signal: controller.signal,
      });
    const read = async (url: string, until: number) => {
      for await (const { data } of open(url)) {
        seen.push(data.workspaceEvents.id);
        cursor = data.workspaceEvents.cursor;
        if (seen.length === until) return;
      }
    };

    const total = 60;
    let stopped = Promise.resolve();
    const ended = read(stopping, total).catch(
      (error: { code?: number; message: string }) => error.code ?? error.message,
    );
    for (let i = 0; i < total; i += 1) {
      await append();
      if (i === 20) await expect.poll(() => seen.length).toBeGreaterThan(0);
      if (i === 20) stopped = gatehouse.stopProcess(stopping);
    }
    await stopped;
    expect(await ended).toBe(how);
    expect(seen.length).toBeLessThan(total);
    await read(gatehouse.url, total);
    controller.abort();
    const rows = await gatehouse.db.workspaceEvent.findMany({ where, orderBy: { seq: "asc" } });
    expect(seen).toEqual(rows.slice(already).map(({ id }) => id));
  },
);

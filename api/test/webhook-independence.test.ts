import { afterAll, beforeAll, expect, it } from "vitest";
import { createWebhookSlots } from "#services/webhook/webhook-slots.ts";
import { rowIdOf, type TestUser } from "./support/client.ts";
import { misbehaviors, startBadReceiver } from "./support/bad-receivers.ts";
import { startGatehouse, type TestGatehouse } from "./support/gatehouse.ts";
import { startReceiver, type WebhookReceiver } from "./support/webhook-receiver.ts";
import { appendEvents, createEndpoint, readDeliveries } from "./support/webhooks.ts";

let gatehouse: TestGatehouse;
beforeAll(async () => {
  gatehouse = await startGatehouse();
});
afterAll(() => gatehouse?.[Symbol.asyncDispose]());

/** From an append to the delivery, in milliseconds. */
async function measureDelivery(user: TestUser, receiver: WebhookReceiver): Promise<number> {
  const before = receiver.deliveries.length;
  const started = performance.now();
  await appendEvents(gatehouse, user, "TOOL_EXECUTED");
  await receiver.received(before + 1);
  return performance.now() - started;
}

it("E12 64 endpoints that hang, drip, reset or fail do not delay a healthy one, of their workspace or another", async () => {
  await using stack = new AsyncDisposableStack();
  const bad = await Promise.all(misbehaviors.map(startBadReceiver));
  for (const receiver of bad) stack.use(receiver);
  const owners: TestUser[] = [];
  for (let count = 0; count < 4; count += 1) owners.push(await gatehouse.signUp());
  for (const owner of owners)
    for (let index = 0; index < 16; index += 1)
      await createEndpoint(owner, bad[index % bad.length]?.url ?? "");

  const [neighbor] = owners;
  if (!neighbor) throw new Error("no owner");
  const stranger = await gatehouse.signUp();
  const other = stack.use(await startReceiver());
  await createEndpoint(stranger, other.url);
  const baselineMs = await measureDelivery(stranger, other);

  const all = owners.map((owner) =>
    appendEvents(gatehouse, owner, "TOOL_EXECUTED", "TOOLS_CHANGED"),
  );
  await Promise.all(all);
  // All of them have been reached, so those that hang or drip now hold a connection each.
  for (const receiver of bad)
    await expect.poll(receiver.requests, { timeout: 10_000 }).toBeGreaterThanOrEqual(16);
  expect(bad[0]?.connections()).toBeGreaterThanOrEqual(16);

  const own = stack.use(await startReceiver());
  await createEndpoint(neighbor, own.url);
  const measured: number[] = [];
  for (let round = 0; round < 5; round += 1) {
    measured.push(await measureDelivery(stranger, other));
    measured.push(await measureDelivery(neighbor, own));
  }
  // One second is the requirement; what a busy machine needs without bad endpoints is added.
  expect(Math.max(...measured)).toBeLessThan(1_000 + baselineMs);
});

it("E12 an endpoint that cannot be read delays no other", async () => {
  const user = await gatehouse.signUp();
  await using receiver = await startReceiver();
  await using unread = await startReceiver();
  const broken = await createEndpoint(user, unread.url);
  await createEndpoint(user, receiver.url);
  await gatehouse.db.webhookEndpoint.update({
    where: { id: rowIdOf(broken) },
    data: { secret: new Uint8Array([1, 2, 3]) },
  });
  await appendEvents(gatehouse, user, "TOOL_EXECUTED", "TOOLS_CHANGED");
  expect((await receiver.received(2)).map(({ type }) => type)).toEqual([
    "TOOL_EXECUTED",
    "TOOLS_CHANGED",
  ]);
  // It is postponed instead of being repeated at once.
  await expect
    .poll(() => gatehouse.db.webhookEndpoint.findUnique({ where: { id: rowIdOf(broken) } }))
    .toMatchObject({ leaseOwner: null, nextAttemptAt: expect.any(Date) });
  // The creation of the other endpoint may have been delivered before.
  const types = unread.deliveries.map(({ type }) => type);
  expect(types).not.toContain("TOOL_EXECUTED");
  expect(types).not.toContain("TOOLS_CHANGED");
});

it("E12 a notification that is lost delays an event until the next poll", async () => {
  const user = await gatehouse.signUp();
  await using receiver = await startReceiver();
  const endpoint = await createEndpoint(user, receiver.url);
  await gatehouse.db.$executeRaw`
    WITH counter AS (
      UPDATE "Workspace" SET "eventSeq" = "eventSeq" + 1 WHERE "id" = ${rowIdOf(user.workspaceId)}::uuid RETURNING "id", "eventSeq"
    )
    INSERT INTO "WorkspaceEvent" ("workspaceId", "seq", "id", "type", "payload")
    SELECT "id", "eventSeq", uuidv7(), 'TOOL_EXECUTED', '{}' FROM counter`;
  await receiver.received(1);
  await expect
    .poll(() => readDeliveries(user, endpoint), { timeout: 20_000 })
    .toMatchObject([{ state: "DELIVERED", type: "TOOL_EXECUTED" }]);
});

it("E12 slots are bounded, whatever number of endpoints is due", () => {
  const slots = createWebhookSlots();
  const due = Array.from({ length: 5_000 }, (_, index) => ({
    id: String(index),
    workspaceId: String(index % 250),
    isFailing: index % 2 === 0,
  }));
  for (const endpoint of slots.choose(due)) slots.hold(endpoint);
  expect(slots.endpointIds()).toHaveLength(256);
  expect(slots.hasRoom()).toBe(false);
});

import { describe, expect } from "vitest";
import { cleanUp } from "#services/operations/housekeeping.ts";
import { rowIdOf, type TestUser } from "./support/client.ts";
import type { TestGatehouse } from "./support/gatehouse.ts";
import { it } from "./support/shared-gatehouse.ts";
import { startReceiver } from "./support/webhook-receiver.ts";
import { appendEvents, createEndpoint, readDeliveries } from "./support/webhooks.ts";

let gatehouse: TestGatehouse;
it.beforeAll(({ gatehouse: part }) => {
  gatehouse = part;
});

const hour = 3_600_000;

async function resend(user: TestUser, deliveryId: string) {
  const { resendWebhookDelivery } = await user.query(
    "mutation ($id: ID!) { resendWebhookDelivery(id: $id) { state httpStatus attempts } }",
    { id: deliveryId },
  );
  return resendWebhookDelivery;
}

/** An endpoint whose receiver refuses every event, with one delivery. */
async function startRefused(user: TestUser) {
  const receiver = await startReceiver();
  receiver.answer = () => ({ status: 500 });
  const endpointId = await createEndpoint(user, receiver.url);
  await appendEvents(gatehouse, user, "TOOL_EXECUTED");
  await receiver.received(1);
  const where = { endpointId: rowIdOf(endpointId) };
  const read = () => gatehouse.db.webhookDelivery.findFirstOrThrow({ where });
  await expect.poll(() => gatehouse.db.webhookDelivery.findFirst({ where })).not.toBeNull();
  const ofEndpoint = { id: rowIdOf(endpointId) };
  // Released after the failure: nothing happens before its next attempt.
  await expect
    .poll(() => gatehouse.db.webhookEndpoint.findUnique({ where: ofEndpoint }))
    .toMatchObject({ leaseOwner: null, failures: expect.any(Number) });
  await gatehouse.db.webhookEndpoint.update({
    where: ofEndpoint,
    data: { nextAttemptAt: new Date(Date.now() + hour) },
  });
  const [delivery] = await readDeliveries(user, endpointId);
  if (!delivery) throw new Error("no delivery");
  return { receiver, endpointId, ofEndpoint, delivery, read };
}

describe("a manual resend", () => {
  it("E11 that fails leaves the schedule of a parked delivery as it is", async () => {
    const user = await gatehouse.signUp();
    const { receiver, delivery, read } = await startRefused(user);
    await using _receiver = receiver;
    const nextAttemptAt = new Date(Date.now() + hour);
    await gatehouse.db.webhookDelivery.update({
      where: { id: rowIdOf(delivery.id) },
      data: { state: "PARKED", nextAttemptAt },
    });
    expect(await resend(user, delivery.id)).toMatchObject({ state: "PARKED", httpStatus: 500 });
    expect(await read()).toMatchObject({ state: "PARKED", nextAttemptAt });

    receiver.answer = () => ({ status: 200 });
    expect(await resend(user, delivery.id)).toMatchObject({ state: "DELIVERED", httpStatus: 200 });
    expect(await read()).toMatchObject({ state: "DELIVERED", nextAttemptAt: null, error: null });
    // And a later one that fails does not undo the delivery.
    receiver.answer = () => ({ status: 500 });
    expect(await resend(user, delivery.id)).toMatchObject({ state: "DELIVERED", httpStatus: 500 });
    expect(await read()).toMatchObject({ state: "DELIVERED", nextAttemptAt: null });
  });

  it("E11 that fails leaves the schedule of an event that is being retried as it is", async () => {
    const user = await gatehouse.signUp();
    const { receiver, delivery, read, ofEndpoint } = await startRefused(user);
    await using _receiver = receiver;
    const before = await gatehouse.db.webhookEndpoint.findUniqueOrThrow({ where: ofEndpoint });
    expect(await resend(user, delivery.id)).toMatchObject({ state: "RETRYING" });
    expect(await gatehouse.db.webhookEndpoint.findUnique({ where: ofEndpoint })).toMatchObject({
      failures: before.failures,
      nextAttemptAt: before.nextAttemptAt,
      afterSeq: before.afterSeq,
    });
    expect(await read()).toMatchObject({ state: "RETRYING" });
  });

  it("E11 that succeeds is not followed by a retry of the same event", async () => {
    const user = await gatehouse.signUp();
    const { receiver, delivery, ofEndpoint } = await startRefused(user);
    await using _receiver = receiver;
    receiver.answer = () => ({ status: 200 });
    expect(await resend(user, delivery.id)).toMatchObject({ state: "DELIVERED" });
    const sent = receiver.deliveries.length;
    await appendEvents(gatehouse, user, "TOOLS_CHANGED");
    await gatehouse.db.webhookEndpoint.update({
      where: ofEndpoint,
      data: { nextAttemptAt: new Date(0) },
    });
    const deliveries = await receiver.received(sent + 1);
    expect(deliveries.slice(sent).map(({ type }) => type)).toEqual(["TOOLS_CHANGED"]);
  });

  it("E11 that fails late does not undo what was delivered meanwhile", async () => {
    const user = await gatehouse.signUp();
    const { receiver, delivery, read } = await startRefused(user);
    await using _receiver = receiver;
    await gatehouse.db.webhookDelivery.update({
      where: { id: rowIdOf(delivery.id) },
      data: { state: "PARKED", nextAttemptAt: new Date(Date.now() + hour) },
    });
    const held = Promise.withResolvers<{ status: number }>();
    receiver.answer = () => held.promise;
    const sent = receiver.deliveries.length;
    const late = resend(user, delivery.id);
    await receiver.received(sent + 1);
    receiver.answer = () => ({ status: 200 });
    expect(await resend(user, delivery.id)).toMatchObject({ state: "DELIVERED" });
    held.resolve({ status: 500 });
    expect(await late).toMatchObject({ state: "DELIVERED" });
    expect(await read()).toMatchObject({ state: "DELIVERED" });
  });
});

/** As if the log had been kept for its whole retention. */
async function expireLog(user: TestUser): Promise<void> {
  await gatehouse.db.$executeRaw`
    UPDATE "WorkspaceEvent" SET "occurredAt" = clock_timestamp() - interval '91 days' WHERE "workspaceId" = ${rowIdOf(user.workspaceId)}::uuid`;
  await cleanUp(gatehouse.db, { eventRetentionDays: 90 });
}

describe("a delivery that cannot be made", () => {
  it("E17 is recorded as given up when its event leaves the log, and the next events are delivered", async () => {
    const user = await gatehouse.signUp();
    const { receiver, endpointId, ofEndpoint } = await startRefused(user);
    await using _receiver = receiver;
    await appendEvents(gatehouse, user, "TOOLS_CHANGED");
    await expireLog(user);
    const reason = "The event passed its retention before it could be delivered.";
    expect(await readDeliveries(user, endpointId)).toMatchObject([
      { type: "TOOLS_CHANGED", state: "GIVEN_UP", attempts: 0, error: reason },
      { type: "TOOL_EXECUTED", state: "GIVEN_UP", error: reason },
    ]);
    receiver.answer = () => ({ status: 200 });
    const sent = receiver.deliveries.length;
    await appendEvents(gatehouse, user, "SERVER_CREATED");
    await gatehouse.db.webhookEndpoint.update({
      where: ofEndpoint,
      data: { nextAttemptAt: new Date(0) },
    });
    expect((await receiver.received(sent + 1)).at(-1)?.type).toBe("SERVER_CREATED");
  });

  it("E17 is recorded for a disabled endpoint too, for the types that it receives alone", async () => {
    const user = await gatehouse.signUp();
    await using receiver = await startReceiver();
    const endpointId = await createEndpoint(user, receiver.url, ["TOOL_EXECUTED"]);
    await user.query(
      "mutation ($id: ID!) { updateWebhookEndpoint(input: { id: $id, enabled: false }) { id } }",
      { id: endpointId },
    );
    await appendEvents(gatehouse, user, "TOOL_EXECUTED", "TOOLS_CHANGED", "TOOL_EXECUTED");
    await expireLog(user);
    const expected = {
      type: "TOOL_EXECUTED",
      state: "GIVEN_UP",
      attempts: 0,
      error: "The event passed its retention while the endpoint was disabled.",
    };
    expect(await readDeliveries(user, endpointId)).toMatchObject([expected, expected]);
    // Nothing of the log is left: the endpoint continues at its end.
    await user.query(
      "mutation ($id: ID!) { updateWebhookEndpoint(input: { id: $id, enabled: true }) { id } }",
      { id: endpointId },
    );
    const { eventSeq } = await gatehouse.db.workspace.findUniqueOrThrow({
      where: { id: rowIdOf(user.workspaceId) },
    });
    await expect
      .poll(() => gatehouse.db.webhookEndpoint.findUnique({ where: { id: rowIdOf(endpointId) } }))
      .toMatchObject({ afterSeq: eventSeq, leaseOwner: null });
    expect(receiver.deliveries).toEqual([]);
  });

  it("E17 is recorded when the endpoint stops receiving its type", async () => {
    const user = await gatehouse.signUp();
    const { receiver, endpointId } = await startRefused(user);
    await using _receiver = receiver;
    await appendEvents(gatehouse, user, "TOOLS_CHANGED", "SERVER_CREATED");
    receiver.answer = () => ({ status: 200 });
    const sent = receiver.deliveries.length;
    const { updateWebhookEndpoint } = await user.query(
      `mutation ($input: UpdateWebhookEndpointInput!) { updateWebhookEndpoint(input: $input) { types } }`,
      { input: { id: endpointId, types: ["SERVER_CREATED"], url: receiver.url } },
    );
    expect(updateWebhookEndpoint.types).toEqual(["SERVER_CREATED"]);
    expect((await receiver.received(sent + 1)).at(-1)?.type).toBe("SERVER_CREATED");
    const error = "The endpoint no longer receives events of this type.";
    await expect
      .poll(async () => (await readDeliveries(user, endpointId)).toReversed())
      .toMatchObject([
        { type: "TOOL_EXECUTED", state: "GIVEN_UP", error },
        { type: "TOOLS_CHANGED", state: "GIVEN_UP", attempts: 0, error },
        { type: "SERVER_CREATED", state: "DELIVERED" },
      ]);
  });

  it("E17 is recorded up to a bound, with the number of the others", async () => {
    const user = await gatehouse.signUp();
    await using receiver = await startReceiver();
    const endpointId = await createEndpoint(user, receiver.url);
    const workspaceId = rowIdOf(user.workspaceId);
    const where = { id: rowIdOf(endpointId) };
    await gatehouse.db.webhookEndpoint.update({ where, data: { disabledAt: new Date() } });
    await gatehouse.db.$executeRaw`
      WITH counter AS (
        UPDATE "Workspace" SET "eventSeq" = "eventSeq" + 1205 WHERE "id" = ${workspaceId}::uuid RETURNING "eventSeq"
      )
      INSERT INTO "WorkspaceEvent" ("workspaceId", "seq", "id", "type", "payload")
      SELECT ${workspaceId}::uuid, "eventSeq" - 1205 + n, uuidv7(), 'TOOL_EXECUTED', '{}' FROM counter, generate_series(1, 1205) n`;
    await user.query(
      `mutation ($input: UpdateWebhookEndpointInput!) { updateWebhookEndpoint(input: $input) { id } }`,
      { input: { id: endpointId, types: ["SERVER_CREATED"] } },
    );
    const rows = await gatehouse.db.webhookDelivery.findMany({
      where: { endpointId: where.id },
      orderBy: { id: "asc" },
    });
    expect(rows).toHaveLength(1_000);
    expect(rows[0]?.error).toBe(
      "The endpoint no longer receives events of this type. This also applies to 205 earlier events.",
    );
  });

  it("E17 is recorded for a parked event whose endpoint stays disabled or whose event is gone", async () => {
    const user = await gatehouse.signUp();
    const disabled = await startRefused(user);
    await using _receiver = disabled.receiver;
    const park = (id: string, ageHours: number) =>
      gatehouse.db.webhookDelivery.update({
        where: { id: rowIdOf(id) },
        data: {
          state: "PARKED",
          nextAttemptAt: new Date(0),
          occurredAt: new Date(Date.now() - ageHours * hour),
        },
      });
    await gatehouse.db.webhookEndpoint.update({
      where: disabled.ofEndpoint,
      data: { disabledAt: new Date() },
    });
    await park(disabled.delivery.id, 73);
    await expect.poll(disabled.read, { timeout: 10_000 }).toMatchObject({
      state: "GIVEN_UP",
      error: "The endpoint was disabled for as long as the event could be retried.",
    });

    const other = await gatehouse.signUp();
    const gone = await startRefused(other);
    await using _gone = gone.receiver;
    await gatehouse.db.workspaceEvent.deleteMany({
      where: { workspaceId: rowIdOf(other.workspaceId) },
    });
    await park(gone.delivery.id, 25);
    await expect.poll(gone.read, { timeout: 10_000 }).toMatchObject({
      state: "GIVEN_UP",
      error: "The event passed its retention before it could be retried.",
    });
  });
});

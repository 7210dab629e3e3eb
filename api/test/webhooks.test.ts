import { createServer as createHttpServer } from "node:http";
import type { AddressInfo } from "node:net";
import { Webhook } from "standardwebhooks";
import { describe, expect } from "vitest";
import {
  connect,
  createServer,
  type GraphQLAnswer,
  rowIdOf,
  type TestUser,
} from "./support/client.ts";
import { startGatehouse, type TestGatehouse } from "./support/gatehouse.ts";
import { it } from "./support/shared-gatehouse.ts";
import { startReceiver } from "./support/webhook-receiver.ts";

let gatehouse: TestGatehouse;
it.beforeAll(({ gatehouse: part }) => {
  gatehouse = part;
});

async function createWebhook(user: TestUser, url: string, types?: string[]) {
  const { createWebhookEndpoint } = await user.query(
    `mutation ($input: CreateWebhookEndpointInput!) {
      createWebhookEndpoint(input: $input) { signingSecret endpoint { id types } }
    }`,
    { input: { workspaceId: user.workspaceId, url, types } },
  );
  return createWebhookEndpoint as {
    signingSecret: string;
    endpoint: { id: string; types: string[] | null };
  };
}

async function readEndpoint(user: TestUser, id: string) {
  const { node } = await user.query(
    `query ($id: ID!) { node(id: $id) { ... on WebhookEndpoint {
      lastDeliveryAt failingSince disabledAt
      deliveries { nodes { id eventId type state attempts httpStatus error } }
    } } }`,
    { id },
  );
  return node;
}

/** Appends events as changes do, and wakes whoever delivers. */
async function appendEvents(user: TestUser, ...types: string[]): Promise<void> {
  for (const type of types)
    await gatehouse.db.$executeRaw`
      WITH counter AS (
        UPDATE "Workspace" SET "eventSeq" = "eventSeq" + 1 WHERE "id" = ${rowIdOf(user.workspaceId)}::uuid RETURNING "id", "eventSeq"
      )
      INSERT INTO "WorkspaceEvent" ("workspaceId", "seq", "id", "type", "payload")
      SELECT "id", "eventSeq", uuidv7(), ${type}::"WorkspaceEventType", '{}' FROM counter`;
  await gatehouse.db
    .$executeRaw`SELECT pg_notify('gatehouse', ${`workspace:${rowIdOf(user.workspaceId)}`})`;
}

const codeOf = ({ errors }: GraphQLAnswer) => errors?.[0]?.extensions["code"];

describe("webhooks", () => {
  it("deliver an event signed, under the id that a subscription has", async () => {
    const user = await gatehouse.signUp();
    await using receiver = await startReceiver();
    const { signingSecret, endpoint } = await createWebhook(user, receiver.url, [
      "OAUTH_STATE_CHANGED",
    ]);
    const serverId = await createServer(user, `${gatehouse.sandbox.url}/notes/mcp`);
    await using updates = user.subscribe(
      "subscription ($id: ID!, $after: String) { authStateChanged(workspaceId: $id, after: $after) { id } }",
      {
        id: user.workspaceId,
        after: (
          await user.query(
            "query ($id: ID!) { node(id: $id) { ... on Workspace { eventCursor } } }",
            {
              id: user.workspaceId,
            },
          )
        ).node.eventCursor,
      },
    );
    await connect(user, serverId);
    const { value } = await updates.next();
    const [delivery] = await receiver.received(1);
    if (!delivery) throw new Error("nothing came");
    const verified = new Webhook(signingSecret).verify(
      delivery.body,
      delivery.headers as Record<string, string>,
    ) as { type: string; data: Record<string, unknown> };
    expect(delivery.headers["webhook-id"]).toBe(value.data.authStateChanged.id);
    expect(verified.type).toBe("OAUTH_STATE_CHANGED");
    expect(verified.data).toMatchObject({
      id: value.data.authStateChanged.id,
      serverId,
      workspaceId: user.workspaceId,
      state: "CONNECTED",
      previousState: "DISCONNECTED",
    });
    await expect
      .poll(async () => (await readEndpoint(user, endpoint.id)).deliveries.nodes, {
        timeout: 10_000,
      })
      .toMatchObject([{ state: "DELIVERED", attempts: 1, httpStatus: 204, error: null }]);
    expect(gatehouse.log.join("\n")).not.toContain(signingSecret);
  });

  it("keep the order of the log while one event fails, and hold nobody else up", async () => {
    const user = await gatehouse.signUp();
    await using failing = await startReceiver();
    await using healthy = await startReceiver();
    let refusals = 2;
    failing.answer = ({ type }) =>
      type === "TOOLS_CHANGED" && refusals-- > 0 ? { status: 503 } : { status: 200 };
    const types = ["SERVER_CREATED", "TOOLS_CHANGED", "TOOL_EXECUTED"];
    const { endpoint } = await createWebhook(user, failing.url, types);
    await createWebhook(user, healthy.url, types);
    await appendEvents(user, ...types);
    expect((await healthy.received(3)).map(({ type }) => type)).toEqual([
      "SERVER_CREATED",
      "TOOLS_CHANGED",
      "TOOL_EXECUTED",
    ]);
    const deliveries = await failing.received(5);
    expect(deliveries.map(({ type }) => type)).toEqual([
      "SERVER_CREATED",
      "TOOLS_CHANGED",
      "TOOLS_CHANGED",
      "TOOLS_CHANGED",
      "TOOL_EXECUTED",
    ]);
    expect(new Set(deliveries.slice(1, 4).map(({ headers }) => headers["webhook-id"])).size).toBe(
      1,
    );
    await expect
      .poll(async () => (await readEndpoint(user, endpoint.id)).failingSince, { timeout: 10_000 })
      .toBeNull();
    // A delivery is recorded after the receiver has answered.
    await expect
      .poll(
        async () =>
          (await readEndpoint(user, endpoint.id)).deliveries.nodes.map(
            ({ type, attempts }: Record<string, unknown>) => [type, attempts],
          ),
        { timeout: 10_000 },
      )
      .toEqual([
        ["TOOL_EXECUTED", 1],
        ["TOOLS_CHANGED", 3],
        ["SERVER_CREATED", 1],
      ]);
  });

  it("hold nobody else up while a receiver keeps its answer to itself", async () => {
    const [slow, other] = [await gatehouse.signUp(), await gatehouse.signUp()];
    const silent = createHttpServer(() => asked.resolve());
    const asked = Promise.withResolvers<void>();
    let isAnswered = false;
    silent.on("connection", (socket) => socket.on("close", () => (isAnswered = true)));
    await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
    await using _silent = { [Symbol.asyncDispose]: async () => silent.closeAllConnections() };
    const { port } = silent.address() as AddressInfo;
    await createWebhook(slow, `http://127.0.0.1:${port}/hook`);
    await appendEvents(slow, "SERVER_CREATED");
    await asked.promise;
    await using receiver = await startReceiver();
    await createWebhook(other, receiver.url);
    for (let count = 1; count <= 3; count += 1) {
      await appendEvents(other, "SERVER_CREATED");
      await receiver.received(count);
    }
    expect(isAnswered).toBe(false);
  });

  it("park an event that has failed for a day, go on, and give up after three", async () => {
    const user = await gatehouse.signUp();
    await using receiver = await startReceiver();
    receiver.answer = ({ type }) => ({ status: type === "TOOLS_CHANGED" ? 400 : 200 });
    const { endpoint } = await createWebhook(user, receiver.url);
    const row = { id: rowIdOf(endpoint.id) };
    await appendEvents(user, "TOOLS_CHANGED", "TOOL_EXECUTED");
    await receiver.received(1);
    // A day later, after some attempts.
    const endpointId = row.id;
    await expect
      .poll(() => gatehouse.db.webhookEndpoint.findUnique({ where: row }))
      .toMatchObject({ failures: 1, leaseOwner: null });
    await gatehouse.db
      .$executeRaw`UPDATE "WorkspaceEvent" SET "occurredAt" = clock_timestamp() - interval '25 hours' WHERE "workspaceId" = ${rowIdOf(user.workspaceId)}::uuid`;
    await gatehouse.db.webhookEndpoint.update({
      where: row,
      data: { failures: 4, nextAttemptAt: new Date(0) },
    });
    expect((await receiver.received(3)).at(-1)?.type).toBe("TOOL_EXECUTED");
    const readParked = () =>
      gatehouse.db.webhookDelivery.findFirst({ where: { endpointId, type: "TOOLS_CHANGED" } });
    await expect.poll(readParked).toMatchObject({ state: "PARKED", httpStatus: 400 });
    await gatehouse.db.webhookDelivery.updateMany({
      where: { endpointId, type: "TOOLS_CHANGED" },
      data: { nextAttemptAt: new Date(0), occurredAt: new Date(Date.now() - 73 * 3_600_000) },
    });
    await expect.poll(readParked, { timeout: 10_000 }).toMatchObject({ state: "GIVEN_UP" });

    receiver.answer = () => ({ status: 200 });
    const parked = await readParked();
    const { resendWebhookDelivery } = await user.query(
      "mutation ($id: ID!) { resendWebhookDelivery(id: $id) { state httpStatus } }",
      { id: Buffer.from(`WebhookDelivery:${parked?.id}`).toString("base64url") },
    );
    expect(resendWebhookDelivery).toEqual({ state: "DELIVERED", httpStatus: 200 });
  });

  it("sign with both secrets while one is replaced, and tell what a test came to", async () => {
    const user = await gatehouse.signUp();
    await using receiver = await startReceiver();
    const created = await createWebhook(user, receiver.url, ["SERVER_CREATED"]);
    const { rotateWebhookSecret } = await user.query(
      "mutation ($id: ID!) { rotateWebhookSecret(id: $id) { signingSecret } }",
      { id: created.endpoint.id },
    );
    expect(rotateWebhookSecret.signingSecret).not.toBe(created.signingSecret);
    const test = () =>
      user.query(
        "mutation ($id: ID!) { testWebhookEndpoint(id: $id) { type state httpStatus error } }",
        { id: created.endpoint.id },
      );
    expect((await test()).testWebhookEndpoint).toEqual({
      type: null,
      state: "DELIVERED",
      httpStatus: 204,
      error: null,
    });
    const [delivery] = receiver.deliveries;
    if (!delivery) throw new Error("nothing came");
    for (const secret of [created.signingSecret, rotateWebhookSecret.signingSecret])
      expect(
        new Webhook(secret).verify(delivery.body, delivery.headers as Record<string, string>),
      ).toMatchObject({ type: "TEST" });
    // The day of the old secret is over.
    await gatehouse.db.webhookEndpoint.update({
      where: { id: rowIdOf(created.endpoint.id) },
      data: { previousSecretUntil: new Date(Date.now() - 1_000) },
    });
    await test();
    const later = receiver.deliveries.at(-1);
    const verifyLater = (secret: string) =>
      new Webhook(secret).verify(later?.body ?? "", later?.headers as Record<string, string>);
    expect(verifyLater(rotateWebhookSecret.signingSecret)).toMatchObject({ type: "TEST" });
    expect(() => verifyLater(created.signingSecret)).toThrow();
    receiver.answer = () => ({ status: 302, headers: { location: `${receiver.url}/elsewhere` } });
    expect((await test()).testWebhookEndpoint).toMatchObject({
      state: "GIVEN_UP",
      httpStatus: 302,
    });
    expect(receiver.deliveries).toHaveLength(3);
  });

  it.each([
    ["a second after the first failure", 0, {}, 1_000],
    ["twice as long each time", 4, {}, 16_000],
    ["an hour at most", 40, {}, 3_600_000],
    ["when the receiver asks for it, if that is later", 0, { "retry-after": "120" }, 120_000],
  ])("are tried again %s", async (_when, failures, headers, plainMs) => {
    const user = await gatehouse.signUp();
    await using receiver = await startReceiver();
    receiver.answer = () => ({ status: 503, headers });
    const { endpoint } = await createWebhook(user, receiver.url);
    const where = { id: rowIdOf(endpoint.id) };
    await gatehouse.db.webhookEndpoint.update({ where, data: { failures } });
    const [before] = await gatehouse.db.$queryRaw<[{ at: Date }]>`SELECT clock_timestamp() AS "at"`;
    await appendEvents(user, "TOOL_EXECUTED");
    await receiver.received(1);
    const read = () => gatehouse.db.webhookEndpoint.findUniqueOrThrow({ where });
    await expect.poll(read, { timeout: 10_000 }).toMatchObject({ failures: failures + 1 });
    const { nextAttemptAt } = await read();
    const [after] = await gatehouse.db.$queryRaw<[{ at: Date }]>`SELECT clock_timestamp() AS "at"`;
    const at = nextAttemptAt?.getTime() ?? 0;
    // A fifth more or less, from some moment in between.
    expect(at).toBeGreaterThanOrEqual(before.at.getTime() + 0.8 * plainMs);
    expect(at).toBeLessThanOrEqual(after.at.getTime() + 1.2 * plainMs);
  });

  it("go to no address that has become forbidden, and say so", async () => {
    const user = await gatehouse.signUp();
    await using receiver = await startReceiver();
    const { endpoint } = await createWebhook(user, receiver.url);
    for (const url of ["http://10.0.0.1/hook", "http://169.254.169.254/latest/meta-data/"]) {
      await gatehouse.db.webhookEndpoint.update({
        where: { id: rowIdOf(endpoint.id) },
        data: { url },
      });
      const { testWebhookEndpoint } = await user.query(
        "mutation ($id: ID!) { testWebhookEndpoint(id: $id) { state httpStatus error } }",
        { id: endpoint.id },
      );
      expect(testWebhookEndpoint).toMatchObject({ state: "GIVEN_UP", httpStatus: null });
      expect(testWebhookEndpoint.error).toMatch(/private|address|allowed/i);
    }
    expect(receiver.deliveries).toEqual([]);
  });

  it("stop when the receiver says that it is gone, until somebody turns them on", async () => {
    const user = await gatehouse.signUp();
    await using receiver = await startReceiver();
    receiver.answer = () => ({ status: 410 });
    const { endpoint } = await createWebhook(user, receiver.url);
    await appendEvents(user, "TOOL_EXECUTED");
    await receiver.received(1);
    await expect
      .poll(async () => (await readEndpoint(user, endpoint.id)).disabledAt, { timeout: 10_000 })
      .not.toBeNull();
    receiver.answer = () => ({ status: 200 });
    await appendEvents(user, "TOOLS_CHANGED");
    await user.query(
      "mutation ($id: ID!) { updateWebhookEndpoint(input: { id: $id, enabled: true }) { id } }",
      { id: endpoint.id },
    );
    expect((await receiver.received(3)).map(({ type }) => type)).toEqual([
      "TOOL_EXECUTED",
      "TOOL_EXECUTED",
      "TOOLS_CHANGED",
    ]);
  });

  it("E15 finish the delivery that a process is at when it stops, and another process goes on", async () => {
    await using own = await startGatehouse();
    const user = await own.signUp();
    await using receiver = await startReceiver();
    const answer = Promise.withResolvers<{ status: number }>();
    receiver.answer = () => answer.promise;
    await createWebhook(user, receiver.url);
    await createServer(user, own.sandbox.weatherUrl, { authType: "OAUTH" });
    await receiver.received(1);
    // The only process until now: it is the one that delivers.
    const other = user.at(await own.addProcess());
    const stopped = own.stopProcess(own.url);
    receiver.answer = () => ({ status: 200 });
    answer.resolve({ status: 200 });
    await stopped;
    await createServer(other, own.sandbox.weatherUrl, { authType: "OAUTH" });
    const ids = (await receiver.received(2)).map(({ headers }) => headers["webhook-id"]);
    const rows = await own.db.workspaceEvent.findMany({
      where: { workspaceId: rowIdOf(user.workspaceId), type: "SERVER_CREATED" },
      orderBy: { seq: "asc" },
    });
    expect(ids).toEqual(rows.map(({ id }) => id));
  });

  it("deliver each event once though several processes share the work", async () => {
    const user = await gatehouse.signUp();
    await gatehouse.addProcess();
    await using receiver = await startReceiver();
    await createWebhook(user, receiver.url);
    const types = Array.from({ length: 120 }, (_, index) =>
      index % 2 === 0 ? "TOOL_EXECUTED" : "TOOLS_CHANGED",
    );
    await appendEvents(user, ...types);
    const deliveries = await receiver.received(types.length);
    expect(deliveries.map(({ type }) => type)).toEqual(types);
    expect(new Set(deliveries.map(({ headers }) => headers["webhook-id"])).size).toBe(types.length);
  });

  it("are for admins alone, go to no forbidden address, and end with a deletion", async () => {
    const user = await gatehouse.signUp();
    const stranger = await gatehouse.signUp();
    await using receiver = await startReceiver();
    const { endpoint } = await createWebhook(user, receiver.url);
    const remove = "mutation ($id: ID!) { deleteWebhookEndpoint(id: $id) { id } }";
    expect(codeOf(await stranger.graphql(remove, { id: endpoint.id }))).toBe("NOT_FOUND");
    expect(
      (await stranger.query("query ($id: ID!) { node(id: $id) { id } }", { id: endpoint.id })).node,
    ).toBeNull();
    for (const url of [
      "http://10.0.0.1/hook",
      "http://169.254.169.254/",
      "javascript:alert(1)",
      "x",
    ]) {
      const answer = await user.graphql(
        `mutation ($input: CreateWebhookEndpointInput!) { createWebhookEndpoint(input: $input) { signingSecret } }`,
        { input: { workspaceId: user.workspaceId, url } },
      );
      expect(codeOf(answer), url).toBe("BAD_USER_INPUT");
    }
    await user.query(remove, { id: endpoint.id });
    expect(
      (await user.query("query ($id: ID!) { node(id: $id) { id } }", { id: endpoint.id })).node,
    ).toBeNull();
  });
});

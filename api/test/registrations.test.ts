import { beforeEach, describe, expect } from "vitest";
import {
  connect,
  createServer,
  readStatus,
  rowIdOf,
  startOAuth,
  type TestUser,
} from "./support/client.ts";
import type { TestGatehouse } from "./support/gatehouse.ts";
import { it } from "./support/shared-gatehouse.ts";

let gatehouse: TestGatehouse;
let ada: TestUser;
let serverId: string;

it.beforeAll(({ gatehouse: part, ada: user }) => {
  [gatehouse, ada] = [part, user];
});
beforeEach(async () => {
  gatehouse.sandbox.faults.clear();
  gatehouse.sandbox.traffic.reset();
  serverId = await createServer(ada, gatehouse.sandbox.notesUrl);
});

const registrations = () => gatehouse.sandbox.traffic.counters.registrations;

async function abandon(user = ada): Promise<void> {
  expect(await startOAuth(user, serverId)).toMatchObject({ __typename: "OAuthStarted" });
}

async function ageRegistration(): Promise<void> {
  await gatehouse.db.oAuthClient.updateMany({
    where: { serverId: rowIdOf(serverId) },
    data: { createdAt: new Date(Date.now() - 2 * 60 * 60_000) },
  });
}

describe("R10 dynamic registration", () => {
  it("happens once, whatever the number of processes that need one at once", async () => {
    const users = [ada, ada.at(await gatehouse.addProcess()), ada.at(await gatehouse.addProcess())];
    const attempts = users.flatMap((user) => [
      startOAuth(user, serverId),
      startOAuth(user, serverId),
    ]);
    for (const attempt of await Promise.all(attempts))
      expect(attempt).toMatchObject({ __typename: "OAuthStarted" });
    expect(registrations()).toBe(1);
  });

  it("is waited for while another process is at it, and what came of that is used", async () => {
    const { db, sandbox, url } = gatehouse;
    const id = rowIdOf(serverId);
    await db.$executeRaw`
      UPDATE "McpServer" SET "registrationLeaseOwner" = 'other', "registrationLeaseUntil" = clock_timestamp() + interval '1 minute'
      WHERE "id" = ${id}::uuid`;
    const { notes } = sandbox.traffic.counters;
    const attempt = startOAuth(ada, serverId);
    // By then it has looked for a client, or is about to.
    await expect.poll(() => sandbox.traffic.counters.notes).toBeGreaterThan(notes);
    const redirectUri = `${url}/oauth/callback`;
    const { clientId } = await sandbox.registerClient({
      redirectUri,
      tokenEndpointAuthMethod: "none",
    });
    await db.oAuthClient.create({
      data: {
        kind: "DYNAMIC",
        serverId: id,
        issuer: sandbox.url,
        redirectUri,
        clientId,
        tokenEndpointAuthMethod: "none",
      },
    });
    await db.$executeRaw`
      UPDATE "McpServer" SET "registrationLeaseOwner" = NULL, "registrationLeaseUntil" = NULL WHERE "id" = ${id}::uuid`;
    const started = await attempt;
    expect(new URL(started.authorizationUrl).searchParams.get("client_id")).toBe(clientId);
    expect(registrations()).toBe(0);
  });

  it("a process that died while it registered holds the others up, and not for ever", async () => {
    await gatehouse.db.$executeRaw`
      UPDATE "McpServer" SET "registrationLeaseOwner" = 'gone', "registrationLeaseUntil" = clock_timestamp() - interval '1 second'
      WHERE "id" = ${rowIdOf(serverId)}::uuid`;
    await abandon();
    expect(registrations()).toBe(1);
    const server = await gatehouse.db.mcpServer.findUniqueOrThrow({
      where: { id: rowIdOf(serverId) },
    });
    expect(server).toMatchObject({ registrationLeaseOwner: null, registrationLeaseUntil: null });
  });

  it("an attempt that is abandoned does not cost a second one", async () => {
    await abandon();
    await abandon();
    await connect(ada, serverId);
    expect(await readStatus(ada, serverId)).toMatchObject({ state: "CONNECTED" });
    expect(registrations()).toBe(1);
  });

  it("R9 but three that did not come back do, for then it is not the person", async () => {
    for (let attempt = 1; attempt <= 4; attempt += 1) await abandon();
    // They may all be under way yet.
    expect(registrations()).toBe(1);
    await gatehouse.db.oAuthFlow.updateMany({
      where: { serverId: rowIdOf(serverId) },
      data: { startedAt: new Date(Date.now() - 5 * 60_000) },
    });
    await abandon();
    expect(registrations()).toBe(2);
  });

  it("R9 and so does one, with a registration that is not of today", async () => {
    await abandon();
    await ageRegistration();
    await abandon();
    expect(registrations()).toBe(2);
  });

  it("is kept while somebody is connected with it, whoever abandons an attempt", async () => {
    await connect(ada, serverId);
    await ageRegistration();
    expect(await startOAuth(ada, serverId, { force: true })).toMatchObject({
      __typename: "OAuthStarted",
    });
    expect(await startOAuth(ada, serverId, { force: true })).toMatchObject({
      __typename: "OAuthStarted",
    });
    expect(registrations()).toBe(1);
  });

  it("R9 happens again at the next consent once its secret runs out, and not before", async () => {
    await connect(ada, serverId);
    const expireIn = (ms: number) =>
      gatehouse.db.oAuthClient.updateMany({
        where: { serverId: rowIdOf(serverId) },
        data: { clientSecretExpiresAt: new Date(Date.now() + ms) },
      });
    await expireIn(60 * 60_000);
    await connect(ada, serverId);
    expect(registrations()).toBe(1);
    await expireIn(30_000);
    await connect(ada, serverId);
    expect(registrations()).toBe(2);
    expect(await readStatus(ada, serverId)).toMatchObject({ state: "CONNECTED" });
  });
});

import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { generateKey, parseKeyring } from "#crypto/keyring.ts";
import { createSealedBox } from "#crypto/sealed-box.ts";
import { consent } from "#sandbox/testing/driver.ts";
import { watchClients } from "./support/client-traffic.ts";
import {
  connect,
  createServer,
  executeTool,
  readStatus,
  rowIdOf,
  startOAuth,
  type TestUser,
} from "./support/client.ts";
import { startGatehouse, type TestGatehouse } from "./support/gatehouse.ts";
import { awaitFailedTries, awaitReceipts, makeDue, readReceipts } from "./support/receipts.ts";

const encryptionKeys = generateKey("test");
let gatehouse: TestGatehouse;
let ada: TestUser;
let serverId: string;

beforeAll(async () => {
  gatehouse = await startGatehouse({ undoMs: 100, secrets: { encryptionKeys } });
  ada = await gatehouse.signUp("Ada");
});
afterAll(() => gatehouse[Symbol.asyncDispose]());
beforeEach(async () => {
  gatehouse.sandbox.faults.clear();
  serverId = await createServer(ada, gatehouse.sandbox.notesUrl);
});

const disconnect = (id: string) =>
  ada.query("mutation ($id: ID!) { disconnectOAuth(serverId: $id) { id } }", { id });
const deleteServer = (id: string) =>
  ada.query("mutation ($id: ID!) { deleteMcpServer(id: $id) { id } }", { id });
const readUserId = async () =>
  (await gatehouse.db.user.findUniqueOrThrow({ where: { email: ada.email.toLowerCase() } })).id;

describe("receipts", () => {
  it("tells who ended an account, why, and what the authorization server answered", async () => {
    await connect(ada, serverId);
    await disconnect(serverId);
    const userId = await readUserId();
    expect(await awaitReceipts(gatehouse, serverId)).toEqual([
      {
        what: "TOKENS",
        outcome: "CONFIRMED",
        attempts: 1,
        httpStatus: 200,
        reason: "DISCONNECTED_BY_USER",
        actorId: userId,
        userId,
      },
    ]);
  });

  it("the tokens are of no use afterwards: neither the access token nor the refresh token", async () => {
    await connect(ada, serverId);
    const tokens = await openTokens();
    await disconnect(serverId);
    await awaitReceipts(gatehouse, serverId);
    const call = await fetch(gatehouse.sandbox.notesUrl, {
      method: "POST",
      headers: {
        authorization: `Bearer ${tokens.accessToken}`,
        "content-type": "application/json",
        accept: "application/json, text/event-stream",
      },
      body: "{}",
    });
    expect(call.status).toBe(401);
    const refresh = await fetch(`${gatehouse.sandbox.url}/token`, {
      method: "POST",
      body: new URLSearchParams({
        grant_type: "refresh_token",
        refresh_token: tokens.refreshToken,
        client_id: tokens.clientId,
        client_secret: tokens.clientSecret,
      }),
    });
    expect(await refresh.json()).toMatchObject({ error: "invalid_grant" });
  });

  it("an authorization server that is away for a while is asked again until it confirms", async () => {
    await connect(ada, serverId);
    gatehouse.sandbox.faults.set("revocation-503");
    await disconnect(serverId);
    await awaitFailedTries(gatehouse, serverId);
    expect(await readReceipts(gatehouse, serverId)).toEqual([]);
    gatehouse.sandbox.faults.clear();
    const [receipt] = await awaitReceipts(gatehouse, serverId);
    expect(receipt).toMatchObject({ outcome: "CONFIRMED", httpStatus: 200 });
    expect(receipt?.attempts).toBeGreaterThan(1);
  });

  it("an authorization server without a revocation endpoint is UNSUPPORTED, and not asked again", async () => {
    gatehouse.sandbox.faults.set("no-revocation");
    // A Gatehouse of its own: metadata is remembered for ten minutes.
    await using fresh = await startGatehouse();
    fresh.sandbox.faults.set("no-revocation");
    const bob = await fresh.signUp("Bob");
    const id = await createServer(bob, fresh.sandbox.notesUrl);
    await connect(bob, id);
    await bob.query("mutation ($id: ID!) { disconnectOAuth(serverId: $id) { id } }", { id });
    expect(await awaitReceipts(fresh, id)).toMatchObject([
      { what: "TOKENS", outcome: "UNSUPPORTED", httpStatus: null },
    ]);
    expect(fresh.sandbox.traffic.counters.revocations).toBe(0);
  });

  it("a client that the authorization server has forgotten is REFUSED, and not asked again", async () => {
    await connect(ada, serverId);
    const { clientId } = await openTokens();
    gatehouse.sandbox.deleteClient(clientId);
    await disconnect(serverId);
    expect(await awaitReceipts(gatehouse, serverId)).toMatchObject([
      { outcome: "REFUSED", attempts: 1, httpStatus: 401 },
    ]);
  });

  it("gives up after 24 hours of trying", async () => {
    await connect(ada, serverId);
    gatehouse.sandbox.faults.set("revocation-503");
    await disconnect(serverId);
    await awaitFailedTries(gatehouse, serverId);
    const age = (hours: number) => gatehouse.db.$executeRaw`
      UPDATE "RevocationTask" SET "createdAt" = clock_timestamp() - make_interval(hours => ${hours}::int)
      WHERE "serverId" = ${rowIdOf(serverId)}::uuid`;
    await age(23);
    await makeDue(gatehouse);
    await awaitFailedTries(gatehouse, serverId, 2);
    await age(24);
    await makeDue(gatehouse);
    expect(await awaitReceipts(gatehouse, serverId)).toMatchObject([
      { outcome: "GIVEN_UP", attempts: 3, httpStatus: 503 },
    ]);
  });

  it("gives up after 24 hours on what nobody can open, and waits for a key that is missing", async () => {
    await connect(ada, serverId);
    gatehouse.sandbox.faults.set("revocation-503");
    await disconnect(serverId);
    await awaitFailedTries(gatehouse, serverId);
    gatehouse.sandbox.faults.clear();
    const where = { serverId: rowIdOf(serverId) };
    const { id, payload } = await gatehouse.db.revocationTask.findFirstOrThrow({ where });
    const traffic = await watchClients(gatehouse, serverId);
    const { revocations } = traffic();
    const keep = async (bytes: Uint8Array, hours: number) => {
      await gatehouse.db.$executeRaw`
        UPDATE "RevocationTask" SET "payload" = ${bytes}, "nextAttemptAt" = clock_timestamp(),
          "createdAt" = clock_timestamp() - make_interval(hours => ${hours}::int) WHERE "id" = ${id}::uuid`;
      // Given back for a while: it was tried.
      const isLeft = { id, leaseOwner: null, nextAttemptAt: { gt: new Date(Date.now() + 60_000) } };
      await expect
        .poll(() => gatehouse.db.revocationTask.count({ where: isLeft }), { timeout: 15_000 })
        .toBe(1);
    };
    const context = { table: "RevocationTask", column: "payload", rowId: id };
    const otherKey = createSealedBox(parseKeyring(generateKey("lost")));
    await keep(otherKey.seal("{}", context), 48);
    const broken = Buffer.from(payload);
    broken[broken.length - 1] = (broken.at(-1) ?? 0) ^ 1;
    await keep(broken, 23);
    await gatehouse.db.$executeRaw`
      UPDATE "RevocationTask" SET "createdAt" = clock_timestamp() - interval '24 hours' WHERE "id" = ${id}::uuid`;
    await makeDue(gatehouse);
    expect(await awaitReceipts(gatehouse, serverId)).toMatchObject([
      { outcome: "GIVEN_UP", attempts: 1, httpStatus: null, reason: "DISCONNECTED_BY_USER" },
    ]);
    expect(traffic().revocations).toBe(revocations);
  });

  it("no token, client secret or registration access token appears in an event, a log line or a task in clear", async () => {
    await connect(ada, serverId);
    const { clientId: _, ...secrets } = await openTokens();
    gatehouse.sandbox.faults.set("revocation-503");
    await deleteServer(serverId);
    await expect
      .poll(() => gatehouse.db.revocationTask.count({ where: { serverId: rowIdOf(serverId) } }), {
        timeout: 15_000,
      })
      .toBe(2);
    const tasks = await gatehouse.db.revocationTask.findMany();
    gatehouse.sandbox.faults.clear();
    await makeDue(gatehouse);
    await awaitReceipts(gatehouse, serverId, 2);
    const events = await gatehouse.db.workspaceEvent.findMany();
    const written = [
      JSON.stringify(events, (_key, value: unknown) =>
        typeof value === "bigint" ? String(value) : value,
      ),
      ...gatehouse.log,
      ...tasks.map(({ payload }) => Buffer.from(payload).toString("latin1")),
    ].join("\n");
    expect(Object.values(secrets)).toHaveLength(4);
    for (const [name, secret] of Object.entries(secrets))
      expect(written.includes(secret), name).toBe(false);
  });
});

describe("whatever happens to a process", () => {
  it("what a killed process was at is done by another one, once its lease has run out", async () => {
    await connect(ada, serverId);
    gatehouse.sandbox.faults.set("revocation-503");
    await disconnect(serverId);
    await awaitFailedTries(gatehouse, serverId);
    // As a process leaves it that dies between the commit and the authorization server's answer.
    await gatehouse.db.$executeRaw`
      UPDATE "RevocationTask" SET "attempts" = 0, "nextAttemptAt" = clock_timestamp(), "leaseOwner" = 'killed',
        "leaseUntil" = clock_timestamp() + interval '3 seconds'
      WHERE "serverId" = ${rowIdOf(serverId)}::uuid`;
    const { leaseUntil } = await gatehouse.db.revocationTask.findFirstOrThrow({
      where: { serverId: rowIdOf(serverId) },
    });
    gatehouse.sandbox.faults.clear();
    await gatehouse.addProcess();
    expect(await awaitReceipts(gatehouse, serverId)).toMatchObject([
      { outcome: "CONFIRMED", attempts: 1 },
    ]);
    const [event] = await gatehouse.db.workspaceEvent.findMany({
      where: { type: "TOKEN_REVOKED", serverId: rowIdOf(serverId) },
    });
    expect(event?.occurredAt.getTime()).toBeGreaterThanOrEqual(leaseUntil?.getTime() ?? Infinity);
  });

  it("R13 tokens that arrive for a grant that has ended meanwhile are revoked", async () => {
    await connect(ada, serverId);
    gatehouse.sandbox.expireAccessTokens();
    gatehouse.sandbox.faults.set("refresh-answer-held", { times: 1 });
    const call = executeTool(ada, serverId, "list_notes");
    await gatehouse.sandbox.faults.reached("refresh-answer-held");
    // Held too, so that the new tokens are still good when they arrive.
    gatehouse.sandbox.faults.set("revocation-503");
    await disconnect(serverId);
    gatehouse.sandbox.faults.clear("refresh-answer-held");
    await call;
    await expect
      .poll(() => gatehouse.db.revocationTask.count({ where: { serverId: rowIdOf(serverId) } }), {
        timeout: 15_000,
      })
      .toBe(2);
    gatehouse.sandbox.faults.clear();
    await makeDue(gatehouse);
    expect(await awaitReceipts(gatehouse, serverId, 2)).toMatchObject([
      { outcome: "CONFIRMED", reason: "DISCONNECTED_BY_USER" },
      { outcome: "CONFIRMED", reason: "DISCONNECTED_BY_USER" },
    ]);
  });

  it("R13 and so are those for a grant that has died meanwhile", async () => {
    await connect(ada, serverId);
    gatehouse.sandbox.expireAccessTokens();
    gatehouse.sandbox.faults.set("refresh-answer-held", { times: 1 });
    const call = executeTool(ada, serverId, "list_notes");
    await gatehouse.sandbox.faults.reached("refresh-answer-held");
    await gatehouse.db.oAuthGrant.updateMany({
      where: { serverId: rowIdOf(serverId) },
      data: {
        state: "REAUTH_REQUIRED",
        reason: "AUTHORIZATION_SERVER_CHANGED",
        accessToken: null,
        refreshToken: null,
        version: { increment: 1 },
      },
    });
    gatehouse.sandbox.faults.clear();
    expect(await call).toMatchObject({ reason: "AUTHORIZATION_SERVER_CHANGED" });
    expect(await awaitReceipts(gatehouse, serverId)).toMatchObject([
      { what: "TOKENS", outcome: "CONFIRMED", reason: "AUTHORIZATION_SERVER_CHANGED" },
    ]);
  });

  it("R13 even when its server is gone for good, with a receipt in the right log", async () => {
    await connect(ada, serverId);
    gatehouse.sandbox.expireAccessTokens();
    gatehouse.sandbox.faults.set("refresh-answer-held", { times: 1 });
    const call = ada.graphql(
      `mutation ($id: ID!) { executeTool(input: { serverId: $id, toolName: "list_notes" }) {
        __typename ... on ReauthRequired { server { id } }
      } }`,
      { id: serverId },
    );
    await gatehouse.sandbox.faults.reached("refresh-answer-held");
    await deleteServer(serverId);
    // The tokens as they were, and the registration.
    await awaitReceipts(gatehouse, serverId, 2);
    gatehouse.sandbox.faults.clear();
    expect((await call).errors?.[0]?.extensions["code"]).toBe("NOT_FOUND");
    const receipts = await awaitReceipts(gatehouse, serverId, 3);
    expect(receipts[2]).toMatchObject({ what: "TOKENS", reason: "DISCONNECTED_BY_USER" });
  });
});

describe("clients that are shared", () => {
  it("R18 two servers at one authorization server, one deleted: the other goes on", async () => {
    const weatherId = await createServer(ada, gatehouse.sandbox.weatherUrl);
    await connect(ada, serverId);
    await connect(ada, weatherId);
    await deleteServer(serverId);
    expect(await awaitReceipts(gatehouse, serverId, 2)).toMatchObject([
      { what: "TOKENS", outcome: "CONFIRMED" },
      { what: "REGISTRATION", outcome: "CONFIRMED" },
    ]);
    gatehouse.sandbox.expireAccessTokens();
    expect(await executeTool(ada, weatherId, "get_forecast", { city: "Lisbon" })).toMatchObject({
      __typename: "ToolExecuted",
    });
    expect(await readStatus(ada, weatherId)).toMatchObject({ state: "CONNECTED" });
  });

  it("R18 tokens of a pre-registered client are kept while a grant of that owner lives through it, and revoked with the last", async () => {
    const { clientId, clientSecret } = await gatehouse.sandbox.registerClient({
      redirectUri: `${gatehouse.url}/oauth/callback`,
    });
    const settings = { oauthClientId: clientId, oauthClientSecret: clientSecret };
    const notesId = await createServer(ada, gatehouse.sandbox.notesUrl, settings);
    const weatherId = await createServer(ada, gatehouse.sandbox.weatherUrl, settings);
    await connect(ada, notesId);
    await connect(ada, weatherId);
    const traffic = await watchClients(gatehouse, notesId);
    const { revocations } = traffic();
    await deleteServer(notesId);
    expect(await awaitReceipts(gatehouse, notesId)).toMatchObject([
      { what: "TOKENS", outcome: "KEPT_SHARED", attempts: 0, httpStatus: null },
    ]);
    expect(traffic().revocations).toBe(revocations);
    gatehouse.sandbox.expireAccessTokens();
    expect(await executeTool(ada, weatherId, "get_forecast", { city: "Lisbon" })).toMatchObject({
      __typename: "ToolExecuted",
    });
    await disconnect(weatherId);
    expect(await awaitReceipts(gatehouse, weatherId)).toMatchObject([{ outcome: "CONFIRMED" }]);
    expect(traffic().revocations).toBeGreaterThan(revocations);
  });
});

describe("a consent after a revocation", () => {
  it("what is open is revoked before the new consent starts", async () => {
    await connect(ada, serverId);
    gatehouse.sandbox.faults.set("revocation-503");
    await disconnect(serverId);
    await awaitFailedTries(gatehouse, serverId);
    gatehouse.sandbox.faults.clear();
    const started = await startOAuth(ada, serverId);
    expect(await readReceipts(gatehouse, serverId)).toMatchObject([{ outcome: "CONFIRMED" }]);
    await ada.consent(started.authorizationUrl);
    expect(await readStatus(ada, serverId)).toMatchObject({ state: "CONNECTED" });
  });

  it("R18 what cannot be revoked before is kept once the consent has brought a grant", async () => {
    await connect(ada, serverId);
    gatehouse.sandbox.faults.set("revocation-503");
    await disconnect(serverId);
    await awaitFailedTries(gatehouse, serverId);
    await connect(ada, serverId);
    const traffic = await watchClients(gatehouse, serverId);
    const { revocations } = traffic();
    gatehouse.sandbox.faults.clear();
    await makeDue(gatehouse);
    expect(await awaitReceipts(gatehouse, serverId)).toMatchObject([{ outcome: "KEPT_SHARED" }]);
    expect(traffic().revocations).toBe(revocations);
    gatehouse.sandbox.expireAccessTokens();
    expect(await executeTool(ada, serverId, "list_notes")).toMatchObject({
      __typename: "ToolExecuted",
    });
  });

  it("waits for as long as the consent may take, and is revoked when the consent came to nothing", async () => {
    await connect(ada, serverId);
    gatehouse.sandbox.faults.set("revocation-503");
    await disconnect(serverId);
    await awaitFailedTries(gatehouse, serverId);
    await startOAuth(ada, serverId);
    gatehouse.sandbox.faults.clear();
    const [wait] = await gatehouse.db.$queryRaw<{ minutes: number }[]>`
      SELECT (extract(epoch FROM "nextAttemptAt" - clock_timestamp()) / 60)::float8 AS "minutes"
      FROM "RevocationTask" WHERE "serverId" = ${rowIdOf(serverId)}::uuid`;
    expect(wait?.minutes).toBeGreaterThan(10);
    await makeDue(gatehouse);
    expect(await awaitReceipts(gatehouse, serverId)).toMatchObject([{ outcome: "CONFIRMED" }]);
  });

  it("a consent does not start while a revocation of its account is being sent", async () => {
    await connect(ada, serverId);
    gatehouse.sandbox.faults.set("revocation-hangs", { times: 1 });
    await disconnect(serverId);
    await gatehouse.sandbox.faults.reached("revocation-hangs");
    let isReleased = false;
    const starting = startOAuth(ada, serverId).then(() => isReleased);
    // Its attempt is there; then it has time for much more than its discovery, which is cached, takes.
    await expect
      .poll(() => gatehouse.db.oAuthFlow.count({ where: { status: "PENDING", stateHash: null } }), {
        timeout: 15_000,
      })
      .toBe(1);
    for (let i = 0; i < 20; i++) await readStatus(ada, serverId);
    isReleased = true;
    gatehouse.sandbox.faults.clear();
    expect(await starting).toBe(true);
  });

  it("tokens that a new consent has superseded are never revoked", async () => {
    await connect(ada, serverId);
    const traffic = await watchClients(gatehouse, serverId);
    const { revocations } = traffic();
    await connect(ada, serverId);
    expect(
      await gatehouse.db.revocationTask.count({ where: { serverId: rowIdOf(serverId) } }),
    ).toBe(0);
    expect(traffic().revocations).toBe(revocations);
    expect(await readReceipts(gatehouse, serverId)).toEqual([]);
  });

  it("the revocation after a disconnect does not end what the next consent brings", async () => {
    await connect(ada, serverId);
    gatehouse.sandbox.faults.set("revocation-503");
    await disconnect(serverId);
    const started = await startOAuth(ada, serverId);
    const { callbackUrl } = await consent({
      authorizationUrl: started.authorizationUrl,
      login: "ada",
      decision: "allow",
    });
    await awaitFailedTries(gatehouse, serverId);
    await ada.open(callbackUrl);
    gatehouse.sandbox.faults.clear();
    await makeDue(gatehouse);
    expect(await awaitReceipts(gatehouse, serverId)).toMatchObject([{ outcome: "KEPT_SHARED" }]);
    gatehouse.sandbox.expireAccessTokens();
    expect(await executeTool(ada, serverId, "list_notes")).toMatchObject({
      __typename: "ToolExecuted",
    });
  });
});

describe("registrations", () => {
  it("RFC 7592 a deleted server's registration is deleted after its tokens", async () => {
    await connect(ada, serverId);
    const { clientId } = await openTokens();
    gatehouse.sandbox.faults.set("revocation-503");
    const traffic = await watchClients(gatehouse, serverId);
    const { registrationDeletions } = traffic();
    await deleteServer(serverId);
    await expect
      .poll(
        () =>
          gatehouse.db.revocationTask.count({
            where: {
              serverId: rowIdOf(serverId),
              kind: "TOKENS",
              attempts: { gte: 1 },
              leaseOwner: null,
            },
          }),
        { timeout: 15_000 },
      )
      .toBe(1);
    expect(traffic().registrationDeletions).toBe(registrationDeletions);
    gatehouse.sandbox.faults.clear();
    await makeDue(gatehouse);
    expect(await awaitReceipts(gatehouse, serverId, 2)).toMatchObject([
      { what: "TOKENS", outcome: "CONFIRMED" },
      { what: "REGISTRATION", outcome: "CONFIRMED", httpStatus: 204, userId: null },
    ]);
    expect(gatehouse.sandbox.deleteClient(clientId), "it is gone there").toBe(false);
  });

  it("RFC 7592 a registration that a newer one has replaced is deleted once nobody uses it, and the grant goes on", async () => {
    await connect(ada, serverId);
    const before = await openTokens();
    await gatehouse.db.oAuthClient.updateMany({
      where: { serverId: rowIdOf(serverId) },
      data: { clientSecretExpiresAt: new Date() },
    });
    gatehouse.sandbox.faults.set("registration-deletion-503", { times: 1 });
    await connect(ada, serverId);
    const after = await openTokens();
    expect(after.clientId).not.toBe(before.clientId);
    await awaitFailedTries(gatehouse, serverId);
    await makeDue(gatehouse);
    expect(await awaitReceipts(gatehouse, serverId, 2)).toMatchObject([
      { what: "TOKENS", outcome: "CONFIRMED", reason: null },
      { what: "REGISTRATION", outcome: "CONFIRMED", attempts: 2, reason: null, actorId: null },
    ]);
    expect(gatehouse.sandbox.deleteClient(before.clientId)).toBe(false);
    gatehouse.sandbox.expireAccessTokens();
    expect(await executeTool(ada, serverId, "list_notes")).toMatchObject({
      __typename: "ToolExecuted",
    });
  });

  it("RFC 7592 a registration that is valid, or in use though replaced, is left alone", async () => {
    const unused = await createServer(ada, gatehouse.sandbox.notesUrl);
    await connect(ada, unused);
    await disconnect(unused);
    await awaitReceipts(gatehouse, unused);
    const used = await createServer(ada, gatehouse.sandbox.weatherUrl);
    await connect(ada, used);
    const where = { serverId: rowIdOf(used) };
    const { issuer, redirectUri } = await gatehouse.db.oAuthClient.findFirstOrThrow({ where });
    await gatehouse.db.oAuthClient.create({
      data: {
        ...where,
        issuer,
        redirectUri,
        kind: "DYNAMIC",
        clientId: "a newer one",
        tokenEndpointAuthMethod: "none",
      },
    });
    // One that is to go, so that it shows when all have been looked at.
    await connect(ada, serverId);
    await gatehouse.db.oAuthClient.updateMany({
      where: { serverId: rowIdOf(serverId) },
      data: { clientSecretExpiresAt: new Date() },
    });
    await connect(ada, serverId);
    await awaitReceipts(gatehouse, serverId, 2);
    expect(await readReceipts(gatehouse, used)).toEqual([]);
    expect(await readReceipts(gatehouse, unused)).toMatchObject([{ what: "TOKENS" }]);
    const serverIds = [unused, used].map(rowIdOf);
    expect(
      await gatehouse.db.revocationTask.count({ where: { serverId: { in: serverIds } } }),
    ).toBe(0);
    gatehouse.sandbox.expireAccessTokens();
    expect(await executeTool(ada, used, "get_forecast", { city: "Lisbon" })).toMatchObject({
      __typename: "ToolExecuted",
    });
    await connect(ada, unused);
    expect(await readStatus(ada, unused)).toMatchObject({ state: "CONNECTED" });
  });
});

/** What is sealed of the server's account. */
async function openTokens() {
  const box = createSealedBox(parseKeyring(encryptionKeys));
  const grant = await gatehouse.db.oAuthGrant.findFirstOrThrow({
    where: { serverId: rowIdOf(serverId) },
    include: { client: true },
  });
  const open = (table: string, column: string, rowId: string, sealed: Uint8Array | null = null) => {
    if (!sealed) throw new Error(`no ${column}`);
    return box.open(sealed, { table, column, rowId });
  };
  const { client } = grant;
  if (!client) throw new Error("no client");
  return {
    accessToken: open("OAuthGrant", "accessToken", grant.id, grant.accessToken),
    refreshToken: open("OAuthGrant", "refreshToken", grant.id, grant.refreshToken),
    clientId: client.clientId,
    clientSecret: open("OAuthClient", "clientSecret", client.id, client.clientSecret),
    registrationAccessToken: open(
      "OAuthClient",
      "registrationAccessToken",
      client.id,
      client.registrationAccessToken,
    ),
  };
}

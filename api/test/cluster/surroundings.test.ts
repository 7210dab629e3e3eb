import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { executeTool, readStatus, startOAuth } from "../support/client.ts";
import { consent } from "#sandbox/testing/driver.ts";
import { type Account, type Cluster, startCluster } from "./cluster.ts";
import { rounds, shortLimits } from "./limits.ts";
import { readMonotonicMs } from "./timeline.ts";
import { type OwnPostgres, startOwnPostgres } from "./own-postgres.ts";
import {
  answersOf,
  countReauthEvents,
  countRefreshes,
  expectOneSendingPerLease,
  expectPatience,
} from "./promises.ts";

const resources = new AsyncDisposableStack();
let postgres: OwnPostgres;
let cluster: Cluster;
let account: Account;

// No clock of a process counts: all that is tried here holds while they are two minutes apart.
const twoMinutesMs = 120_000;

beforeAll(async () => {
  postgres = resources.use(await startOwnPostgres());
  cluster = resources.use(
    await startCluster({
      databaseUrl: postgres.url,
      limits: shortLimits,
      clockShiftsMs: [0, twoMinutesMs, -twoMinutesMs],
    }),
  );
});
afterAll(() => resources.disposeAsync());
beforeEach(async () => {
  await cluster.mend();
  account = await cluster.connectAccount();
});
afterEach(async ({ task }) => {
  cluster.record.print(task.name, account);
  await cluster.forgetAccount(account);
});

const callsEach = 10;

/** Runs the token out, calls, and holds the answer to the refresh that follows. */
async function callWithHeldAnswer() {
  await cluster.runOut(account);
  cluster.sandbox.faults.set("refresh-answer-held", { times: 1 });
  const calls = cluster.call(account, callsEach);
  await cluster.sandbox.faults.reached("refresh-answer-held");
  return {
    calls,
    letGo() {
      cluster.record.note("authorization server", "lets the held answer go");
      cluster.sandbox.faults.clear("refresh-answer-held");
    },
  };
}

/** Nobody was asked to sign in, and calls succeed everywhere. */
async function expectGoodGrant(): Promise<void> {
  expect(answersOf(await cluster.call(account, 1))).toEqual(["ToolExecuted"]);
  expect(await countReauthEvents(cluster, account)).toBe(0);
  expect(await readStatus(cluster.ada, account.serverId)).toMatchObject({
    state: "CONNECTED",
    reason: null,
  });
}

const isOfTokens = (receipt: string) => receipt.includes("TOKENS");

describe.for(Array.from({ length: rounds }, (_, round) => round + 1))("round %i", () => {
  it("R11 R17 process clocks two minutes apart: nobody refreshes a good token, one request for one that ran out", async () => {
    // Good for 170 s, due in 110 s; a clock that is two minutes fast would have it due.
    await cluster.db.$executeRaw`
      UPDATE "OAuthGrant" SET "accessTokenExpiresAt" = clock_timestamp() + interval '170 seconds'
      WHERE "id" = ${account.grantId}::uuid`;
    cluster.sandbox.traffic.reset();
    expect(answersOf(await cluster.call(account, callsEach))).toEqual(["ToolExecuted"]);
    expect(countRefreshes(cluster, account)).toBe(0);
    await cluster.runOut(account);
    expect(answersOf(await cluster.call(account, callsEach))).toEqual(["ToolExecuted"]);
    expect(countRefreshes(cluster, account)).toBe(1);
    await expectGoodGrant();
    expect(countRefreshes(cluster, account)).toBe(1);
  });

  it("D11 process clocks two minutes apart: the later discovery wins wherever it was asked for", async () => {
    const readAge = async () => {
      const [catalog] = await cluster.db.$queryRaw<{ fetchedAt: Date; isNew: boolean }[]>`
        SELECT "fetchedAt", "fetchedAt" BETWEEN clock_timestamp() - interval '1 minute' AND clock_timestamp() AS "isNew"
        FROM "ToolCatalog" WHERE "serverId" = ${account.serverRowId}::uuid`;
      return catalog;
    };
    let last = (await readAge())?.fetchedAt.getTime() ?? Infinity;
    for (const process of [...cluster.processes, ...cluster.processes.toReversed()]) {
      await cluster.ada
        .at(process.url)
        .query("mutation ($id: ID!) { refreshTools(serverId: $id) { id } }", {
          id: account.serverId,
        });
      const catalog = await readAge();
      expect(catalog?.isNew).toBe(true);
      expect(catalog?.fetchedAt.getTime()).toBeGreaterThan(last);
      last = catalog?.fetchedAt.getTime() ?? Infinity;
    }
  });

  it("R7 R13 database away in mid-refresh for longer than the lease: one token request, nobody is asked to sign in", async () => {
    const { calls, letGo } = await callWithHeldAnswer();
    cluster.record.note("database", "is stopped");
    for (const process of cluster.processes) process.database.cut();
    letGo();
    await postgres.stop();
    // Whatever the answers are while it is away: nobody is sent to the consent page for it.
    const outcomes = await calls;
    expect(answersOf(outcomes)).not.toContain("ReauthRequired");
    const lease = cluster.record.stages.find(({ stage }) => stage === "leased");
    await cluster.record.untilMs((lease?.atMs ?? 0) + 1.1 * shortLimits.leaseTtlMs);
    cluster.moveDatabase(await postgres.start());
    cluster.record.note("database", "is back");
    await expect
      .poll(async () => answersOf(await cluster.call(account, 1)), { timeout: 60_000 })
      .toEqual(["ToolExecuted"]);
    await expectGoodGrant();
    expect(countRefreshes(cluster, account)).toBe(1);
  });

  it("R1 NOTIFY lost: the poll tells the waiters, one token request", async () => {
    for (const process of cluster.processes) process.database.losesNotifications = true;
    await cluster.runOut(account);
    const { grantId } = account;
    const struck = cluster.strike({ grantId, stage: "answered", signal: "SIGSTOP" });
    const calls = cluster.call(account, 2).then((outcomes) => {
      return { outcomes, endedAtMs: readMonotonicMs() };
    });
    const holder = await struck;
    // It stores the answer once the others wait for it.
    await expect
      .poll(
        () => {
          const held = cluster.record.stages.filter(({ stage }) => stage === "held");
          return new Set(held.map(({ process }) => process)).size;
        },
        { timeout: shortLimits.leaseTtlMs },
      )
      .toBe(cluster.processes.length - 1);
    holder.continue();
    const { outcomes, endedAtMs } = await calls;
    expect(answersOf(outcomes)).toEqual(["ToolExecuted"]);
    expect(countRefreshes(cluster, account)).toBe(1);
    // Not left to the end of the lease, which they would have seen without any word.
    const lease = cluster.record.stages.find(({ stage }) => stage === "leased");
    expect(endedAtMs).toBeLessThan((lease?.atMs ?? 0) + shortLimits.leaseTtlMs);
    await expectGoodGrant();
  });

  it("R7 authorization server slower than the deadline: a retryable answer, and the next try works", async () => {
    await cluster.runOut(account);
    cluster.sandbox.faults.set("token-endpoint-hangs");
    const outcomes = await cluster.call(account, callsEach);
    expect(answersOf(outcomes)).toEqual(["ServerUnreachable"]);
    expectPatience(cluster, outcomes);
    cluster.sandbox.faults.clear();
    await expect
      .poll(async () => answersOf(await cluster.call(account, 1)), { timeout: 60_000 })
      .toEqual(["ToolExecuted"]);
    // The same refresh token every time, for none was used up.
    const refreshes = cluster.record.readRefreshes(account);
    expect(new Set(refreshes.map(({ refreshTokenMark }) => refreshTokenMark)).size).toBe(1);
    expectOneSendingPerLease(cluster, account);
    await expectGoodGrant();
  });

  it("R7 R8 an answer after the deadline is lost: at most one more request, one event", async () => {
    const { calls } = await callWithHeldAnswer();
    expect(["ServerUnreachable", "ReauthRequired"]).toEqual(
      expect.arrayContaining(answersOf(await calls)),
    );
    await expect
      .poll(async () => answersOf(await cluster.call(account, 1)), { timeout: 60_000 })
      .toEqual(["ReauthRequired"]);
    cluster.sandbox.faults.clear();
    expect(answersOf(await cluster.call(account, callsEach))).toEqual(["ReauthRequired"]);
    await expect.poll(() => countRefreshes(cluster, account)).toBe(2);
    expect(await countReauthEvents(cluster, account)).toBe(1);
    expectOneSendingPerLease(cluster, account);
  });

  it("R13 account disconnected in mid-refresh: the new tokens are revoked, and nothing of them is kept", async () => {
    const { calls, letGo } = await callWithHeldAnswer();
    await cluster.ada.query("mutation ($id: ID!) { disconnectOAuth(serverId: $id) { id } }", {
      id: account.serverId,
    });
    letGo();
    expect(answersOf(await calls)).toEqual(["ReauthRequired"]);
    // A receipt for what was held at the disconnection, and one for what the held answer brought.
    await expect
      .poll(
        async () => {
          const receipts = await cluster.db.workspaceEvent.findMany({
            where: { serverId: account.serverRowId, type: "TOKEN_REVOKED" },
          });
          return receipts.map(({ payload }) => JSON.stringify(payload)).filter(isOfTokens).length;
        },
        { timeout: 60_000 },
      )
      .toBe(2);
    expect(
      await cluster.db.oAuthGrant.findUniqueOrThrow({ where: { id: account.grantId } }),
    ).toMatchObject({ state: "DISCONNECTED", accessToken: null, refreshToken: null });
    expect(countRefreshes(cluster, account)).toBe(1);
  });

  it("R3 grant replaced by a new consent in mid-refresh: the answer is discarded, the new grant serves", async () => {
    const { ada } = cluster;
    const { authorizationUrl } = await startOAuth(ada, account.serverId, { force: true });
    const { callbackUrl } = await consent({ authorizationUrl, login: "ada", decision: "allow" });
    const { calls, letGo } = await callWithHeldAnswer();
    await ada.open(callbackUrl);
    const { refreshToken } = await cluster.db.oAuthGrant.findUniqueOrThrow({
      where: { id: account.grantId },
    });
    letGo();
    expect(answersOf(await calls)).toEqual(["ToolExecuted"]);
    expect(countRefreshes(cluster, account)).toBe(1);
    const kept = await cluster.db.oAuthGrant.findUniqueOrThrow({ where: { id: account.grantId } });
    expect(kept.refreshToken).toEqual(refreshToken);
    await cluster.runOut(account);
    expect(await executeTool(ada, account.serverId, "list_notes")).toMatchObject({
      __typename: "ToolExecuted",
    });
    await expectGoodGrant();
  });
});

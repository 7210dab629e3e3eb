import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { refreshLimits } from "#oauth/lease-request.ts";
import { createTestDatabase } from "../support/database.ts";
import { type Account, type Cluster, startCluster } from "./cluster.ts";
import { rounds } from "./limits.ts";
import { answersOf, countReauthEvents, countRefreshes, expectPatience } from "./promises.ts";

const resources = new AsyncDisposableStack();
let cluster: Cluster;
let account: Account;

beforeAll(async () => {
  const { url } = resources.use(await createTestDatabase());
  cluster = resources.use(await startCluster({ databaseUrl: url, limits: refreshLimits }));
  account = await cluster.connectAccount();
});
afterAll(() => resources.disposeAsync());

const calls = 500;

describe.for(Array.from({ length: rounds }, (_, round) => round + 1))("expiry %i", (round) => {
  it("R1 R2 500 calls at once over three processes cost one token request, and none fails", async () => {
    await cluster.mend();
    await cluster.runOut(account);
    // The answer waits until the last call has come: all of them are under way at once.
    cluster.sandbox.faults.set("refresh-answer-held", { times: 1 });
    const share = Math.ceil(calls / cluster.processes.length);
    const outcomes = cluster.call(account, share);
    await cluster.sandbox.faults.reached("refresh-answer-held");
    await expect
      .poll(() => cluster.record.requests, { timeout: refreshLimits.requestDeadlineMs })
      .toBeGreaterThanOrEqual(calls);
    cluster.sandbox.faults.clear("refresh-answer-held");
    expect(answersOf(await outcomes)).toEqual(["ToolExecuted"]);
    expect(countRefreshes(cluster, account)).toBe(1);
    expect(await countReauthEvents(cluster, account)).toBe(0);
    expectPatience(cluster, await outcomes);
    cluster.record.print(`${(await outcomes).length} calls, expiry ${round}`, account);
  });
});

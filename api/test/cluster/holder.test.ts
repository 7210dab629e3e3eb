import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { readStatus } from "../support/client.ts";
import { createTestDatabase } from "../support/database.ts";
import { type Account, type Cluster, startCluster } from "./cluster.ts";
import { rounds, shortLimits } from "./limits.ts";
import {
  answersOf,
  countReauthEvents,
  countRefreshes,
  expectOneSendingPerLease,
  expectPatience,
} from "./promises.ts";

const resources = new AsyncDisposableStack();
let cluster: Cluster;
let account: Account;

beforeAll(async () => {
  const { url } = resources.use(await createTestDatabase());
  cluster = resources.use(await startCluster({ databaseUrl: url, limits: shortLimits }));
});
afterAll(() => resources.disposeAsync());
beforeEach(async () => {
  await cluster.mend();
  account = await cluster.connectAccount();
  await cluster.runOut(account);
});
afterEach(async ({ task }) => {
  cluster.record.print(task.name, account);
  await cluster.forgetAccount(account);
});

const callsEach = 10;

describe.for(Array.from({ length: rounds }, (_, round) => round + 1))("round %i", () => {
  it("R1 R3 holder killed before sending: nobody fails, one token request", async () => {
    const { grantId } = account;
    const struck = cluster.strike({ grantId, stage: "leased", signal: "SIGKILL" });
    const calls = cluster.call(account, callsEach);
    const victim = await struck;
    const outcomes = (await calls).filter(({ process }) => process !== victim.name);
    expect(answersOf(outcomes)).toEqual(["ToolExecuted"]);
    expect(countRefreshes(cluster, account)).toBe(1);
    expect(await countReauthEvents(cluster, account)).toBe(0);
    expectOneSendingPerLease(cluster, account);
    expectPatience(cluster, outcomes);
  });

  it("R1 R3 holder killed after the refresh token was used up: one more request, one REFRESH_INTERRUPTED", async () => {
    const { grantId } = account;
    const struck = cluster.strike({ grantId, stage: "answered", signal: "SIGKILL" });
    const calls = cluster.call(account, callsEach);
    const victim = await struck;
    const outcomes = (await calls).filter(({ process }) => process !== victim.name);
    expect(answersOf(outcomes)).toEqual(["ReauthRequired"]);
    expect(new Set(outcomes.map(({ reason }) => reason))).toEqual(new Set(["REFRESH_INTERRUPTED"]));
    expect(countRefreshes(cluster, account)).toBe(2);
    expect(await countReauthEvents(cluster, account)).toBe(1);
    const [survivor] = cluster.processes.filter((process) => process !== victim);
    expect(await readStatus(cluster.ada.at(survivor?.url ?? ""), account.serverId)).toMatchObject({
      state: "REAUTH_REQUIRED",
      reason: "REFRESH_INTERRUPTED",
    });
    expectOneSendingPerLease(cluster, account);
    expectPatience(cluster, outcomes);
  });

  it.for([
    ["when it has the lease", "leased"],
    ["on the open connection, before the first byte", "sending"],
  ] as const)(
    "R3 holder stopped %s, and continued after its lease: it does not send",
    async ([, stage]) => {
      const { grantId } = account;
      const struck = cluster.strike({ grantId, stage, signal: "SIGSTOP" });
      const calls = Promise.all(
        cluster.processes.map(async (process) => {
          const outcomes = await cluster.call(account, callsEach, [process]);
          return { process, outcomes };
        }),
      );
      const victim = await struck;
      const survivors = cluster.processes.filter((process) => process !== victim);
      // One more at each of the others: answered only once somebody has refreshed.
      const others = await cluster.call(account, 1, survivors);
      expect(answersOf(others)).toEqual(["ToolExecuted"]);
      cluster.record.note(victim.name, "SIGCONT");
      victim.continue();
      const outcomes = (await calls).flatMap((each) => each.outcomes);
      expect(answersOf(outcomes)).toEqual(["ToolExecuted"]);
      expect(countRefreshes(cluster, account)).toBe(1);
      expect(await countReauthEvents(cluster, account)).toBe(0);
      expectPatience(cluster, others);
    },
  );
});

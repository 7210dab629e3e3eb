/** What Gatehouse depends on goes away, lies or jumps, under steady load and with subscribers; run by `pnpm faults`. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { FaultName } from "#sandbox/sandbox.ts";
import { countKeyUses } from "#storage/key-uses.ts";
import { OwnProgram } from "../support/own-program.ts";
import { createTestDatabase } from "../support/database.ts";
import { type Audience, gatherAudience } from "./audience.ts";
import { type Account, type Cluster, startCluster } from "./cluster.ts";
import { isFull, shortLimits } from "./limits.ts";
import { reportPromises } from "./promise-report.ts";
import { countRefreshes } from "./promises.ts";
import { startLoad, type SteadyLoad } from "./steady-load.ts";

const patience = { timeout: 120_000, interval: 50 };
const hourMs = 3_600_000;

describe.runIf(isFull)("outside world", { timeout: 600_000 }, () => {
  const resources = new AsyncDisposableStack();
  let cluster: Cluster;
  let token: string;

  beforeAll(async () => {
    const { url } = resources.use(await createTestDatabase());
    cluster = resources.use(await startCluster({ databaseUrl: url, limits: shortLimits }));
    const { ada } = cluster;
    const { createApiToken } = await ada.query(
      `mutation ($input: CreateApiTokenInput!) { createApiToken(input: $input) { secret } }`,
      { input: { workspaceId: ada.workspaceId, name: "dashboard", scope: "READ" } },
    );
    token = createApiToken.secret;
  });
  afterAll(() => resources.disposeAsync());
  beforeEach(() => cluster.mend());

  interface Scene extends AsyncDisposable {
    account: Account;
    load: SteadyLoad;
    audience: Audience;
    /** The token's time is up; resolves when calls have been answered with a new one. */
    refresh(): Promise<void>;
    /** Checks and prints all promises. */
    report(title: string, mayAnswer?: readonly string[]): Promise<void>;
    expiries: number;
  }

  /** An account at an MCP server that is up while the authorization server is down, calls, and subscribers. */
  async function setScene(): Promise<Scene> {
    const stack = new AsyncDisposableStack();
    const account = await cluster.connectAccount("weather");
    stack.defer(() => cluster.forgetAccount(account));
    const urls = cluster.processes.map(({ url }) => url);
    const audience = stack.use(
      await gatherAudience({ cluster, token, urls, writers: urls, each: 1 }),
    );
    const load = stack.use(startLoad(cluster, account));
    const scene: Scene = {
      account,
      load,
      audience,
      expiries: 0,
      async refresh() {
        const before = countSuccesses(account);
        scene.expiries += 1;
        await cluster.expire(account);
        await expect.poll(() => countSuccesses(account), patience).toBe(before + 1);
        await load.answers("ToolExecuted");
      },
      report: (title, mayAnswer) =>
        reportPromises(title, {
          cluster,
          account,
          load,
          audience,
          expiries: scene.expiries,
          mayAnswer,
        }),
      [Symbol.asyncDispose]: () => stack.disposeAsync(),
    };
    await load.answers("ToolExecuted");
    return scene;
  }

  const countSuccesses = (account: Account) =>
    cluster.record.readRefreshes(account).filter(({ status }) => status === 200).length;

  it("R7 R13 authorization server down: good tokens serve, a refresh waits for it, nobody is asked to sign in", async ({
    task,
  }) => {
    await using scene = await setScene();
    const { account, audience, load } = scene;
    audience.note("the authorization server refuses connections");
    await cluster.sandbox.interrupt("main");
    await load.answers("ToolExecuted", 60);
    expect(load.outcomes.every(({ answer }) => answer === "ToolExecuted")).toBe(true);
    scene.expiries += 1;
    await cluster.expire(account);
    await load.answers("ServerUnreachable", 30);
    expect(countRefreshes(cluster, account)).toBe(0);
    await cluster.sandbox.resume();
    audience.note("it is back");
    await load.answers("ToolExecuted", 30);
    await scene.report(task.name, ["ServerUnreachable"]);
    expect(countRefreshes(cluster, account)).toBe(1);
  });

  it("R7 R13 authorization server goes down in mid-refresh, before it has the request: one refresh afterwards", async ({
    task,
  }) => {
    await using scene = await setScene();
    const { account, audience, load } = scene;
    cluster.sandbox.faults.set("token-endpoint-hangs");
    scene.expiries += 1;
    await cluster.expire(account);
    await cluster.sandbox.faults.reached("token-endpoint-hangs");
    audience.note("the authorization server goes down with the request");
    await cluster.sandbox.interrupt("main");
    cluster.sandbox.faults.clear();
    await load.answers("ServerUnreachable", 30);
    await cluster.sandbox.resume();
    audience.note("it is back");
    await load.answers("ToolExecuted", 30);
    expect(countSuccesses(account)).toBe(1);
    await scene.report(task.name, ["ServerUnreachable"]);
  });

  const lies: [string, FaultName][] = [
    ["a page of HTML", "token-endpoint-html"],
    ["JSON that is cut off", "token-endpoint-nonsense"],
    ["an answer without access_token", "token-endpoint-omits-access-token"],
  ];
  it.for(lies)(
    "R7 authorization server answers a refresh 200 with %s: the grant is kept, and the next try works",
    async ([, lie], { task }) => {
      await using scene = await setScene();
      const { account, audience, load } = scene;
      cluster.sandbox.faults.set(lie);
      audience.note("the authorization server lies");
      scene.expiries += 1;
      await cluster.expire(account);
      await cluster.sandbox.faults.reached(lie);
      await load.answers("ServerUnreachable", 30);
      // Backed off: not once for each call.
      expect(countRefreshes(cluster, account)).toBeLessThan(load.outcomes.length / 6);
      cluster.sandbox.faults.clear();
      audience.note("it tells the truth");
      await load.answers("ToolExecuted", 30);
      const sent = cluster.record.readRefreshes(account);
      expect(new Set(sent.map(({ refreshTokenMark }) => refreshTokenMark)).size).toBe(1);
      await scene.report(task.name, ["ServerUnreachable"]);
    },
  );

  it("MCP server down and back: calls fail meanwhile and succeed afterwards, no token request", async ({
    task,
  }) => {
    await using scene = await setScene();
    const { account, audience, load } = scene;
    audience.note("the MCP server refuses connections");
    await cluster.sandbox.interrupt("weather");
    await load.answers("ServerUnreachable", 30);
    await cluster.sandbox.resume();
    audience.note("it is back, without the sessions it had");
    await cluster.sandbox.dropWeatherSessions();
    await load.answers("ToolExecuted", 60);
    expect(countRefreshes(cluster, account)).toBe(0);
    await scene.refresh();
    await scene.report(task.name, ["ServerUnreachable", "ToolExecutionFailed"]);
  });

  it("R11 R17 clocks jump an hour ahead, back, and behind while calls go on: one token request for each expiry", async ({
    task,
  }) => {
    await using scene = await setScene();
    const { account, audience, load } = scene;
    for (const shiftMs of [hourMs, 0, -hourMs, 0]) {
      for (const process of cluster.processes) {
        audience.note(`${process.name}'s clock jumps to ${shiftMs / 60_000} min`);
        await process.jump(shiftMs);
        await load.answers("ToolExecuted");
        await scene.refresh();
      }
    }
    expect(countRefreshes(cluster, account)).toBe(scene.expiries);
    // Nor between the writing of a request and its answer.
    cluster.sandbox.faults.set("refresh-answer-held", { times: 1 });
    scene.expiries += 1;
    await cluster.expire(account);
    await cluster.sandbox.faults.reached("refresh-answer-held");
    await Promise.all(cluster.processes.map((process) => process.jump(24 * hourMs)));
    audience.note("all clocks jump a day ahead in mid-refresh");
    cluster.sandbox.faults.clear();
    await load.answers("ToolExecuted", 30);
    expect(countRefreshes(cluster, account)).toBe(scene.expiries);
    await Promise.all(cluster.processes.map((process) => process.jump(0)));
    await scene.report(task.name);
  });

  it("keys rotated while calls and refreshes go on: nobody signs in again, nothing needs the old key", async ({
    task,
  }) => {
    await using scene = await setScene();
    const { audience } = scene;
    const [oldId = ""] = cluster.encryptionKeys.split(":");
    const oldKey = cluster.encryptionKeys;
    const keys = async (...args: string[]): Promise<string> => {
      const run = new OwnProgram("api/commands/keys.ts", args, cluster.environmentOf(1));
      const exitCode = await run.ended;
      audience.note(`keys ${args.join(" ")}: ${exitCode}`);
      expect(run.output, run.output).toBeTruthy();
      expect(exitCode, run.output).toBe(0);
      return run.output;
    };
    /** One after the other, as in the operations guide. */
    const restartAll = async (list: string) => {
      cluster.encryptionKeys = list;
      for (const process of cluster.processes) {
        await process.terminate();
        await process.start();
        audience.note(`${process.name} has new keys`);
        await scene.refresh();
      }
    };
    const newKey = /k\d{8}:[\w+/=-]+/.exec(await keys("add"))?.[0] ?? "";
    const [newId] = newKey.split(":");
    await restartAll(`${oldKey},${newKey}`);
    await keys("promote");
    await restartAll(`${newKey},${oldKey}`);
    const resealing = keys("reseal");
    await scene.refresh();
    await resealing;
    await scene.refresh();
    await keys("remove", oldId);
    await restartAll(newKey);
    const uses = await countKeyUses(cluster.db);
    expect(new Set(uses.map(({ keyId }) => keyId))).toEqual(new Set([newId]));
    // A call that was under way when its process was told to stop, or that came when it had stopped listening.
    await scene.report(task.name, ["lost"]);
  });
});

import { describe, expect, it } from "vitest";
import type { GrantFetch } from "./ports.ts";
import {
  advanceUntil,
  createTestWorld,
  grantId,
  interceptStore,
  type StoreMethod,
} from "./testing/world.ts";
import { drainMicrotasks } from "./testing/virtual-time.ts";

const refreshed = { kind: "token", accessToken: "access-1", version: 2, expiresInMs: 3_600_000 };

describe("the authorization server fails", () => {
  const html = '<html>{"error":"invalid_grant"}</html>';
  it.each<[string, () => Response | Promise<Response>]>([
    ["503", () => new Response("", { status: 503 })],
    ["502 with HTML that looks like invalid_grant", () => new Response(html, { status: 502 })],
    [
      "500 with a JSON invalid_grant",
      () => Response.json({ error: "invalid_grant" }, { status: 500 }),
    ],
    ["429", () => Response.json({ error: "invalid_grant" }, { status: 429 })],
    ["400 with HTML", () => new Response(html, { status: 400 })],
    ["200 with nothing", () => new Response("")],
    ["200 with garbage", () => Response.json(["access_token"])],
    ["a redirect", () => Response.redirect("https://elsewhere.example/token", 307)],
    [
      "another OAuth error",
      () => Response.json({ error: "temporarily_unavailable" }, { status: 400 }),
    ],
    ["connection refused", () => Promise.reject(new TypeError("fetch failed"))],
  ])("R7 %s: grant kept, no event, backed off, mended by itself", async (_name, answer) => {
    const { endpoint, startProcess, grants, time } = createTestWorld();
    const { ask, reports } = startProcess();
    endpoint.answerNext(answer);
    expect(await ask()).toMatchObject({ kind: "transient", retryAfterMs: 1_000 });
    expect(grants.row(grantId)).toMatchObject({ leaseId: null, retryAt: 1_000, deadReason: null });
    expect(await ask()).toMatchObject({ kind: "transient", retryAfterMs: 1_000 });
    expect(endpoint.received).toHaveLength(1);
    expect(grants.deaths).toEqual([]);
    expect(reports).toMatchObject([{ outcome: "transient" }]);
    await time.advance(1_000);
    expect(await ask()).toEqual(refreshed);
    expect(endpoint.received).toEqual(["refresh-0", "refresh-0"]);
  });

  it("R7 backs off for longer each time, up to 15 seconds, and for as long as it is asked to, up to five minutes", async () => {
    const { endpoint, startProcess, time } = createTestWorld();
    const { ask } = startProcess();
    const waits: number[] = [];
    for (let failure = 0; failure < 8; failure++) {
      endpoint.answerNext(() => new Response("", { status: 503 }));
      const answer = await ask();
      if (answer.kind === "transient") waits.push(answer.retryAfterMs);
      await time.advance(waits.at(-1) ?? 0);
    }
    expect(waits).toEqual([1_000, 2_000, 4_000, 8_000, 15_000, 15_000, 15_000, 15_000]);
    const patient = { status: 429, headers: { "retry-after": "90" } };
    endpoint.answerNext(() => new Response("", patient));
    expect(await ask()).toMatchObject({ kind: "transient", retryAfterMs: 90_000 });
    await time.advance(90_000);
    const endless = { status: 503, headers: { "retry-after": "86400" } };
    endpoint.answerNext(() => new Response("", endless));
    expect(await ask()).toMatchObject({ kind: "transient", retryAfterMs: 300_000 });
    await time.advance(300_000);
    expect(await ask()).toEqual(refreshed);
    await time.advance(3_600_000);
    endpoint.answerNext(() => new Response("", { status: 503 }));
    expect(await ask()).toMatchObject({ kind: "transient", retryAfterMs: 1_000 });
  });

  it("R7 tells a person who gave no token, that nothing is lost, and when the next try is possible", async () => {
    const { endpoint, startProcess, time } = createTestWorld();
    const { ask } = startProcess();
    const tell = (why: string, when: string) => ({
      detail: `The authorization server as.example did not refresh the access token${why}. Nothing was lost. The next attempt is possible in ${when}.`,
    });
    endpoint.answerNext(() => new Response("", { status: 503 }));
    expect(await ask()).toMatchObject(tell(" (HTTP 503)", "1 second"));
    await time.advance(1_000);
    endpoint.answerNext(() => new Response("", { status: 503 }));
    expect(await ask()).toMatchObject(tell(" (HTTP 503)", "2 seconds"));
    await time.advance(500);
    expect(await ask()).toMatchObject(tell("", "2 seconds"));
    await time.advance(500);
    expect(await startProcess().ask()).toMatchObject(tell("", "1 second"));
  });

  it("R7 a back-off holds in every process", async () => {
    const { endpoint, startProcess } = createTestWorld();
    endpoint.answerNext(() => new Response("", { status: 503 }));
    await startProcess().ask();
    expect(await startProcess().ask()).toMatchObject({ kind: "transient", retryAfterMs: 1_000 });
    expect(endpoint.received).toHaveLength(1);
  });

  it("R7 waiters of other processes are told at once", async () => {
    const { endpoint, startProcess, time } = createTestWorld();
    const held = endpoint.holdNext();
    const first = startProcess().ask();
    await held.arrived;
    const other = startProcess().ask();
    await time.untilSleeping(1_000);
    await time.advance(500);
    await advanceUntil(time, first, 20_000);
    expect(await other).toMatchObject({ kind: "transient" });
    expect(endpoint.received).toHaveLength(1);
  });

  it("R7 a refused token is not served again because its refresh failed", async () => {
    const { endpoint, startProcess, time } = createTestWorld({ grant: { expiresInMs: 3_600_000 } });
    await time.advance(60_000);
    endpoint.answerNext(() => new Response("", { status: 503 }));
    expect(await startProcess().ask({ rejected: "access-0" })).toMatchObject({ kind: "transient" });
  });

  it("R7 nobody fails while the token still works", async () => {
    const { endpoint, startProcess, time } = createTestWorld({ grant: { expiresInMs: 30_000 } });
    const { ask } = startProcess();
    const old = { kind: "token", accessToken: "access-0" };
    endpoint.answerNext(() => new Response("", { status: 503 }));
    expect(await ask()).toMatchObject(old);
    expect(await ask()).toMatchObject(old);
    expect(await ask({ rejected: "access-0" })).toMatchObject({ kind: "transient" });
    expect(endpoint.received).toHaveLength(1);
    await time.advance(30_000);
    expect(await ask()).toEqual(refreshed);
  });

  it("a token that still works is not waited for longer than five seconds", async () => {
    const { endpoint, startProcess, time, grants } = createTestWorld({
      grant: { expiresInMs: 30_000 },
    });
    const { ask } = startProcess();
    const held = endpoint.holdNext();
    const answer = ask();
    await held.arrived;
    await time.advance(5_000);
    expect(await answer).toMatchObject({ accessToken: "access-0", expiresInMs: 25_000 });
    held.answer();
    await drainMicrotasks();
    expect(grants.row(grantId)?.grant.accessToken).toBe("access-1");
    expect(await ask()).toMatchObject({ accessToken: "access-1" });
  });

  it("C11 the request is destroyed at 20 s, even when nobody listens to the abort", async () => {
    for (const deaf of [false, true]) {
      const { endpoint, startProcess, time } = createTestWorld();
      endpoint.holdNext();
      let signal: AbortSignal | null | undefined;
      const fetchFor: GrantFetch = async () => (input, init) => {
        signal = init?.signal;
        return endpoint.fetch(input, deaf ? { ...init, signal: null } : init);
      };
      const answer = startProcess({ fetchFor }).ask();
      await time.untilSleeping(20_000);
      await time.advance(19_999);
      let settled = false;
      void answer.then(() => {
        settled = true;
      });
      await drainMicrotasks();
      expect([settled, signal?.aborted]).toEqual([false, false]);
      await time.advance(1);
      expect(signal?.aborted).toBe(true);
      expect(await answer).toMatchObject({ kind: "transient", detail: /in time/ as unknown });
    }
  });

  it("no fetch to be had: the lease is given back", async () => {
    const { endpoint, startProcess, grants } = createTestWorld();
    const fetchFor = (): Promise<never> => Promise.reject(new Error("no policy"));
    expect(await startProcess({ fetchFor }).ask()).toMatchObject({ kind: "transient" });
    expect(grants.row(grantId)).toMatchObject({ leaseId: null });
    expect(endpoint.received).toEqual([]);
  });
});

it("newer tokens that have run out already are not served", async () => {
  const { startProcess, grants, time } = createTestWorld({ endpoint: { expiresInS: 1 } });
  const readOld = Promise.withResolvers<void>();
  const goOn = Promise.withResolvers<void>();
  const slow = startProcess({
    grants: interceptStore(grants.connect(), async (method, run) => {
      if (method === "takeLease") {
        readOld.resolve();
        await goOn.promise;
      }
      return await run();
    }),
  });
  const answer = slow.ask();
  await readOld.promise;
  expect(await startProcess().ask()).toMatchObject({ accessToken: "access-1" });
  time.jump(2_000);
  goOn.resolve();
  expect(await answer).toMatchObject({ kind: "transient" });
});

describe("the grant is dead", () => {
  it("R8 invalid_grant: dead once, one event, no more calls", async () => {
    const { endpoint, startProcess, grants } = createTestWorld({ grant: { refreshToken: "used" } });
    const processes = [startProcess(), startProcess(), startProcess()];
    const answers = await Promise.all(processes.flatMap(({ ask }) => [ask(), ask()]));
    const dead = { kind: "dead", reason: "GRANT_INVALID" };
    for (const answer of answers) expect(answer).toEqual(dead);
    for (const { ask } of processes) expect(await ask({ rejected: "access-0" })).toEqual(dead);
    expect(endpoint.received).toEqual(["used"]);
    expect(grants.deaths).toEqual([{ grantId, reason: "GRANT_INVALID" }]);
  });

  it("R9 invalid_client is its own reason", async () => {
    const { endpoint, startProcess, grants } = createTestWorld();
    endpoint.answerNext(() => Response.json({ error: "invalid_client" }, { status: 401 }));
    expect(await startProcess().ask()).toEqual({ kind: "dead", reason: "CLIENT_INVALID" });
    expect(grants.deaths).toEqual([{ grantId, reason: "CLIENT_INVALID" }]);
  });

  it("dies even when the token would still work", async () => {
    const grant = { refreshToken: "used", expiresInMs: 30_000 };
    expect(await createTestWorld({ grant }).startProcess().ask()).toEqual({
      kind: "dead",
      reason: "GRANT_INVALID",
    });
  });

  it("R8 the database is away when the grant dies: no more calls, one event later", async () => {
    const { endpoint, startProcess, grants, time } = createTestWorld({
      grant: { refreshToken: "used" },
    });
    const { ask, unreachable } = startProcess();
    unreachable.add("markDead");
    const dead = { kind: "dead", reason: "GRANT_INVALID" };
    expect(await ask()).toEqual(dead);
    expect(await ask()).toEqual(dead);
    expect(grants.deaths).toEqual([]);
    unreachable.clear();
    await time.advance(10_000);
    expect(grants.deaths).toEqual([{ grantId, reason: "GRANT_INVALID" }]);
    expect(await ask()).toEqual(dead);
    expect(endpoint.received).toEqual(["used"]);
  });
});

describe("a process dies or stops", () => {
  /** Where it is killed: just before or just after a call. */
  const points: [when: "before" | "after", what: StoreMethod | "fetch", lost: boolean][] = [
    ["before", "read", false],
    ["after", "read", false],
    ["before", "takeLease", false],
    ["after", "takeLease", false],
    ["before", "fetch", false],
    ["after", "fetch", true],
    ["before", "storeTokens", true],
    ["after", "storeTokens", false],
  ];
  const never = new Promise<never>(() => {});

  it.each(points)("R3 killed %s %s", async (when, what, lost) => {
    const { endpoint, startProcess, grants, time } = createTestWorld();
    const reached = Promise.withResolvers<void>();
    const killAt = async <T>(name: string, run: () => Promise<T>): Promise<T> => {
      if (name !== what) return await run();
      if (when === "after") await run();
      victim.kill();
      reached.resolve();
      return await never;
    };
    const victim = startProcess({
      grants: interceptStore(grants.connect(), killAt),
      fetchFor: async () => (input, init) => killAt("fetch", () => endpoint.fetch(input, init)),
    });
    void victim.ask();
    await reached.promise;

    const survivors = [startProcess(), startProcess()];
    const answers = Promise.all(survivors.flatMap(({ ask }) => [ask(), ask()]));
    for (const answer of await advanceUntil(time, answers, 65_000)) {
      if (lost) expect(answer).toEqual({ kind: "dead", reason: "REFRESH_INTERRUPTED" });
      else expect(answer).toMatchObject({ kind: "token", accessToken: "access-1" });
    }
    expect(endpoint.received).toHaveLength(lost ? 2 : 1);
    expect(grants.deaths).toHaveLength(lost ? 1 : 0);
  });

  it("killed after sending, before the server used the token up: nobody notices", async () => {
    const { endpoint, startProcess, time } = createTestWorld();
    const sent = Promise.withResolvers<void>();
    endpoint.answerNext(() => {
      sent.resolve();
      return never;
    });
    const victim = startProcess();
    void victim.ask();
    await sent.promise;
    victim.kill();
    const answer = advanceUntil(time, startProcess().ask(), 46_000);
    expect(await answer).toMatchObject({ accessToken: "access-1" });
    expect(endpoint.received).toEqual(["refresh-0", "refresh-0"]);
  });

  it("in doubt, and the one attempt meets a 503: the doubt stays", async () => {
    const { endpoint, startProcess, time } = createTestWorld();
    const victim = startProcess();
    const held = endpoint.holdNext();
    void victim.ask();
    await held.arrived;
    victim.kill();
    const { ask, reports } = startProcess();
    endpoint.answerNext(() => new Response("", { status: 503 }));
    expect(await advanceUntil(time, ask(), 50_000)).toMatchObject({ kind: "transient" });
    await time.advance(1_000);
    expect(await ask()).toEqual({ kind: "dead", reason: "REFRESH_INTERRUPTED" });
    expect(reports).toMatchObject([{ inDoubt: true }, { inDoubt: true }]);
  });

  it("R3 paused between lease and sending: sends nothing under the old lease", async () => {
    const { endpoint, startProcess, grants, time } = createTestWorld();
    let pauses = 1;
    const fetchFor: GrantFetch = async () => {
      if (pauses-- > 0) time.jump(25_000);
      return endpoint.fetch;
    };
    const leases: number[] = [];
    const process = startProcess({
      fetchFor,
      grants: interceptStore(grants.connect(), (method, run) => {
        if (method === "takeLease") leases.push(time.monotonicMs());
        return run();
      }),
    });
    expect(await process.ask()).toMatchObject({ accessToken: "access-1" });
    expect(leases).toEqual([0, 25_000]);
    expect(endpoint.received).toEqual(["refresh-0"]);
  });

  it("a lease with just enough time left is used", async () => {
    const { endpoint, startProcess, time } = createTestWorld();
    const { ask, calls } = startProcess({
      fetchFor: async () => {
        time.jump(24_999);
        return endpoint.fetch;
      },
    });
    expect(await ask()).toMatchObject({ accessToken: "access-1" });
    expect(calls).toEqual(["read", "takeLease", "storeTokens"]);
  });

  it("R3 paused for longer than the lease, and another process refreshes meanwhile", async () => {
    const { endpoint, startProcess, grants, time } = createTestWorld();
    const stopped = Promise.withResolvers<void>();
    const goOn = Promise.withResolvers<void>();
    const fetchFor: GrantFetch = async () => {
      stopped.resolve();
      await goOn.promise;
      return endpoint.fetch;
    };
    const paused = startProcess({ fetchFor }).ask();
    await stopped.promise;
    time.jump(60_000);
    expect(await startProcess().ask()).toMatchObject({ accessToken: "access-1" });
    goOn.resolve();
    expect(await paused).toMatchObject({ accessToken: "access-1", version: 2 });
    expect(endpoint.received).toEqual(["refresh-0"]);
    expect(grants.deaths).toEqual([]);
  });

  it("R3 paused while connecting: the fetch is stopped before the first byte", async () => {
    const { endpoint, startProcess, time } = createTestWorld();
    let pauses = 1;
    const fetchFor: GrantFetch = async (_serverId, beforeSend) => async (input, init) => {
      if (pauses-- > 0) time.jump(30_000);
      beforeSend();
      return await endpoint.fetch(input, init);
    };
    const { ask, reports } = startProcess({ fetchFor });
    expect(await ask()).toMatchObject({ accessToken: "access-1" });
    expect(endpoint.received).toEqual(["refresh-0"]);
    expect(reports).toMatchObject([{ outcome: "refreshed" }]);
  });

  it("R3 a waiter that gives up gets a retryable answer, never an unguarded refresh", async () => {
    const { endpoint, startProcess, grants, time } = createTestWorld();
    const row = grants.row(grantId);
    if (row) Object.assign(row, { leaseId: "held for ever", leaseUntil: Infinity });
    const started = time.monotonicMs();
    const answer = await advanceUntil(time, startProcess().ask(), 120_000);
    expect(answer).toMatchObject({ kind: "transient" });
    expect(time.monotonicMs() - started).toBeGreaterThanOrEqual(65_000);
    expect(time.monotonicMs() - started).toBeLessThan(67_000);
    expect(endpoint.received).toEqual([]);
  });
});

describe("the grant changes in mid-refresh", () => {
  it("R3 replaced by a new consent: the answer is discarded and not revoked", async () => {
    const { endpoint, startProcess, grants, putGrant } = createTestWorld();
    const { ask, revoked } = startProcess();
    const held = endpoint.holdNext();
    const answer = ask();
    await held.arrived;
    putGrant({ accessToken: "consented", refreshToken: "fresh", expiresInMs: 3_600_000 });
    held.answer();
    expect(await answer).toMatchObject({ kind: "token", accessToken: "consented", version: 2 });
    expect(grants.row(grantId)?.grant.refreshToken).toBe("fresh");
    expect(revoked).toEqual([]);
  });

  it("R13 replaced by a consent at another authorization server: the answer is revoked", async () => {
    const { endpoint, startProcess, putGrant } = createTestWorld();
    const { ask, revoked } = startProcess();
    const held = endpoint.holdNext();
    const answer = ask();
    await held.arrived;
    const issuer = "https://other.example";
    putGrant({ issuer, accessToken: "consented", expiresInMs: 3_600_000 });
    held.answer();
    expect(await answer).toMatchObject({ kind: "token", accessToken: "consented" });
    expect(revoked).toMatchObject([{ accessToken: "access-1", refreshToken: "refresh-1" }]);
  });

  it("R3 replaced, and the old refresh token proves dead: the new grant lives", async () => {
    const { endpoint, startProcess, grants, putGrant } = createTestWorld({
      grant: { refreshToken: "used" },
    });
    const held = endpoint.holdNext();
    const answer = startProcess().ask();
    await held.arrived;
    putGrant({ accessToken: "consented", refreshToken: "fresh", expiresInMs: 3_600_000 });
    held.answer();
    expect(await answer).toMatchObject({ kind: "token", accessToken: "consented" });
    expect(grants.deaths).toEqual([]);
  });

  it("R13 dead meanwhile: the new tokens, which no grant holds, are revoked, and it stays dead", async () => {
    const { endpoint, startProcess, grants } = createTestWorld();
    const { ask, revoked } = startProcess();
    const held = endpoint.holdNext();
    const answer = ask();
    await held.arrived;
    const version = grants.row(grantId)?.grant.version ?? 0;
    await grants.connect().markDead(grantId, version, "AUTHORIZATION_SERVER_CHANGED");
    held.answer();
    const dead = { kind: "dead", reason: "AUTHORIZATION_SERVER_CHANGED" };
    expect(await answer).toEqual(dead);
    expect(await ask()).toEqual(dead);
    expect(revoked).toMatchObject([{ accessToken: "access-1", refreshToken: "refresh-1" }]);
  });

  it("R13 deleted: the new tokens are revoked, also when the outbox is out of reach at first", async () => {
    const { endpoint, startProcess, grants, time } = createTestWorld();
    const { ask, revoked, unreachable } = startProcess();
    unreachable.add("revokeLater");
    const held = endpoint.holdNext();
    const answer = ask();
    await held.arrived;
    grants.delete(grantId);
    held.answer();
    await answer;
    expect(await ask()).toEqual({ kind: "gone" });
    unreachable.clear();
    await time.advance(1_000);
    expect(revoked).toMatchObject([{ accessToken: "access-1", refreshToken: "refresh-1" }]);
  });
});

describe("the database is away", () => {
  const everything: StoreMethod[] = ["read", "takeLease", "storeTokens", "markDead", "release"];

  it("R13 in mid-refresh: served from memory, written when it is back, sent once", async () => {
    const { endpoint, startProcess, grants, time } = createTestWorld();
    const { ask, unreachable, reports } = startProcess();
    const held = endpoint.holdNext();
    const answer = ask();
    await held.arrived;
    for (const method of everything) unreachable.add(method);
    held.answer();
    expect(await answer).toEqual(refreshed);
    await time.advance(120_000);
    expect(await ask()).toMatchObject({ accessToken: "access-1", expiresInMs: 3_480_000 });
    expect(grants.row(grantId)?.grant.version).toBe(1);
    unreachable.clear();
    // Back, but the answer is not yet in: the old refresh token must not be sent again.
    expect(await ask()).toMatchObject({ accessToken: "access-1" });
    await time.advance(10_000);
    expect(grants.row(grantId)?.grant).toMatchObject({ version: 2, refreshToken: "refresh-1" });
    expect(await ask()).toMatchObject({ accessToken: "access-1", version: 2 });
    expect(endpoint.received).toEqual(["refresh-0"]);
    expect(reports).toMatchObject([{ outcome: "refreshed", saved: false }]);
  });

  it("R13 a caller that read the grant before the answer was kept sends nothing", async () => {
    const { endpoint, startProcess, grants, time } = createTestWorld();
    const goOn = Promise.withResolvers<void>();
    const readOld = Promise.withResolvers<void>();
    let reads = 0;
    let away = true;
    const { ask } = startProcess({
      grants: interceptStore(grants.connect(), async (method, run) => {
        if (method === "storeTokens" && away) throw new Error("the database is out of reach");
        const answer = await run();
        if (method === "read" && ++reads === 1) {
          readOld.resolve();
          await goOn.promise;
        }
        return answer;
      }),
    });
    const slow = ask();
    await readOld.promise;
    expect(await ask()).toEqual(refreshed);
    time.jump(46_000);
    goOn.resolve();
    expect(await slow).toMatchObject({ accessToken: "access-1" });
    away = false;
    await time.advance(10_000);
    expect(grants.row(grantId)?.grant.version).toBe(2);
    expect(endpoint.received).toEqual(["refresh-0"]);
  });

  it("R13 what is in memory goes before what the database has, due or not", async () => {
    const { startProcess, time } = createTestWorld({ grant: { expiresInMs: 3_600_000 } });
    const { ask, unreachable } = startProcess();
    await time.advance(60_000);
    unreachable.add("storeTokens");
    expect(await ask({ rejected: "access-0" })).toMatchObject({ accessToken: "access-1" });
    expect(await ask()).toMatchObject({ accessToken: "access-1" });
  });

  it("R13 at close: one last try to write", async () => {
    const { startProcess, grants } = createTestWorld();
    const { ask, unreachable, refresher } = startProcess();
    unreachable.add("storeTokens");
    await ask();
    unreachable.clear();
    await refresher.close();
    expect(grants.row(grantId)?.grant.refreshToken).toBe("refresh-1");
  });

  it("R13 at close, with a sleep that rejects when aborted: one last try all the same", async () => {
    const { startProcess, grants, time } = createTestWorld();
    const { ask, unreachable, refresher } = startProcess({
      sleep: async (ms, signal) => {
        await time.sleep(ms, signal);
        signal?.throwIfAborted();
      },
    });
    unreachable.add("storeTokens");
    expect(await ask()).toEqual(refreshed);
    unreachable.clear();
    await refresher.close();
    expect(grants.row(grantId)?.grant.refreshToken).toBe("refresh-1");
  });

  it("R13 at close and still away: ends", async () => {
    const { startProcess } = createTestWorld();
    const { ask, unreachable, refresher } = startProcess();
    unreachable.add("storeTokens");
    await ask();
    await refresher.close();
    expect(await ask()).toMatchObject({ kind: "transient" });
  });

  it("R13 the write landed, but the database's word on it was lost", async () => {
    const { startProcess, grants, time } = createTestWorld();
    let lost = 1;
    const { ask } = startProcess({
      grants: interceptStore(grants.connect(), async (method, run) => {
        const answer = await run();
        if (method === "storeTokens" && lost-- > 0) throw new Error("connection lost");
        return answer;
      }),
    });
    expect(await ask()).toEqual(refreshed);
    await time.advance(10_000);
    expect(grants.row(grantId)?.grant).toMatchObject({ version: 2, accessToken: "access-1" });
    expect(await ask()).toMatchObject({ accessToken: "access-1" });
  });

  it("R14 nothing known and nothing readable is an error of its own", async () => {
    const { ask, unreachable } = createTestWorld().startProcess();
    unreachable.add("read");
    await expect(ask()).rejects.toThrow("the database is out of reach");
  });

  it("before sending: the token that still works is served, else a retryable answer", async () => {
    for (const expiresInMs of [30_000, 0]) {
      const { endpoint, startProcess } = createTestWorld({ grant: { expiresInMs } });
      const { ask, unreachable } = startProcess();
      unreachable.add("takeLease");
      expect(await ask()).toMatchObject({ kind: expiresInMs > 0 ? "token" : "transient" });
      expect(endpoint.received).toEqual([]);
    }
  });

  it("when the lease cannot be given back, it runs out by itself", async () => {
    const { endpoint, startProcess, time } = createTestWorld();
    const { ask, unreachable } = startProcess();
    unreachable.add("release");
    endpoint.answerNext(() => new Response("", { status: 503 }));
    expect(await ask()).toMatchObject({ kind: "transient" });
    expect(await advanceUntil(time, ask(), 46_000)).toMatchObject({ accessToken: "access-1" });
  });
});

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createTestWorld, grantId, interceptStore } from "./testing/world.ts";
import { drainMicrotasks } from "./testing/virtual-time.ts";

const refreshed = { kind: "token", accessToken: "access-1", version: 2, expiresInMs: 3_600_000 };

describe("when a token is refreshed", () => {
  it("serves a token that is not due as it is", async () => {
    const { endpoint, startProcess } = createTestWorld({ grant: { expiresInMs: 60_001 } });
    expect(await startProcess().ask()).toEqual({
      kind: "token",
      accessToken: "access-0",
      version: 1,
      expiresInMs: 60_001,
    });
    expect(endpoint.received).toEqual([]);
  });

  it("refreshes a minute before expiry, with the resource byte for byte and (R15) without scope", async () => {
    const { endpoint, startProcess } = createTestWorld({
      grant: { expiresInMs: 60_000, resource: "https://mcp.example/MCP%7e/" },
    });
    expect(await startProcess().ask()).toEqual(refreshed);
    expect(Object.fromEntries(endpoint.bodies[0] ?? [])).toEqual({
      grant_type: "refresh_token",
      refresh_token: "refresh-0",
      client_id: "client-1",
      resource: "https://mcp.example/MCP%7e/",
    });
  });

  it("R17 a token of a minute is refreshed twelve seconds before expiry, not at every call", async () => {
    const grant = { lifetimeMs: 60_000, expiresInMs: 12_001 };
    const { endpoint, startProcess, time } = createTestWorld({
      grant,
      endpoint: { expiresInS: 60 },
    });
    const { ask } = startProcess();
    for (let call = 0; call < 5; call++) await ask();
    expect(endpoint.received).toEqual([]);
    await time.advance(1);
    expect(await ask()).toMatchObject({ accessToken: "access-1" });
    for (let call = 0; call < 5; call++) await ask();
    expect(endpoint.received).toEqual(["refresh-0"]);
  });

  it("R11 an unknown expiry is no expiry: used until a 401", async () => {
    const { endpoint, startProcess, time } = createTestWorld({
      grant: { expiresInMs: null, lifetimeMs: null },
      endpoint: { expiresInS: null },
    });
    const { ask } = startProcess();
    await time.advance(86_400_000);
    expect(await ask()).toMatchObject({ accessToken: "access-0", expiresInMs: null });
    expect(endpoint.received).toEqual([]);
    expect(await ask({ rejected: "access-0" })).toMatchObject({
      accessToken: "access-1",
      expiresInMs: null,
    });
  });

  it("refreshes a token that a 401 refused while it is the newest", async () => {
    const { endpoint, startProcess, time } = createTestWorld({ grant: { expiresInMs: 3_600_000 } });
    const { ask } = startProcess();
    await time.advance(60_000);
    expect(await ask({ rejected: "access-0" })).toMatchObject({ accessToken: "access-1" });
    expect(await ask({ rejected: "access-0" })).toMatchObject({ accessToken: "access-1" });
    expect(endpoint.received).toEqual(["refresh-0"]);
  });

  it("R1 one that comes while the refresh for the refusal is under way waits for it", async () => {
    const { endpoint, startProcess } = createTestWorld({ grant: { expiresInMs: 3_600_000 } });
    const { ask } = startProcess();
    const held = endpoint.holdNext();
    const first = ask({ rejected: "access-0" });
    await held.arrived;
    const second = ask({ rejected: "access-0" });
    // Whoever was not refused goes on with what there is.
    expect(await ask()).toMatchObject({ accessToken: "access-0" });
    held.answer();
    for (const answer of await Promise.all([first, second]))
      expect(answer).toMatchObject({ accessToken: "access-1" });
    expect(endpoint.received).toEqual(["refresh-0"]);
  });

  it("a grant that was ended right after a refresh for its time is found out at once", async () => {
    const { endpoint, startProcess } = createTestWorld({ grant: { expiresInMs: 1_000 } });
    const { ask } = startProcess();
    expect(await ask()).toMatchObject({ accessToken: "access-1" });
    expect(await ask({ rejected: "access-1" })).toMatchObject({ accessToken: "access-2" });
    expect(await ask({ rejected: "access-2" })).toMatchObject({ accessToken: "access-2" });
    expect(endpoint.received).toEqual(["refresh-0", "refresh-1"]);
  });

  it("R19 refusals cost at most one refresh per grant and minute, and never the grant", async () => {
    const { endpoint, startProcess, time, grants } = createTestWorld({
      grant: { expiresInMs: 3_600_000 },
    });
    const { ask } = startProcess();
    await time.advance(60_000);
    let newest = "access-0";
    for (let second = 0; second < 600; second += 10) {
      const answer = await ask({ rejected: newest });
      if (answer.kind === "token") newest = answer.accessToken;
      await time.advance(10_000);
    }
    expect(endpoint.received.length).toBe(10);
    expect(grants.deaths).toEqual([]);
    expect(await ask()).toMatchObject({ kind: "token" });
  });

  it("answers the refused token itself when nothing newer is to be had", async () => {
    const { endpoint, startProcess } = createTestWorld({
      grant: { expiresInMs: 3_600_000, refreshToken: null },
    });
    expect(await startProcess().ask({ rejected: "access-0" })).toMatchObject({
      accessToken: "access-0",
    });
    expect(endpoint.received).toEqual([]);
  });

  it("a caller may ask for a token that lives longer, but not for more than half of the lifetime", async () => {
    const { endpoint, startProcess } = createTestWorld({ grant: { expiresInMs: 1_800_001 } });
    const { ask } = startProcess();
    expect(await ask({ minimumMarginMs: 86_400_000 })).toMatchObject({ accessToken: "access-0" });
    expect(await ask({ minimumMarginMs: 1_700_000 })).toMatchObject({ accessToken: "access-0" });
    expect(endpoint.received).toEqual([]);
    const other = createTestWorld({ grant: { expiresInMs: 100_000 } });
    expect(await other.startProcess().ask({ minimumMarginMs: 100_000 })).toEqual(refreshed);
  });

  it("R8 without a refresh token an expired grant is dead, once", async () => {
    const { endpoint, startProcess, grants } = createTestWorld({ grant: { refreshToken: null } });
    const processes = [startProcess(), startProcess()];
    const answers = await Promise.all(processes.flatMap(({ ask }) => [ask(), ask(), ask()]));
    for (const answer of answers)
      expect(answer).toEqual({ kind: "dead", reason: "NO_REFRESH_TOKEN" });
    expect(grants.deaths).toEqual([{ grantId, reason: "NO_REFRESH_TOKEN" }]);
    expect(endpoint.received).toEqual([]);
  });

  it("a token within the margin that cannot be refreshed is used up", async () => {
    const { startProcess } = createTestWorld({ grant: { refreshToken: null, expiresInMs: 1 } });
    expect(await startProcess().ask()).toMatchObject({ accessToken: "access-0" });
  });

  it("knows that a grant is gone", async () => {
    const { startProcess, grants } = createTestWorld();
    grants.delete(grantId);
    expect(await startProcess().ask()).toEqual({ kind: "gone" });
  });
});

describe("one refresh, whatever the number of callers", () => {
  it("R1 callers of one process share one request", async () => {
    const { endpoint, startProcess } = createTestWorld();
    const { ask } = startProcess();
    const answers = await Promise.all(Array.from({ length: 50 }, () => ask()));
    for (const answer of answers) expect(answer).toEqual(refreshed);
    expect(endpoint.received).toEqual(["refresh-0"]);
  });

  it("R1 processes share one request: the others wait for the lease's holder", async () => {
    const { endpoint, startProcess, time } = createTestWorld();
    const processes = [startProcess(), startProcess(), startProcess()];
    const held = endpoint.holdNext();
    const answers = processes.flatMap(({ ask }) => [ask(), ask(), ask()]);
    await held.arrived;
    await time.untilSleeping(1_000);
    held.answer();
    for (const answer of await Promise.all(answers)) expect(answer).toEqual(refreshed);
    expect(endpoint.received).toEqual(["refresh-0"]);
  });

  it("R1 in every interleaving of three processes", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.scheduler(),
        fc.integer({ min: 1, max: 3 }),
        async (scheduler, callers) => {
          const { endpoint, startProcess, grants, time } = createTestWorld();
          const pause = (): Promise<void> => scheduler.schedule(Promise.resolve());
          const processes = Array.from({ length: 3 }, () =>
            startProcess({
              grants: interceptStore(grants.connect(), async (method, run) => {
                await pause();
                // A wake-up promises nothing: it may come at any time.
                if (method === "changed")
                  return (await Promise.resolve()) as Awaited<ReturnType<typeof run>>;
                const answer = await run();
                await pause();
                return answer;
              }),
              fetchFor: async () => async (input, init) => {
                await pause();
                const response = await endpoint.fetch(input, init);
                await pause();
                return response;
              },
            }),
          );
          const answers = processes.flatMap(({ ask }) =>
            Array.from({ length: callers }, () => ask()),
          );
          for (const answer of await scheduler.waitFor(Promise.all(answers))) {
            expect(answer).toEqual(refreshed);
          }
          expect(endpoint.received).toEqual(["refresh-0"]);
          expect(grants.row(grantId)?.grant).toMatchObject({
            refreshToken: "refresh-1",
            version: 2,
          });
          expect(time.monotonicMs()).toBe(0);
        },
      ),
      { numRuns: 150 },
    );
  });

  it("R2 what was read before the lease is not trusted", async () => {
    const { endpoint, startProcess, grants } = createTestWorld();
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
    expect(await startProcess().ask()).toEqual(refreshed);
    goOn.resolve();
    expect(await answer).toEqual(refreshed);
    expect(endpoint.received).toEqual(["refresh-0"]);
  });

  it("R4 the lease lasts from before the request until its answer, and no longer", async () => {
    const { endpoint, startProcess, grants } = createTestWorld();
    const held = endpoint.holdNext();
    const answer = startProcess().ask();
    await held.arrived;
    expect(grants.row(grantId)).toMatchObject({ leaseUntil: 45_000, sentVersion: 1 });
    held.answer();
    await answer;
    expect(grants.row(grantId)).toMatchObject({ leaseId: null, sentVersion: null });
  });

  it("R5 a token is asked for per request, so a refresh elsewhere is seen at once", async () => {
    const { startProcess } = createTestWorld();
    const [one, other] = [startProcess(), startProcess()];
    expect(await one.ask()).toEqual(refreshed);
    expect(await other.ask()).toEqual(refreshed);
    expect(other.calls).toEqual(["read"]);
  });

  it("R6 keeps the old refresh token, scope and lifetime when the answer has none", async () => {
    const { endpoint, startProcess, grants } = createTestWorld();
    endpoint.answerNext(() => Response.json({ access_token: "new", token_type: "bearer" }));
    expect(await startProcess().ask()).toMatchObject({
      accessToken: "new",
      expiresInMs: 3_600_000,
    });
    expect(grants.row(grantId)).toMatchObject({
      grant: { refreshToken: "refresh-0", grantedScopes: ["read"], lifetimeMs: 3_600_000 },
      expiresAt: 3_600_000,
    });
  });

  it("stores what the answer has", async () => {
    const { startProcess, grants } = createTestWorld({
      endpoint: { expiresInS: 120, answerFields: { scope: "read write" } },
    });
    expect(await startProcess().ask()).toMatchObject({ expiresInMs: 120_000 });
    expect(grants.row(grantId)).toMatchObject({
      grant: { refreshToken: "refresh-1", grantedScopes: ["read", "write"], lifetimeMs: 120_000 },
    });
  });

  it("R12 a caller that gives up ends its wait, not the refresh", async () => {
    const { endpoint, startProcess, grants } = createTestWorld();
    const { ask, reports } = startProcess();
    const held = endpoint.holdNext();
    const caller = new AbortController();
    const answer = ask({ signal: caller.signal });
    await held.arrived;
    caller.abort(new Error("the caller gave up"));
    await expect(answer).rejects.toThrow("the caller gave up");
    const next = ask();
    held.answer();
    expect(await next).toEqual(refreshed);
    expect(grants.row(grantId)?.grant.refreshToken).toBe("refresh-1");
    expect(endpoint.received).toEqual(["refresh-0"]);
    expect(reports).toHaveLength(1);
  });

  it("a caller that has given up already begins nothing", async () => {
    const { startProcess } = createTestWorld();
    const { ask, calls } = startProcess();
    await expect(ask({ signal: AbortSignal.abort(new Error("too late")) })).rejects.toThrow(
      "too late",
    );
    expect(calls).toEqual([]);
  });

  it("close waits for what was sent, and begins nothing new", async () => {
    const { endpoint, startProcess, grants } = createTestWorld();
    const { ask, refresher } = startProcess();
    const held = endpoint.holdNext();
    const answer = ask();
    await held.arrived;
    let closed = false;
    const closing = refresher.close().then(() => {
      closed = true;
    });
    await drainMicrotasks();
    expect(closed).toBe(false);
    held.answer();
    await closing;
    expect(await answer).toEqual(refreshed);
    expect(grants.row(grantId)?.grant.refreshToken).toBe("refresh-1");
    const after = createTestWorld();
    const process = after.startProcess();
    await process.refresher.close();
    expect(await process.ask()).toMatchObject({ kind: "transient" });
    expect(after.endpoint.received).toEqual([]);
    expect(process.calls).toEqual(["read"]);
  });
});

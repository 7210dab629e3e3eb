import { expect, it } from "vitest";
import { createTestWorld, grantId } from "./testing/world.ts";
import { drainMicrotasks } from "./testing/virtual-time.ts";

it.each([
  [3_600_000, 120_000],
  [60_000, 24_000],
])("a token of %j ms is refreshed ahead up to %j ms before expiry", async (lifetimeMs, aheadMs) => {
  const { endpoint, startProcess, time } = createTestWorld({
    grant: { lifetimeMs, expiresInMs: aheadMs + 1 },
    endpoint: { expiresInS: lifetimeMs / 1000 },
  });
  const { ask } = startProcess();
  await ask({ ahead: true });
  expect(endpoint.received).toEqual([]);
  await time.advance(1);
  // A call would not have asked for a better one yet.
  await ask();
  expect(endpoint.received).toEqual([]);
  await ask({ ahead: true });
  expect(endpoint.received).toEqual(["refresh-0"]);
  // Once in a lifetime.
  for (let turn = 0; turn < 5; turn++) await ask({ ahead: true });
  expect(endpoint.received).toEqual(["refresh-0"]);
});

it("R11 nothing is refreshed ahead of an unknown expiry", async () => {
  const { endpoint, startProcess } = createTestWorld({
    grant: { expiresInMs: null, lifetimeMs: null },
  });
  await startProcess().ask({ ahead: true });
  expect(endpoint.received).toEqual([]);
});

it("a grant that cannot be refreshed is not marked dead before somebody asks for it", async () => {
  const { grants, startProcess } = createTestWorld({ grant: { refreshToken: null } });
  const { ask } = startProcess();
  await ask({ ahead: true });
  expect(grants.deaths).toEqual([]);
  await ask();
  expect(grants.deaths).toHaveLength(1);
});

it("R7 after a failure the background waits as everybody does", async () => {
  const { endpoint, startProcess } = createTestWorld({ grant: { expiresInMs: 90_000 } });
  endpoint.answerNext(() => new Response("", { status: 503 }));
  const { ask } = startProcess();
  await ask({ ahead: true });
  await ask({ ahead: true });
  expect(endpoint.received).toHaveLength(1);
});

it("R1 a call that comes while the background refreshes joins it, and the log tells of one refresh", async () => {
  const { endpoint, grants, startProcess, time } = createTestWorld({
    grant: { expiresInMs: 30_000 },
  });
  const held = endpoint.holdNext();
  const { ask } = startProcess();
  const background = ask({ ahead: true });
  await held.arrived;
  const call = ask();
  await drainMicrotasks();
  await time.advance(700);
  held.answer();
  expect(await call).toMatchObject({ accessToken: "access-1" });
  await background;
  expect(endpoint.received).toEqual(["refresh-0"]);
  expect(grants.refreshes).toEqual([
    { grantId, cause: "background", durationMs: 700, refusesResource: false },
  ]);
});

it("in the background nobody loses patience: what goes on at once stays known", async () => {
  const { endpoint, startProcess, time } = createTestWorld({ grant: { expiresInMs: 90_000 } });
  const held = endpoint.holdNext();
  let isDone = false;
  const background = startProcess()
    .ask({ ahead: true })
    .then(() => (isDone = true));
  await held.arrived;
  await time.advance(10_000);
  await drainMicrotasks();
  expect(isDone).toBe(false);
  held.answer();
  await background;
});

it.each([
  [{}, "due"],
  [{ rejected: "access-0" }, "refused"],
] as const)("tells why it was refreshed: asked with %j it is %s", async (wish, cause) => {
  const { grants, startProcess } = createTestWorld({
    grant: { expiresInMs: cause === "due" ? 0 : 3_600_000 },
  });
  await startProcess().ask(wish);
  expect(grants.refreshes).toMatchObject([{ cause }]);
});

it("R6 a refresh token that the answer merely repeats is kept, with what was said of its lifetime", async () => {
  const stored: unknown[] = [];
  const world = createTestWorld({ endpoint: { answerFields: { refresh_token: "refresh-0" } } });
  const grants = world.grants.connect();
  await world
    .startProcess({
      grants: {
        ...grants,
        storeTokens: (id, version, tokens, circumstances) => {
          stored.push(tokens);
          return grants.storeTokens(id, version, tokens, circumstances);
        },
      },
    })
    .ask();
  expect(stored).toMatchObject([{ refreshToken: null, refreshExpiresInMs: null }]);
  expect(world.grants.row(grantId)?.grant.refreshToken).toBe("refresh-0");
});

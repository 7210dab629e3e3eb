import { expect, it } from "vitest";

import type { SessionReading } from "./viewer-identity.ts";
import { createViewer } from "./testing/test-server.ts";
import { createViewerResolver } from "./viewer.ts";

/** Sign-in as the resolver sees it, with a count of what it costs. */
function createStage() {
  const listeners = new Set<(credentialId: string | null) => void>();
  const stage = {
    reads: [] as boolean[],
    nowMs: Date.now(),
    answer: (): Promise<SessionReading> =>
      Promise.resolve({ viewer: createViewer("ada"), setCookies: [] }),
    changeMembers: (_workspaceId: string | null) => {},
    isHearing: false,
    /** Ids of credentials that ended although nobody said so. */
    ended: new Set<string>(),
    /** Ids of API tokens whose owner has left the workspace. */
    left: new Set<string>(),
    /** How often the living were read. */
    living: 0,
    isAway: false,
    /** Looks at what is kept, as is done every second. */
    look: async () => {},
    tokens: new Map([["good", { ...createViewer("bot"), expiresAt: null }]]),
    end: (credentialId: string | null) => listeners.forEach((listener) => listener(credentialId)),
  };
  const resolver = createViewerResolver({
    ttlMs: 2_000,
    maxEntries: 2,
    now: () => stage.nowMs,
    onEnded(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    watchRight: () => () => {},
    onMembersChanged(listener) {
      stage.changeMembers = listener;
      return () => {};
    },
    isHearing: () => stage.isHearing,
    async readLive(viewers) {
      stage.living += 1;
      if (stage.isAway) throw new Error("away");
      return new Map(
        viewers
          .filter(({ credentialId }) => !stage.ended.has(credentialId))
          .map(({ credentialId, name, email }) => [
            credentialId,
            { name, email, isMember: !stage.left.has(credentialId) },
          ]),
      );
    },
    doRegularly(turn) {
      stage.look = turn;
      return { [Symbol.dispose]: () => (stage.look = async () => {}) };
    },
    async readApiToken(token) {
      stage.reads.push(false);
      return stage.tokens.get(token) ?? null;
    },
    auth: {
      sessionCookieName: "gatehouse.session_token",
      readSession(_headers, prolong) {
        stage.reads.push(prolong);
        return stage.answer();
      },
    },
  });
  const resolve = (cookie: string, onSetCookie?: (setCookie: string) => void) =>
    resolver.resolveViewer(new Headers({ cookie }), onSetCookie);
  return { stage, resolver, resolve };
}

const COOKIE = "theme=dark; gatehouse.session_token=ada; x=gatehouse.session_token=eve";

it("reads a session once for its time to live", async () => {
  const { stage, resolve } = createStage();
  expect((await resolve(COOKIE))?.name).toBe("ada");
  expect((await resolve(COOKIE))?.name).toBe("ada");
  expect(stage.reads).toHaveLength(1);
  stage.nowMs += 2_000;
  await resolve(COOKIE);
  expect(stage.reads).toHaveLength(2);
});

it("asks nobody without a session cookie", async () => {
  const { stage, resolve } = createStage();
  expect(await resolve("other.gatehouse.session_token=ada")).toBeNull();
  expect(await resolve("")).toBeNull();
  expect(stage.reads).toHaveLength(0);
});

it("forgets a session the moment it ends, also one that is being read just then", async () => {
  const { stage, resolve } = createStage();
  await resolve(COOKIE);
  stage.end("session-ada");
  const reading = resolve(COOKIE);
  stage.end("session-ada");
  await reading;
  await resolve(COOKIE);
  expect(stage.reads).toHaveLength(3);
});

it("keeps nothing beyond the session's own end", async () => {
  const { stage, resolve } = createStage();
  const viewer = { ...createViewer("ada"), expiresAt: new Date(stage.nowMs + 500) };
  stage.answer = async () => ({ viewer, setCookies: [] });
  await resolve(COOKIE);
  stage.nowMs += 500;
  await resolve(COOKIE);
  expect(stage.reads).toHaveLength(2);
});

it("keeps no answer for a cookie without a session, and a bounded number of others", async () => {
  const { stage, resolve } = createStage();
  stage.answer = async () => ({ viewer: null, setCookies: [] });
  expect(await resolve(COOKIE)).toBeNull();
  await resolve(COOKIE);
  expect(stage.reads).toHaveLength(2);
  stage.answer = async () => ({ viewer: createViewer("ada"), setCookies: [] });
  for (const value of ["1", "2", "3", "1"]) await resolve(`gatehouse.session_token=${value}`);
  expect(stage.reads).toHaveLength(6);
});

it("prolongs a session only for who can tell the browser", async () => {
  const { stage, resolve } = createStage();
  stage.answer = async () => ({
    viewer: null,
    setCookies: ["gatehouse.session_token=; Max-Age=0"],
  });
  const told: string[] = [];
  await resolve(COOKIE);
  await resolve(COOKIE, (cookie) => told.push(cookie));
  expect(stage.reads).toEqual([false, true]);
  expect(told).toEqual(["gatehouse.session_token=; Max-Age=0"]);
});

it("takes an API token alone for who calls, whatever cookie comes along", async () => {
  const { stage, resolver } = createStage();
  const resolve = (authorization: string) =>
    resolver.resolveViewer(new Headers({ authorization, cookie: COOKIE }));
  expect((await resolve("Bearer good"))?.name).toBe("bot");
  expect((await resolve("bearer good"))?.name).toBe("bot");
  expect(stage.reads).toHaveLength(1);
  for (const refused of ["Bearer bad", "Bearer", "Basic good", "Bearer good good", ""])
    expect(await resolve(refused), refused).toBeNull();
});

it("forgets a token the moment it is revoked, and everything when a message may have been lost", async () => {
  const { stage, resolver, resolve } = createStage();
  const headers = new Headers({ authorization: "Bearer good" });
  await resolver.resolveViewer(headers);
  stage.end("session-bot");
  await resolver.resolveViewer(headers);
  expect(stage.reads).toHaveLength(2);
  await resolve(COOKIE);
  stage.end(null);
  await resolver.resolveViewer(headers);
  await resolve(COOKIE);
  expect(stage.reads).toHaveLength(5);
});

/** As time goes by, with a look each second. */
async function pass(
  stage: ReturnType<typeof createStage>["stage"],
  seconds: number,
): Promise<void> {
  for (let i = 0; i < seconds; i += 1) {
    stage.nowMs += 1_000;
    await stage.look();
  }
}

it("asks again for a token of a workspace whose members changed", async () => {
  const { stage, resolver } = createStage();
  stage.tokens.set("good", {
    ...createViewer("bot"),
    expiresAt: null,
    apiToken: { id: "session-bot", workspaceId: "w", scope: "READ" },
  });
  const bearer = new Headers({ authorization: "Bearer good" });
  await resolver.resolveViewer(bearer);
  stage.changeMembers("another");
  await resolver.resolveViewer(bearer);
  expect(stage.reads).toHaveLength(1);
  stage.changeMembers("w");
  await resolver.resolveViewer(bearer);
  expect(stage.reads).toHaveLength(2);
});

it("reads a session once a minute while the word of its end is sure to arrive, so that it can be prolonged", async () => {
  const { stage, resolve } = createStage();
  stage.isHearing = true;
  await resolve(COOKIE);
  await pass(stage, 59);
  await resolve(COOKIE);
  expect(stage.reads).toHaveLength(1);
  await pass(stage, 1);
  await resolve(COOKIE);
  expect(stage.reads).toHaveLength(2);
});

it("finds within a second what ended without a word", async () => {
  const { stage, resolver, resolve } = createStage();
  stage.isHearing = true;
  const bearer = new Headers({ authorization: "Bearer good" });
  await resolve(COOKIE);
  await resolver.resolveViewer(bearer);
  await pass(stage, 10);
  stage.ended.add("session-ada");
  stage.left.add("session-bot");
  await pass(stage, 1);
  stage.answer = async () => ({ viewer: null, setCookies: [] });
  stage.tokens.clear();
  expect(await resolve(COOKIE)).toBeNull();
  expect(await resolver.resolveViewer(bearer)).toBeNull();
});

it("E9 confirms everything that is open with one statement a second, and ends what ended without a notification", async () => {
  const { stage, resolver } = createStage();
  stage.isHearing = true;
  await pass(stage, 3);
  expect(stage.living).toBe(0);
  const ended: string[] = [];
  const names = ["ada", "bot", "eve", "bot"];
  names.forEach((name, place) =>
    resolver.watch(createViewer(name), () => ended.push(`${name} ${place}`)),
  );
  // Viewers that no credential was read for are confirmed at once.
  await pass(stage, 1);
  stage.living = 0;
  stage.ended.add("session-bot");
  await pass(stage, 1);
  expect(ended).toEqual(["bot 1", "bot 3"]);
  expect(stage.living).toBe(1);
  await pass(stage, 3);
  expect(ended).toHaveLength(2);
  expect(stage.living).toBe(4);
});

it("E9 asks for nothing once nothing is open, and ends nothing twice", async () => {
  const { stage, resolver } = createStage();
  let count = 0;
  const stop = resolver.watch(createViewer("ada"), () => (count += 1));
  resolver.watch(createViewer("eve"), () => (count += 1));
  stage.end("session-eve");
  stage.end("session-eve");
  stop();
  stage.end("session-ada");
  await pass(stage, 3);
  expect(stage.living).toBe(0);
  expect(count).toBe(1);
});

it("E8 a watch confirms a credential that was read before something ended", async () => {
  const { stage, resolver, resolve } = createStage();
  const late = Promise.withResolvers<SessionReading>();
  stage.answer = () => late.promise;
  const reading = resolve(COOKIE);
  stage.ended.add("session-ada");
  stage.end("session-ada");
  late.resolve({ viewer: createViewer("ada"), setCookies: [] });
  const viewer = await reading;
  const ended = Promise.withResolvers<string>();
  resolver.watch(viewer ?? createViewer("nobody"), () => ended.resolve("ended"));
  // Without a look, which comes every second.
  expect(await ended.promise).toBe("ended");
});

it("E9 while the database is away only what has run out ends", async () => {
  const { stage, resolver } = createStage();
  const ended: string[] = [];
  const brief = { ...createViewer("brief"), expiresAt: new Date(stage.nowMs + 1_500) };
  for (const viewer of [brief, createViewer("ada")])
    resolver.watch(viewer, () => ended.push(viewer.name));
  stage.isAway = true;
  await pass(stage, 1).catch(() => {});
  expect(ended).toEqual([]);
  await pass(stage, 1).catch(() => {});
  expect(ended).toEqual(["brief"]);
});

it("keeps nothing for long that it cannot look at, or whose end it may not hear of", async () => {
  const { stage, resolve } = createStage();
  stage.isHearing = true;
  await resolve(COOKIE);
  await pass(stage, 5);
  stage.nowMs += 2_001;
  await resolve(COOKIE);
  expect(stage.reads).toHaveLength(2);
  await pass(stage, 5);
  stage.isHearing = false;
  await resolve(COOKIE);
  expect(stage.reads).toHaveLength(3);
});

it("lets nobody who asks after the end have an answer that was on its way before", async () => {
  const { stage, resolve } = createStage();
  const late = Promise.withResolvers<SessionReading>();
  stage.answer = () => late.promise;
  const before = resolve(COOKIE);
  stage.end("session-ada");
  stage.answer = async () => ({ viewer: null, setCookies: [] });
  const after = resolve(COOKIE);
  late.resolve({ viewer: createViewer("ada"), setCookies: [] });
  expect(await after).toBeNull();
  expect(await before).not.toBeNull();
  expect(await resolve(COOKIE)).toBeNull();
});

it("reads a session once for all who ask at the same time, and each is told of its cookie", async () => {
  const { stage, resolve } = createStage();
  stage.answer = async () => ({ viewer: createViewer("ada"), setCookies: ["longer"] });
  const told: string[] = [];
  await Promise.all([1, 2, 3].map(() => resolve(COOKIE, (cookie) => told.push(cookie))));
  expect(stage.reads).toEqual([true]);
  expect(told).toEqual(["longer", "longer", "longer"]);
});

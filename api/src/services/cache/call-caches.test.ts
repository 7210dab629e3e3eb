import type { McpServer } from "@gatehouse/prisma";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { CallRowStore } from "#storage/call-row-store.ts";
import { createCallCaches } from "./call-caches.ts";
import { keyOfAccount, keyOfMember } from "./account-key.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** The rows of one server with one account. Tests can change their stamps and send notifications of changes. */
function createStage() {
  const stamps = new Map(["s", "m", "g", "k", "c"].map((id) => [id, "1"]));
  const stamped = (id: string) => ({ id, stamp: stamps.get(id) ?? "" });
  const looks: string[][] = [];
  const store: CallRowStore = {
    findServer: async () => ({
      ...stamped("s"),
      server: {} as McpServer,
      policies: [],
      newToolPolicy: "BY_ANNOTATIONS",
    }),
    findRole: async () => ({ ...stamped("m"), role: "MEMBER" }),
    findGrant: async () => ({
      ...stamped("g"),
      state: "CONNECTED",
      reason: null,
      version: 1,
      accessTokenLifetimeMs: null,
      connectedAt: null,
      lastUsedAt: null,
    }),
    findKey: async () => ({
      ...stamped("k"),
      state: "ACCEPTED",
      configVersion: 1,
      headers: null,
      version: 1,
    }),
    findCatalog: async () => ({ ...stamped("c"), tools: [], fetchedAt: new Date(), bytes: 2 }),
    async readStamps(ids) {
      looks.push(Object.values(ids).flat());
      return new Map(stamps);
    },
  };
  const listeners = new Map<string, (id: string | null) => void>();
  const stage = { isHearing: true };
  const rows = createCallCaches({
    store,
    onTopic: (kind) => (listener) => {
      listeners.set(kind, listener);
      return () => listeners.delete(kind);
    },
    isHearing: () => stage.isHearing,
    clock: { monotonicMs: () => Date.now() },
  });
  const keys = {
    servers: "s",
    roles: keyOfMember("w", { userId: "u" }),
    grants: keyOfAccount("s", "u"),
    keys: keyOfAccount("s", "u"),
    catalogs: keyOfAccount("s", "u"),
  };
  return {
    stage,
    rows,
    stamps,
    looks,
    tell: (kind: string, id: string | null) => listeners.get(kind)?.(id),
    async warmUp() {
      await rows.servers.read(keys.servers);
      await rows.roles.read(keys.roles);
      await rows.grants.read(keys.grants);
      await rows.keys.read(keys.keys);
      await rows.catalogs.read(keys.catalogs);
    },
    /** The cached values by kind. */
    known: () =>
      (["servers", "roles", "grants", "keys", "catalogs"] as const).filter((kind) =>
        rows[kind].recall(keys[kind]),
      ),
  };
}

const all = ["servers", "roles", "grants", "keys", "catalogs"];

it.each([
  ["server", "s", ["roles"]],
  ["server", "another", all],
  ["server", null, ["roles"]],
  ["members", "w", ["servers", "grants", "keys", "catalogs"]],
  ["members", "another", all],
  ["members", null, ["servers", "grants", "keys", "catalogs"]],
  ["grant", "g", ["servers", "roles", "keys", "catalogs"]],
  ["grant", "k", ["servers", "roles", "grants", "catalogs"]],
  ["grant", "another", all],
  ["grant", null, ["servers", "roles", "catalogs"]],
])("word of %s %s leaves %j", async (kind, id, left) => {
  const { rows, tell, warmUp, known } = createStage();
  await warmUp();
  tell(kind, id);
  expect(known()).toEqual(left);
  rows.close();
});

it.each([
  ["s", "servers"],
  ["m", "roles"],
  ["g", "grants"],
  ["k", "keys"],
  ["c", "catalogs"],
])("a change of %s without a word is found by the next look", async (id, kind) => {
  const { rows, stamps, warmUp, known } = createStage();
  await warmUp();
  stamps.set(id, "2");
  await vi.advanceTimersByTimeAsync(1_000);
  expect(known()).toEqual(all.filter((one) => one !== kind));
  stamps.clear();
  await vi.advanceTimersByTimeAsync(1_000);
  expect(known()).toEqual([]);
  rows.close();
});

it("looks at all that is kept at once, each second, and at nothing that nobody uses", async () => {
  const { rows, looks, warmUp, known } = createStage();
  await vi.advanceTimersByTimeAsync(5_000);
  expect(looks).toEqual([]);
  await warmUp();
  await vi.advanceTimersByTimeAsync(3_000);
  expect(looks).toEqual([
    ["s", "m", "g", "k", "c"],
    ["s", "m", "g", "k", "c"],
    ["s", "m", "g", "k", "c"],
  ]);
  expect(known()).toEqual(all);
  await vi.advanceTimersByTimeAsync(120_000);
  expect(looks.length).toBeLessThan(70);
  expect(known()).toEqual([]);
  rows.close();
});

it("remembers nothing while word may not arrive", async () => {
  const { stage, rows, warmUp, known } = createStage();
  await warmUp();
  stage.isHearing = false;
  expect(known()).toEqual([]);
  rows.close();
});

import type { McpServer } from "@gatehouse/prisma";
import { expect, it } from "vitest";
import type { KnownGrant, KnownServer } from "./call-caches.ts";
import { createConfirmedCache } from "./confirmed-cache.ts";
import { createAccessTokenCache } from "./access-token-cache.ts";

const grantRow: KnownGrant = {
  id: "g",
  stamp: "1",
  state: "CONNECTED",
  reason: null,
  version: 7,
  // Refreshed in the last fifth of the lifetime: 20 seconds before expiry.
  accessTokenLifetimeMs: 100_000,
  connectedAt: null,
  lastUsedAt: null,
};

/** A server with one account, in the state of the database. */
function createStage() {
  const stage = {
    nowMs: 0,
    server: { id: "s", configVersion: 3 } as McpServer | null,
    grant: { ...grantRow },
  };
  const common = {
    isHearing: () => true,
    clock: { monotonicMs: () => stage.nowMs },
    sureForMs: Infinity,
    most: 10,
  };
  const rows = {
    servers: createConfirmedCache<KnownServer>({
      ...common,
      load: async () =>
        stage.server && {
          id: "s",
          stamp: "1",
          server: stage.server,
          policies: new Map(),
          newToolPolicy: "BY_ANNOTATIONS" as const,
        },
    }),
    grants: createConfirmedCache<KnownGrant>({ ...common, load: async () => ({ ...stage.grant }) }),
  };
  const memory = createAccessTokenCache(rows, common.clock);
  /** The server as read by the caller that sends the token. */
  const server = { id: "s", configVersion: 3 } as McpServer;
  const answer = {
    token: "secret",
    version: 7,
    grantId: "g",
    expiresInMs: 100_000 as number | null,
  };
  return {
    stage,
    rows,
    memory,
    server,
    answer,
    recall: () => memory.recall(server, "u")?.sent.token ?? null,
    async keep(kept = answer) {
      (await memory.prepare(server, "u")).keep(kept);
    },
  };
}

it("keeps a token until it is due, by the time at which it was asked for", async () => {
  const { stage, memory, server, answer, recall } = createStage();
  const prepared = await memory.prepare(server, "u");
  stage.nowMs = 5_000;
  prepared.keep(answer);
  stage.nowMs = 79_999;
  expect(recall()).toBe("secret");
  stage.nowMs = 80_000;
  expect(recall()).toBeNull();
});

it("R11 keeps one of unknown expiry until something else ends it", async () => {
  const { stage, recall, answer, memory, server } = createStage();
  (await memory.prepare(server, "u")).keep({ ...answer, expiresInMs: null });
  stage.nowMs = 1e9;
  expect(recall()).toBe("secret");
});

it("R5 a changed grant's token is not served, nor one that was asked for before the change", async () => {
  const { rows, memory, server, answer, keep, recall } = createStage();
  await keep();
  const prepared = await memory.prepare(server, "u");
  rows.grants.forget(() => true);
  expect(recall()).toBeNull();
  prepared.keep(answer);
  await rows.grants.read("s u");
  expect(recall()).toBeNull();
});

it("does not take the token of another version, or of another grant, for the row's", async () => {
  const { answer, keep, recall } = createStage();
  await keep({ ...answer, version: 8 });
  expect(recall()).toBeNull();
  await keep({ ...answer, grantId: "another" });
  expect(recall()).toBeNull();
});

it("D5 a token that was read under other settings never goes out with these", async () => {
  const { stage, rows, memory, server, keep, recall } = createStage();
  await keep();
  const edited = { ...server, configVersion: 4 };
  expect(memory.recall(edited, "u")).toBeNull();
  stage.server = edited;
  rows.servers.forget(() => true);
  await rows.servers.read("s");
  expect(recall()).toBeNull();
  expect(memory.recall(edited, "u")).toBeNull();
});

it("D5 nor for a server that is deleted, or not known to be as it was", async () => {
  const { stage, rows, keep, recall } = createStage();
  await keep();
  rows.servers.forget(() => true);
  expect(recall()).toBeNull();
  stage.server = null;
  await rows.servers.read("s");
  expect(recall()).toBeNull();
});

it("R19 one that was refused is asked for anew", async () => {
  const { memory, server, keep, recall } = createStage();
  await keep();
  memory.forget(server, "u");
  expect(recall()).toBeNull();
});

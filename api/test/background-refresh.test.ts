import type { Prisma } from "@gatehouse/prisma";
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { startSandbox } from "#sandbox/sandbox.ts";
import { connect, createServer, executeTool, rowIdOf, type TestUser } from "./support/client.ts";
import { watchClients } from "./support/client-traffic.ts";
import { startGatehouse, type TestGatehouse } from "./support/gatehouse.ts";

const day = 86_400_000;
/** Turns follow each other faster than anything here is due. */
const refreshEveryMs = 40;

let gatehouse: TestGatehouse;
let ada: TestUser;
/** Refreshed whenever its time comes: when it was, a turn of the background has passed. */
let control: string;

beforeAll(async () => {
  gatehouse = await startGatehouse({ refreshEveryMs });
  ada = await gatehouse.signUp("Ada");
  control = await connectServer();
});
afterAll(() => gatehouse[Symbol.asyncDispose]());
beforeEach(() => gatehouse.sandbox.faults.clear());

async function connectServer(url = gatehouse.sandbox.notesUrl): Promise<string> {
  const serverId = await createServer(ada, url);
  await connect(ada, serverId);
  // What runs behind the consent asks for tokens too.
  await vi.waitFor(
    async () => {
      const { steps } = await gatehouse.db.oAuthFlow.findFirstOrThrow({
        where: { serverId: rowIdOf(serverId) },
      });
      expect(JSON.stringify(steps)).toContain("TOOL_DISCOVERY");
    },
    { timeout: 15_000 },
  );
  return serverId;
}

const readGrant = (serverId: string) =>
  gatehouse.db.oAuthGrant.findFirstOrThrow({ where: { serverId: rowIdOf(serverId) } });

const change = (serverId: string, data: Prisma.OAuthGrantUncheckedUpdateManyInput) =>
  gatehouse.db.oAuthGrant.updateMany({ where: { serverId: rowIdOf(serverId) }, data });

/** A time at which the background refreshes a token of two minutes, and a call does not. */
const soon = () => new Date(Date.now() + 33_000);

const countRefreshes = (serverId: string) =>
  gatehouse.db.workspaceEvent.count({
    where: { serverId: rowIdOf(serverId), type: "TOKEN_REFRESHED" },
  });

async function refreshed(serverId: string, times: number): Promise<void> {
  await expect.poll(() => countRefreshes(serverId), { timeout: 15_000 }).toBe(times);
}

/** Two turns at least have begun and ended after this was called. */
async function passTurns(): Promise<void> {
  for (let turn = 0; turn < 2; turn++) {
    const times = await countRefreshes(control);
    await change(control, { accessTokenExpiresAt: soon() });
    await refreshed(control, times + 1);
  }
}

describe("grants are refreshed before they expire", () => {
  it("so that a call does not wait, once, and the log says why", async () => {
    const serverId = await connectServer();
    await passTurns();
    expect(await countRefreshes(serverId)).toBe(0);
    await change(serverId, { accessTokenExpiresAt: soon() });
    await refreshed(serverId, 1);
    const countTraffic = await watchClients(gatehouse, serverId);
    const { refreshes } = countTraffic();
    await executeTool(ada, serverId, "list_notes");
    expect(countTraffic().refreshes).toBe(refreshes);
    await passTurns();
    expect(await countRefreshes(serverId)).toBe(1);
    const events = await gatehouse.db.workspaceEvent.findMany({
      where: { serverId: rowIdOf(serverId), type: "TOKEN_REFRESHED" },
    });
    expect(events).toMatchObject([{ actorId: null, payload: { cause: "BACKGROUND" } }]);
  });

  it.each<[string, Prisma.OAuthGrantUncheckedUpdateManyInput]>([
    ["has run out already", { accessTokenExpiresAt: new Date(Date.now() - 1_000) }],
    ["is too narrow for some calls", { state: "REAUTH_REQUIRED", reason: "INSUFFICIENT_SCOPE" }],
    [
      "was connected long ago and used lately",
      {
        connectedAt: new Date(Date.now() - 300 * day),
        lastUsedAt: new Date(Date.now() - 29 * day),
      },
    ],
    [
      "was used long ago and connected anew",
      {
        connectedAt: new Date(Date.now() - 29 * day),
        lastUsedAt: new Date(Date.now() - 300 * day),
      },
    ],
    ["was tried by a process that died", { leaseUntil: new Date(Date.now() - 1_000) }],
  ])("one that %s", async (_name, data) => {
    const serverId = await connectServer();
    await change(serverId, { accessTokenExpiresAt: soon(), ...data });
    await refreshed(serverId, 1);
  });
});

describe("left alone", () => {
  it.each<[string, Prisma.OAuthGrantUncheckedUpdateManyInput]>([
    ["suspended", { state: "REAUTH_REQUIRED", reason: "TOKEN_REJECTED" }],
    ["dead", { state: "REAUTH_REQUIRED", reason: "GRANT_INVALID" }],
    ["disconnected", { state: "DISCONNECTED", reason: "DISCONNECTED_BY_USER" }],
    ["without a refresh token", { refreshToken: null }],
    ["of unknown expiry", { accessTokenExpiresAt: null }],
    ["R17 of a lifetime of seconds", { accessTokenLifetimeMs: 20_000 }],
    ["R7 that failed a moment ago", { refreshRetryAt: new Date(Date.now() + day) }],
    ["whose lease is held", { leaseUntil: new Date(Date.now() + day) }],
    [
      "unused for 30 days",
      { connectedAt: new Date(Date.now() - 90 * day), lastUsedAt: new Date(Date.now() - 31 * day) },
    ],
    ["never used in 30 days", { connectedAt: new Date(Date.now() - 31 * day), lastUsedAt: null }],
  ])("a grant %s", async (_name, data) => {
    const serverId = await connectServer();
    const past = new Date(Date.now() - 1_000);
    await change(serverId, { accessTokenExpiresAt: past, ...data });
    const before = await readGrant(serverId);
    await passTurns();
    expect(await countRefreshes(serverId)).toBe(0);
    const after = await readGrant(serverId);
    expect(after.version).toBe(before.version);
    expect(after.leaseOwner).toBe(before.leaseOwner);
  });

  it.each<[string, Prisma.McpServerUncheckedUpdateInput]>([
    ["disabled", { enabled: false }],
    ["deleted", { deletedAt: new Date() }],
    ["without OAuth", { authType: "NONE" }],
  ])("a grant at a server that is %s", async (_name, data) => {
    const serverId = await connectServer();
    await gatehouse.db.mcpServer.update({ where: { id: rowIdOf(serverId) }, data });
    await change(serverId, { accessTokenExpiresAt: new Date(Date.now() - 1_000) });
    await passTurns();
    expect(await countRefreshes(serverId)).toBe(0);
  });
});

describe("many at once", () => {
  it("R1 several processes cost one token request per grant", async () => {
    await gatehouse.addProcess();
    const ids: string[] = [];
    for (let i = 0; i < 10; i++) ids.push(await connectServer());
    const watches = await Promise.all(ids.map((id) => watchClients(gatehouse, id)));
    const countRequests = () => watches.reduce((sum, count) => sum + count().refreshes, 0);
    const before = countRequests();
    await gatehouse.db.oAuthGrant.updateMany({
      where: { serverId: { in: ids.map(rowIdOf) } },
      data: { accessTokenExpiresAt: soon() },
    });
    for (const id of ids) await refreshed(id, 1);
    expect(countRequests() - before).toBe(10);
    const ended = await gatehouse.db.workspaceEvent.count({ where: { type: "REAUTH_REQUIRED" } });
    expect(ended).toBe(0);
  });

  it("R7 an authorization server that does not answer holds nobody else's grants up", async () => {
    await using broken = await startSandbox({ port: 0 });
    const ids: string[] = [];
    for (let i = 0; i < 9; i++) ids.push(await connectServer(broken.notesUrl));
    broken.faults.set("token-endpoint-hangs");
    await gatehouse.db.oAuthGrant.updateMany({
      where: { serverId: { in: ids.map(rowIdOf) } },
      data: { accessTokenExpiresAt: new Date(Date.now() - 1_000) },
    });
    await broken.faults.reached("token-endpoint-hangs");
    const times = await countRefreshes(control);
    await change(control, { accessTokenExpiresAt: soon() });
    await refreshed(control, times + 1);
    broken.faults.clear();
    for (const id of ids) await change(id, { refreshToken: null });
  });
});

describe("last use", () => {
  it("is written by a call, at most once a day", async () => {
    const serverId = await connectServer();
    await change(serverId, { lastUsedAt: null });
    const before = Date.now();
    await executeTool(ada, serverId, "list_notes");
    // Behind the answer.
    const readUse = async () => (await readGrant(serverId)).lastUsedAt?.getTime() ?? 0;
    await expect
      .poll(async () => Math.abs((await readUse()) - before), { timeout: 20_000 })
      .toBeLessThan(60_000);
    const earlier = new Date(Date.now() - day / 2);
    await change(serverId, { lastUsedAt: earlier });
    await executeTool(ada, serverId, "list_notes");
    expect((await readGrant(serverId)).lastUsedAt).toEqual(earlier);
    await change(serverId, { lastUsedAt: new Date(Date.now() - 2 * day) });
    await executeTool(ada, serverId, "list_notes");
    await expect.poll(readUse, { timeout: 20_000 }).toBeGreaterThanOrEqual(before - 60_000);
  });
});

import { beforeEach, expect } from "vitest";
import { connect, createServer, executeTool, rowIdOf, type TestUser } from "./support/client.ts";
import type { TestGatehouse } from "./support/gatehouse.ts";
import { it } from "./support/shared-gatehouse.ts";

let gatehouse: TestGatehouse;
let ada: TestUser;
let serverId: string;

it.beforeAll(({ gatehouse: part, ada: user }) => {
  [gatehouse, ada] = [part, user];
});
beforeEach(async () => {
  gatehouse.sandbox.faults.clear();
  serverId = await createServer(ada, gatehouse.sandbox.notesUrl);
});

async function readForecast(): Promise<{ at: string | null; reason: string } | null> {
  const { mcpServer } = await ada.query(
    "query ($id: ID!) { mcpServer(id: $id) { oauthStatus { forecast { at reason } } } }",
    { id: serverId },
  );
  return mcpServer.oauthStatus.forecast;
}

const readGrant = () =>
  gatehouse.db.oAuthGrant.findFirstOrThrow({ where: { serverId: rowIdOf(serverId) } });

const sixHours = 6 * 3_600_000;

/** Refreshes now, whatever the time. */
async function refresh(): Promise<void> {
  await gatehouse.db.oAuthGrant.updateMany({
    where: { serverId: rowIdOf(serverId) },
    data: { accessTokenExpiresAt: new Date(Date.now() - 1_000), refreshRetryAt: null },
  });
  await executeTool(ada, serverId, "list_notes");
}

it("nothing is foretold before consent, nor of a grant about which nothing is known", async () => {
  expect(await readForecast()).toBeNull();
  await connect(ada, serverId);
  expect(await readForecast()).toBeNull();
});

it("C10 without a refresh token: the end of the access token", async () => {
  await connect(ada, serverId);
  await gatehouse.db.oAuthGrant.updateMany({
    where: { serverId: rowIdOf(serverId) },
    data: { refreshToken: null },
  });
  const { accessTokenExpiresAt } = await readGrant();
  expect(await readForecast()).toEqual({
    at: accessTokenExpiresAt?.toISOString(),
    reason: "NO_REFRESH_TOKEN",
  });
});

it("the refresh token's lifetime counts from consent, and from each refresh that states it", async () => {
  gatehouse.sandbox.faults.set("tokens-state-refresh-lifetime");
  await connect(ada, serverId);
  const consented = await readGrant();
  expect(consented.refreshTokenExpiresAt).toEqual(
    new Date((consented.connectedAt?.getTime() ?? 0) + sixHours),
  );
  expect(await readForecast()).toEqual({
    at: consented.refreshTokenExpiresAt?.toISOString(),
    reason: "REFRESH_TOKEN_EXPIRES",
  });
  await refresh();
  const refreshed = await readGrant();
  expect(refreshed.version).toBeGreaterThan(consented.version);
  expect(refreshed.refreshTokenExpiresAt).toEqual(
    new Date((refreshed.lastRefreshedAt?.getTime() ?? 0) + sixHours),
  );
});

it("R6 a lifetime that is not stated again is kept with the old refresh token, and forgotten with a new one", async () => {
  gatehouse.sandbox.faults.set("tokens-state-refresh-lifetime");
  await connect(ada, serverId);
  const { refreshTokenExpiresAt } = await readGrant();
  gatehouse.sandbox.faults.clear();
  gatehouse.sandbox.faults.set("refresh-omits-refresh-token");
  await refresh();
  const kept = await readGrant();
  expect(kept.lastRefreshedAt).not.toBeNull();
  expect(kept.refreshTokenExpiresAt).toEqual(refreshTokenExpiresAt);
  gatehouse.sandbox.faults.clear();
  // The one that was left out above would be a reuse: begin anew.
  gatehouse.sandbox.faults.set("tokens-state-refresh-lifetime");
  await connect(ada, serverId);
  gatehouse.sandbox.faults.clear();
  await refresh();
  expect(await readGrant()).toMatchObject({ state: "CONNECTED", refreshTokenExpiresAt: null });
  expect(await readForecast()).toBeNull();
});

it("a client secret that runs out", async () => {
  await connect(ada, serverId);
  const clientSecretExpiresAt = new Date(Date.now() + sixHours);
  await gatehouse.db.oAuthClient.updateMany({
    where: { serverId: rowIdOf(serverId) },
    data: { clientSecretExpiresAt },
  });
  expect(await readForecast()).toEqual({
    at: clientSecretExpiresAt.toISOString(),
    reason: "CLIENT_SECRET_EXPIRES",
  });
});

it("R7 three refreshes in a row that failed, until one succeeds", async () => {
  await connect(ada, serverId);
  gatehouse.sandbox.faults.set("token-endpoint-503");
  await refresh();
  await refresh();
  expect(await readForecast()).toBeNull();
  await refresh();
  // The access token has run out already: a time in the past foretells nothing.
  expect(await readForecast()).toEqual({ at: null, reason: "REFRESH_FAILING" });
  gatehouse.sandbox.faults.clear();
  await refresh();
  expect(await readForecast()).toBeNull();
});

it("a grant that ended foretells nothing", async () => {
  gatehouse.sandbox.faults.set("tokens-state-refresh-lifetime");
  await connect(ada, serverId);
  await ada.query("mutation ($id: ID!) { disconnectOAuth(serverId: $id) { id } }", {
    id: serverId,
  });
  expect(await readForecast()).toBeNull();
  expect(await readGrant()).toMatchObject({ refreshTokenExpiresAt: null });
});

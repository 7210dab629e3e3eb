import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { createMetrics } from "#services/operations/metrics.ts";
import { connect, createServer, executeTool, type TestUser } from "./support/client.ts";
import { startGatehouse, type TestGatehouse } from "./support/gatehouse.ts";

const token = "metrics-".padEnd(40, "0");
let gatehouse: TestGatehouse;
let ada: TestUser;
beforeAll(async () => {
  gatehouse = await startGatehouse({ env: { METRICS_TOKEN: token } });
  ada = await gatehouse.signUp("Ada");
});
afterAll(() => gatehouse?.[Symbol.asyncDispose]());

async function read(authorization = `Bearer ${token}`) {
  const response = await fetch(`${gatehouse.url}/metrics`, { headers: { authorization } });
  return { status: response.status, text: await response.text() };
}

/** The value of one line; undefined: there is none. */
async function readValue(line: string): Promise<number | undefined> {
  const { text } = await read();
  const found = text.split("\n").find((one) => one.startsWith(`${line} `));
  return found === undefined ? undefined : Number(found.slice(line.length));
}

it("are for whoever has the token; to others there is nothing", async () => {
  for (const authorization of ["", "Bearer ", `Bearer ${token.slice(1)}`, token])
    expect((await read(authorization)).status).toBe(404);
  expect((await read()).status).toBe(200);
});

it("tell of runs, refreshes, accounts, consents and events, and name nobody", async () => {
  await using events = ada.subscribe(
    "subscription ($id: ID!) { workspaceEvents(workspaceId: $id) { type } }",
    { id: ada.workspaceId },
  );
  const first = events.next();
  const serverId = await createServer(ada, gatehouse.sandbox.notesUrl, { name: "hush-hush" });
  await first;
  await connect(ada, serverId);
  await executeTool(ada, serverId, "list_notes");
  gatehouse.sandbox.expireAccessTokens();
  await executeTool(ada, serverId, "list_notes");

  expect(await readValue('gatehouse_tool_run_seconds_count{status="SUCCEEDED"}')).toBe(2);
  const issuer = new URL(gatehouse.sandbox.url).host;
  const refreshed = `gatehouse_token_requests_total{issuer="${issuer}",outcome="refreshed"}`;
  expect(await readValue(refreshed)).toBe(1);
  expect(await readValue('gatehouse_accounts{state="CONNECTED",reason=""}')).toBe(1);
  expect(await readValue('gatehouse_consents_last_hour{status="SUCCEEDED",error=""}')).toBe(1);
  expect(await readValue("gatehouse_event_subscribers")).toBe(1);
  expect(await readValue("gatehouse_event_lag_seconds_count")).toBeGreaterThan(1);
  expect(await readValue("gatehouse_database_up")).toBe(1);
  expect(await readValue('gatehouse_execute_tool_seconds_count{outcome="ToolExecuted"}')).toBe(2);
  expect(await readValue(`gatehouse_duplicate_refreshes_total{issuer="${issuer}"}`)).toBe(0);
  expect(await readValue("gatehouse_failure_to_event_seconds_count")).toBe(0);
  expect(await readValue("gatehouse_revocation_outbox_age_seconds")).toBe(0);

  await executeTool(ada, serverId, "list_note");
  // Somebody who has not refreshed just now: a token that is refused again within a minute is not.
  const bob = await gatehouse.signUp("Bob");
  const bobsId = await createServer(bob, gatehouse.sandbox.notesUrl);
  await connect(bob, bobsId);
  await gatehouse.sandbox.endGrants("Bob");
  await executeTool(bob, bobsId, "list_notes");
  await expect
    .poll(() => readValue("gatehouse_failure_to_event_seconds_count"), { timeout: 30_000 })
    .toBe(1);
  for (const outcome of ["ToolNotFound", "ReauthRequired"])
    expect(
      await readValue(`gatehouse_execute_tool_seconds_count{outcome="${outcome}"}`),
      outcome,
    ).toBe(1);
  expect((await read()).text).not.toMatch(/hush|Ada|Bob|list_notes|\/mcp/i);
});

it("A11 count issuers beyond the first fifty hosts as other", () => {
  const metrics = createMetrics({
    db: gatehouse.db,
    countSubscribers: () => 0,
    countRunning: () => 0,
  });
  const request = { outcome: "refreshed", durationMs: 1, inDoubt: false, saved: true, savingMs: 1 };
  for (let host = 0; host < 60; host += 1)
    for (const path of ["/a", "/b"])
      metrics.noteTokenRequest({ ...request, issuer: `https://as${host}.example.com${path}` });
  metrics.noteTokenRequest({ ...request, issuer: "no URL" });
  return metrics.render().then((text) => {
    const issuers = text.match(/token_requests_total\{issuer="[^"]+"/g) ?? [];
    expect(issuers).toHaveLength(51);
    expect(text).toContain('gatehouse_token_requests_total{issuer="other",outcome="refreshed"} 21');
    expect(text).not.toContain("/a");
  });
});

/** The names in a text, without what a histogram appends to its own. */
const namesIn = (text: string): string[] =>
  [...new Set(text.match(/\b(gatehouse|process|nodejs)_[a-z0-9_]+/g))]
    .map((name) => name.replace(/_seconds_(bucket|count|sum)$/, "_seconds"))
    .toSorted();

it("are those of the rules and the dashboard, and every one of ours is documented", async () => {
  const { text } = await read();
  const exported = namesIn(text.replaceAll(/^(?!# TYPE).*$/gm, ""));
  const file = (path: string) => readFileSync(join(import.meta.dirname, "../..", path), "utf8");
  for (const path of ["deploy/prometheus-alerts.yaml", "deploy/grafana-dashboard.json"]) {
    const named = namesIn(file(path));
    expect(named.length, path).toBeGreaterThan(5);
    expect(exported, path).toEqual(expect.arrayContaining(named));
  }
  const ours = exported.filter((name) => name.startsWith("gatehouse_"));
  const documented = namesIn(file("docs/operations.md")).filter((name) =>
    name.startsWith("gatehouse_"),
  );
  expect(documented).toEqual(ours);
});

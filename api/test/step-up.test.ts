import { afterAll, beforeEach, describe, expect } from "vitest";
import { startSandbox, type Sandbox } from "#sandbox/sandbox.ts";
import { type GuardedCounterparty, startGuarded } from "./counterparties/guarded.ts";
import {
  connect,
  createServer,
  executeTool,
  readStatus,
  rowIdOf,
  startOAuth,
  type TestUser,
} from "./support/client.ts";
import { disposable } from "./support/disposable.ts";
import type { TestGatehouse } from "./support/gatehouse.ts";
import { it } from "./support/shared-gatehouse.ts";

const resources = new AsyncDisposableStack();
let gatehouse: TestGatehouse;
let ada: TestUser;
let mcp: GuardedCounterparty;
let acmeId: Sandbox;
let serverId: string;

it.beforeAll(({ gatehouse: part, ada: user }) => {
  [gatehouse, ada] = [part, user];
});
afterAll(() => resources.disposeAsync());

beforeEach(async () => {
  mcp = resources.use(disposable(await startGuarded()));
  acmeId = resources.use(await startSandbox({ port: 0, furtherResources: [mcp.url] }));
  mcp.issuers = [acmeId];
  mcp.authorizationServers = [acmeId.url];
  serverId = await createServer(ada, mcp.url);
  await consentAgain();
});

/** Until its last step, which runs behind the answer and uses the tokens too. */
async function consentAgain(): Promise<void> {
  await connect(ada, serverId);
  const readSteps = async () => {
    const { steps } = await gatehouse.db.oAuthFlow.findFirstOrThrow({
      where: { serverId: rowIdOf(serverId) },
      orderBy: { startedAt: "desc" },
    });
    return JSON.stringify(steps);
  };
  await expect.poll(readSteps, { timeout: 10_000 }).toContain("TOOL_DISCOVERY");
}

const write = () => executeTool(ada, serverId, "write");
const look = () => executeTool(ada, serverId, "look");
const needsScope = { __typename: "ReauthRequired", reason: "INSUFFICIENT_SCOPE" };
const worked = { __typename: "ToolExecuted", execution: { status: "SUCCEEDED" } };

function countEvents(): Promise<number> {
  return gatehouse.db.workspaceEvent.count({
    where: { serverId: rowIdOf(serverId), type: "REAUTH_REQUIRED" },
  });
}

describe("MCP-AUTH-14 step-up", () => {
  it("asks for the union of what is granted and what the call needs", async () => {
    mcp.writeScope = "notes:write";
    expect(await write()).toMatchObject(needsScope);
    await consentAgain();
    expect(await readStatus(ada, serverId)).toMatchObject({
      state: "CONNECTED",
      requestedScopes: ["notes:read", "offline_access", "notes:write"],
      grantedScopes: expect.arrayContaining(["notes:read", "notes:write"]),
    });
    expect(await write()).toMatchObject(worked);
  });

  it("INSUFFICIENT_SCOPE concerns the calls that need the scope; others go on", async () => {
    mcp.writeScope = "notes:write";
    expect(await write()).toMatchObject(needsScope);
    expect(await look()).toMatchObject(worked);
    expect(await write()).toMatchObject(needsScope);
    // A call that goes through says nothing of those that do not.
    expect(await readStatus(ada, serverId)).toMatchObject({
      state: "REAUTH_REQUIRED",
      reason: "INSUFFICIENT_SCOPE",
      renewable: true,
    });
    acmeId.expireAccessTokens();
    expect(await look()).toMatchObject(worked);
    expect(await countEvents()).toBe(1);
  });

  it("C14 a server that is never content asks for two consents, and then for none", async () => {
    mcp.writeScope = "notes:write";
    mcp.isInsatiable = true;
    for (const scopes of ["notes:write", "notes:write"]) {
      mcp.writeScope = scopes;
      expect(await write()).toMatchObject(needsScope);
      await consentAgain();
      expect(await readStatus(ada, serverId)).toMatchObject({ state: "CONNECTED" });
    }
    const events = await countEvents();
    expect(await write()).toEqual({
      __typename: "ServerUnreachable",
      message:
        "The server keeps requesting notes:write although consent was granted. Its operator must fix this.",
      retryable: false,
    });
    expect(await readStatus(ada, serverId)).toMatchObject({ state: "CONNECTED", reason: null });
    expect(await look()).toMatchObject(worked);
    expect(await countEvents()).toBe(events);
    // Another scope is another matter.
    mcp.writeScope = "notes:export";
    expect(await write()).toMatchObject(needsScope);
  });

  it("C14 whatever order it names them in, and however often", async () => {
    mcp.isInsatiable = true;
    for (const scopes of ["notes:write notes:export", "notes:export notes:write notes:export"]) {
      mcp.writeScope = scopes;
      expect(await write()).toMatchObject(needsScope);
      await consentAgain();
    }
    mcp.writeScope = "notes:write notes:write notes:export";
    expect(await write()).toMatchObject({ __typename: "ServerUnreachable" });
    expect(await readStatus(ada, serverId)).toMatchObject({ state: "CONNECTED" });
    const { stepUps } = await gatehouse.db.oAuthGrant.findFirstOrThrow({
      where: { serverId: rowIdOf(serverId) },
    });
    expect(stepUps).toEqual(["notes:export notes:write", "notes:export notes:write"]);
  });

  it("C14 a server that names other scopes each time is not followed for ever", async () => {
    mcp.isInsatiable = true;
    const nameScopes = (round: number) =>
      Array.from({ length: 60 }, (_, number) => `notes:${round}:${number}`).join(" ");
    mcp.writeScope = nameScopes(1);
    expect(await write()).toMatchObject(needsScope);
    mcp.writeScope = nameScopes(2);
    expect(await write()).toMatchObject({ __typename: "ServerUnreachable", retryable: false });
    const { challengedScopes } = await gatehouse.db.oAuthGrant.findFirstOrThrow({
      where: { serverId: rowIdOf(serverId) },
    });
    expect(challengedScopes).toHaveLength(60);
    expect(await look()).toMatchObject(worked);
  });

  it("C14 a 403 that names no scope is bounded too", async () => {
    mcp.isInsatiable = true;
    mcp.writeScope = "";
    for (let round = 1; round <= 2; round += 1) {
      expect(await write()).toMatchObject(needsScope);
      await consentAgain();
    }
    expect(await write()).toMatchObject({
      message:
        "The server keeps requesting further scopes although consent was granted. Its operator must fix this.",
    });
  });

  it("what was stepped up to is asked for again at every later consent", async () => {
    mcp.writeScope = "notes:write";
    expect(await write()).toMatchObject(needsScope);
    await consentAgain();
    // The grant dies, and nothing of it is left but what it was for.
    await acmeId.endGrants("ada");
    expect(await look()).toMatchObject({ reason: "GRANT_INVALID" });
    await consentAgain();
    expect((await readStatus(ada, serverId)).requestedScopes).toEqual([
      "notes:read",
      "offline_access",
      "notes:write",
    ]);
    expect(await write()).toMatchObject(worked);
  });

  it("disconnecting forgets it", async () => {
    mcp.isInsatiable = true;
    mcp.writeScope = "notes:write";
    for (let round = 1; round <= 2; round += 1) {
      expect(await write()).toMatchObject(needsScope);
      await consentAgain();
    }
    expect(await write()).toMatchObject({ __typename: "ServerUnreachable" });
    await ada.query("mutation ($id: ID!) { disconnectOAuth(serverId: $id) { id } }", {
      id: serverId,
    });
    const started = await startOAuth(ada, serverId);
    expect(new URL(started.authorizationUrl).searchParams.get("scope")).toBe(
      "notes:read offline_access",
    );
    await ada.consent(started.authorizationUrl);
    expect(await write()).toMatchObject(needsScope);
  });

  it("two calls that need different scopes are both in the next consent", async () => {
    mcp.isInsatiable = true;
    mcp.writeScope = "notes:write";
    expect(await write()).toMatchObject(needsScope);
    mcp.writeScope = "notes:export";
    expect(await write()).toMatchObject(needsScope);
    await consentAgain();
    expect((await readStatus(ada, serverId)).requestedScopes).toEqual([
      "notes:read",
      "offline_access",
      "notes:export",
      "notes:write",
    ]);
  });
});

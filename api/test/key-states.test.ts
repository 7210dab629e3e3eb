/** Whether servers accept the keys that are configured for them: the state of an account at a server that authenticates with a header. */
import { afterEach, beforeEach, describe, expect } from "vitest";
import { type KeyedCounterparty, startKeyed } from "./counterparties/keyed.ts";
import { createServer, executeTool, type TestUser } from "./support/client.ts";
import type { TestGatehouse } from "./support/gatehouse.ts";
import { it } from "./support/shared-gatehouse.ts";
import { startReceiver } from "./support/webhook-receiver.ts";
import { createEndpoint } from "./support/webhooks.ts";

const patient = { timeout: 10_000 };

let gatehouse: TestGatehouse;
let ada: TestUser;
let server: KeyedCounterparty;
it.beforeAll(({ gatehouse: part, ada: user }) => {
  [gatehouse, ada] = [part, user];
});
beforeEach(async () => {
  server = await startKeyed("good");
});
afterEach(() => server.close());

const headersOf = (value: string) => [{ name: "X-Api-Key", value }];
const shared = { authType: "HEADERS", credentialScope: "WORKSPACE" };
const addServer = (key: string, settings: object = shared) =>
  createServer(ada, server.url, { ...settings, headers: headersOf(key) });

async function readServer(user: TestUser, id: string) {
  const { mcpServer } = await user.query(
    `query ($id: ID!) { mcpServer(id: $id) {
      authType oauthStatus { state reason forecast { at reason } } tools { nodes { name } }
    } }`,
    { id },
  );
  return mcpServer;
}

async function readState(user: TestUser, id: string) {
  const { mcpServer } = await user.query(
    "query ($id: ID!) { mcpServer(id: $id) { oauthStatus { state reason } } }",
    { id },
  );
  return mcpServer.oauthStatus;
}

async function readEvents(serverId: string) {
  const { node } = await ada.query(
    `query ($id: ID!, $serverId: ID!) { node(id: $id) { ... on Workspace {
      events(first: 50, filter: { serverId: $serverId }) { nodes {
        type ... on OAuthStateChanged { previousState state reason user { name } }
      } }
    } } }`,
    { id: ada.workspaceId, serverId },
  );
  return node.events.nodes.filter(({ state }: { state?: string }) => state !== undefined);
}

async function listByState(states: string[]): Promise<string[]> {
  const { node } = await ada.query(
    `query ($id: ID!, $states: [OAuthState!]) { node(id: $id) { ... on Workspace {
      mcpServers(first: 100, filter: { oauthState: $states }) { nodes { id } }
    } } }`,
    { id: ada.workspaceId, states },
  );
  return node.mcpServers.nodes.map(({ id }: { id: string }) => id);
}

async function listNeeds(serverId: string) {
  const { node } = await ada.query(
    `query ($id: ID!) { node(id: $id) { ... on Workspace { accountNeeds(first: 100) { nodes {
      server { id } user { name } state reason since forecast { at reason }
    } } } } }`,
    { id: ada.workspaceId },
  );
  return node.accountNeeds.nodes.filter(
    (need: { server: { id: string } }) => need.server.id === serverId,
  );
}

const update = (id: string, input: object) =>
  ada.query("mutation ($input: UpdateMcpServerInput!) { updateMcpServer(input: $input) { id } }", {
    input: { id, ...input },
  });

const rejected = { state: "REAUTH_REQUIRED", reason: "KEY_REJECTED" };
const missing = { state: "REAUTH_REQUIRED", reason: "KEY_MISSING" };
const connected = { state: "CONNECTED", reason: null };
const unknown = { state: "UNKNOWN", reason: null };

describe("I20 the key of a server", () => {
  it("is unknown, then rejected, then accepted, with an event, a filter and a need for each", async () => {
    const id = await addServer("bad");
    expect(await readState(ada, id)).toEqual(unknown);
    expect(await listByState(["UNKNOWN"])).toContain(id);
    expect(await listNeeds(id)).toEqual([]);

    expect(await executeTool(ada, id, "look")).toMatchObject({ __typename: "CredentialsRejected" });
    expect(await readState(ada, id)).toEqual(rejected);
    expect(await listByState(["REAUTH_REQUIRED"])).toContain(id);
    expect(
      await listByState(["UNKNOWN", "CONNECTED", "NOT_REQUIRED", "DISCONNECTED"]),
    ).not.toContain(id);
    expect(await listNeeds(id)).toMatchObject([
      { user: null, ...rejected, since: expect.any(String), forecast: null },
    ]);
    await executeTool(ada, id, "look");
    expect(await readEvents(id)).toEqual([
      { type: "REAUTH_REQUIRED", previousState: "UNKNOWN", ...rejected, user: null },
    ]);

    server.keys.add("bad");
    expect(await executeTool(ada, id, "look")).toMatchObject({ __typename: "ToolExecuted" });
    expect(await readState(ada, id)).toEqual(connected);
    expect(await listByState(["CONNECTED"])).toContain(id);
    expect(await listNeeds(id)).toEqual([]);
    expect(await readEvents(id)).toMatchObject([
      { type: "REAUTH_REQUIRED" },
      { type: "OAUTH_STATE_CHANGED", previousState: "REAUTH_REQUIRED", ...connected },
    ]);
  });

  it("keeps its tools when it is rejected, and when it is replaced by a wrong one", async () => {
    const id = await addServer("good");
    expect(await readServer(ada, id)).toMatchObject({ tools: { nodes: [{ name: "look" }] } });
    server.keys.clear();
    expect(await executeTool(ada, id, "look")).toMatchObject({ __typename: "CredentialsRejected" });
    expect(await readServer(ada, id)).toMatchObject({
      oauthStatus: rejected,
      tools: { nodes: [{ name: "look" }] },
    });
    await update(id, { headers: headersOf("also-bad") });
    expect(await readServer(ada, id)).toMatchObject({ tools: { nodes: [{ name: "look" }] } });
    expect(await executeTool(ada, id, "look")).toMatchObject({ __typename: "CredentialsRejected" });
    expect(await readServer(ada, id)).toMatchObject({
      oauthStatus: rejected,
      tools: { nodes: [{ name: "look" }] },
    });
  });

  it("that is missing is reported as missing", async () => {
    const id = await createServer(ada, server.url, { credentialScope: "WORKSPACE" });
    expect(await readServer(ada, id)).toMatchObject({ authType: "HEADERS", oauthStatus: missing });
    expect(await listByState(["REAUTH_REQUIRED"])).toContain(id);
    expect(await listNeeds(id)).toMatchObject([missing]);
    expect(await executeTool(ada, id, "look")).toMatchObject({ __typename: "CredentialsRejected" });
    expect(await readEvents(id)).toMatchObject([{ previousState: "UNKNOWN", ...missing }]);

    await update(id, { headers: headersOf("good") });
    expect(await readState(ada, id)).toEqual(unknown);
    expect(await executeTool(ada, id, "look")).toMatchObject({ __typename: "ToolExecuted" });
    expect((await readEvents(id)).map(({ state }: { state: string }) => state)).toEqual([
      "REAUTH_REQUIRED",
      "UNKNOWN",
      "CONNECTED",
    ]);
  });

  it("is not judged by a server that is away", async () => {
    const id = await addServer("good");
    await executeTool(ada, id, "look");
    server.status = 503;
    expect(await executeTool(ada, id, "look")).toMatchObject({ __typename: "ServerUnreachable" });
    expect(await readState(ada, id)).toEqual(connected);
    expect(await readEvents(id)).toHaveLength(1);
  });

  it("is not judged by a late answer about an earlier one", async () => {
    const id = await addServer("bad");
    server.keys.add("bad");
    await executeTool(ada, id, "look");
    const { promise, resolve } = Promise.withResolvers<void>();
    server.gate = promise;
    server.keys.delete("bad");
    const seen = server.received.length;
    const call = executeTool(ada, id, "look");
    await expect.poll(() => server.received.length, patient).toBeGreaterThan(seen);
    await update(id, { headers: headersOf("good") });
    resolve();
    await call;
    expect((await readEvents(id)).map(({ state }: { state: string }) => state)).not.toContain(
      "REAUTH_REQUIRED",
    );
  });

  it("that is changed is unknown", async () => {
    const id = await addServer("bad");
    await executeTool(ada, id, "look");
    await update(id, { headers: headersOf("good") });
    expect(await readState(ada, id)).toEqual(unknown);
    expect(await listNeeds(id)).toEqual([]);
    expect(await readEvents(id)).toMatchObject([
      { type: "REAUTH_REQUIRED" },
      { type: "OAUTH_STATE_CHANGED", previousState: "REAUTH_REQUIRED", ...unknown },
    ]);
  });

  it("is the same in every process, which records one change", async () => {
    const id = await addServer("bad");
    const other = ada.at(await gatehouse.addProcess());
    const answers = await Promise.all(
      [ada, other, ada, other].map((user) => executeTool(user, id, "look")),
    );
    expect(answers).toEqual(
      answers.map(() => expect.objectContaining({ __typename: "CredentialsRejected" })),
    );
    expect(await readState(other, id)).toEqual(rejected);
    expect(await readEvents(id)).toHaveLength(1);
    server.keys.add("bad");
    await Promise.all([ada, other].map((user) => executeTool(user, id, "look")));
    expect(await readState(ada, id)).toEqual(connected);
    expect(await readEvents(id)).toHaveLength(2);
    // What one process has seen accepted is rejected at another, and accepted again at the first.
    server.keys.clear();
    await executeTool(other, id, "look");
    expect(await readState(ada, id)).toEqual(rejected);
    server.keys.add("bad");
    const recover = async () => {
      await executeTool(ada, id, "look");
      return readState(ada, id);
    };
    await expect.poll(recover, patient).toEqual(connected);
  });

  it("reaches subscribers and webhooks", async () => {
    const id = await addServer("bad");
    await using receiver = await startReceiver();
    await createEndpoint(ada, receiver.url, ["REAUTH_REQUIRED"]);
    const cursor = (
      await ada.query("query ($id: ID!) { node(id: $id) { ... on Workspace { eventCursor } } }", {
        id: ada.workspaceId,
      })
    ).node.eventCursor;
    await using changes = ada.subscribe(
      "subscription ($id: ID!, $after: String) { authStateChanged(workspaceId: $id, after: $after) { state reason server { id } } }",
      { id: ada.workspaceId, after: cursor },
    );
    await using events = ada.subscribe(
      "subscription ($id: ID!, $after: String) { workspaceEvents(workspaceId: $id, after: $after, filter: { types: [REAUTH_REQUIRED] }) { ... on OAuthStateChanged { reason } } }",
      { id: ada.workspaceId, after: cursor },
    );
    await executeTool(ada, id, "look");
    expect((await changes.next()).value.data.authStateChanged).toEqual({
      ...rejected,
      server: { id },
    });
    expect((await events.next()).value.data.workspaceEvents).toEqual({ reason: "KEY_REJECTED" });
    const [delivery] = await receiver.received(1);
    expect(JSON.parse(delivery?.body ?? "")).toMatchObject({
      type: "REAUTH_REQUIRED",
      data: { state: "REAUTH_REQUIRED", reason: "KEY_REJECTED" },
    });
  });

  it("of a server that was open becomes missing at the first 401", async () => {
    server.keys.add("");
    const id = await createServer(ada, server.url, { credentialScope: "WORKSPACE" });
    expect(await readState(ada, id)).toEqual({ state: "NOT_REQUIRED", reason: null });
    expect(await executeTool(ada, id, "look")).toMatchObject({ __typename: "ToolExecuted" });
    server.keys.delete("");
    expect(await executeTool(ada, id, "look")).toMatchObject({ __typename: "CredentialsRejected" });
    expect(await readServer(ada, id)).toMatchObject({
      authType: "HEADERS",
      oauthStatus: missing,
      tools: { nodes: [{ name: "look" }] },
    });
  });

  it("expires at the time that an admin entered", async () => {
    const soon = new Date(Date.now() + 86_400_000).toISOString();
    const id = await addServer("good", { ...shared, headersExpireAt: soon });
    expect((await readServer(ada, id)).oauthStatus.forecast).toBeNull();
    await executeTool(ada, id, "look");
    const forecast = { at: soon, reason: "KEY_EXPIRES" };
    expect((await readServer(ada, id)).oauthStatus.forecast).toEqual(forecast);
    expect(await listNeeds(id)).toMatchObject([{ ...connected, forecast }]);
    await update(id, { headersExpireAt: null });
    expect((await readServer(ada, id)).oauthStatus.forecast).toBeNull();
  });
});

it("Q4 a server whose authentication is unknown has an unknown state", async () => {
  const id = await createServer(ada, "http://127.0.0.1:1/mcp");
  expect(await readServer(ada, id)).toMatchObject({ authType: "UNKNOWN", oauthStatus: unknown });
  expect(await listByState(["UNKNOWN"])).toContain(id);
  expect(await listByState(["NOT_REQUIRED"])).not.toContain(id);
});

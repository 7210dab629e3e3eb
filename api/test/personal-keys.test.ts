/** The keys that members enter for themselves, and tests of keys that are not stored. */
import { afterEach, beforeEach, describe, expect } from "vitest";
import { type KeyedCounterparty, startKeyed } from "./counterparties/keyed.ts";
import { createServer, executeTool, rowIdOf, type TestUser } from "./support/client.ts";
import type { TestGatehouse } from "./support/gatehouse.ts";
import { accept, makeInvitation, type Role, tryQuery } from "./support/invitations.ts";
import { it } from "./support/shared-gatehouse.ts";

const patient = { timeout: 10_000 };

let gatehouse: TestGatehouse;
let ada: TestUser;
let bob: TestUser;
let server: KeyedCounterparty;
it.beforeAll(async ({ gatehouse: part, ada: user }) => {
  [gatehouse, ada] = [part, user];
  bob = await join("MEMBER");
});
beforeEach(async () => {
  server = await startKeyed("of-ada", "of-bob", "of-all");
});
afterEach(() => server.close());

async function join(role: Role): Promise<TestUser> {
  const user = await gatehouse.signUp();
  const { token } = await makeInvitation(ada, { role });
  expect(await accept(user, token)).toBe("ok");
  return user;
}

const headersOf = (value: string) => [{ name: "X-Api-Key", value }];
const addServer = (settings: object = {}) =>
  createServer(ada, server.url, {
    authType: "HEADERS",
    credentialScope: "PERSONAL",
    ...settings,
  });

function setKey(user: TestUser, serverId: string, key: string | null, input: object = {}) {
  return tryQuery(
    user,
    `mutation ($input: SetMyHeadersInput!) { setMyHeaders(input: $input) {
      id myHeaderNames myHeadersExpireAt headerNames oauthStatus { state reason }
    } }`,
    { input: { serverId, headers: key === null ? null : headersOf(key), ...input } },
  );
}

async function readState(user: TestUser, id: string) {
  const { mcpServer } = await user.query(
    "query ($id: ID!) { mcpServer(id: $id) { oauthStatus { state reason } } }",
    { id },
  );
  return mcpServer.oauthStatus.reason ?? mcpServer.oauthStatus.state;
}

async function look(user: TestUser, id: string) {
  const answer = await executeTool(user, id, "look");
  return answer.execution?.content[0].text ?? answer.__typename;
}

const readKeys = (id: string) =>
  gatehouse.db.serverKey.findMany({ where: { serverId: rowIdOf(id) }, orderBy: { id: "asc" } });

const update = (id: string, input: object) =>
  ada.query("mutation ($input: UpdateMcpServerInput!) { updateMcpServer(input: $input) { id } }", {
    input: { id, ...input },
  });

describe("I20 a key of a member's own", () => {
  it("is used for the member's calls alone, stored encrypted, and tried at once", async () => {
    const id = await addServer();
    expect(await readState(ada, id)).toBe("KEY_MISSING");
    const { data } = await setKey(ada, id, "of-ada");
    expect(data.setMyHeaders).toMatchObject({ myHeaderNames: ["X-Api-Key"], headerNames: [] });
    await expect.poll(() => readState(ada, id), patient).toBe("CONNECTED");
    expect(await readState(bob, id)).toBe("KEY_MISSING");
    expect(await look(bob, id)).toBe("CredentialsRejected");
    await setKey(bob, id, "of-bob");
    expect(await look(ada, id)).toBe("look with of-ada");
    expect(await look(bob, id)).toBe("look with of-bob");

    const keys = await readKeys(id);
    expect(keys).toHaveLength(2);
    expect(
      keys.map(({ headers }) => Buffer.from(headers ?? []).toString("latin1")).join(),
    ).not.toContain("of-");
    // One member's value does not open as another's.
    const [first, second] = keys;
    await gatehouse.db.serverKey.update({
      where: { id: first?.id ?? "" },
      data: { headers: second?.headers ?? null, version: { increment: 1 } },
    });
    const { errors } = await ada.graphql(
      'mutation ($id: ID!) { executeTool(input: { serverId: $id, toolName: "look" }) { __typename } }',
      { id },
    );
    expect(errors).toHaveLength(1);
    expect(server.runs).toEqual(["of-ada", "of-bob"]);
    expect(gatehouse.log.join("\n")).not.toContain("of-ada");
  });

  it("that is changed is used at once by every process, and removed by null", async () => {
    const id = await addServer();
    const other = ada.at(await gatehouse.addProcess());
    await setKey(ada, id, "of-ada");
    expect(await look(ada, id)).toBe("look with of-ada");
    expect(await look(other, id)).toBe("look with of-ada");
    await setKey(ada, id, "of-all");
    await expect.poll(() => look(other, id), patient).toBe("look with of-all");
    expect(await look(ada, id)).toBe("look with of-all");
    await setKey(other, id, "wrong");
    await expect.poll(() => look(ada, id), patient).toBe("CredentialsRejected");
    expect(await readState(ada, id)).toBe("KEY_REJECTED");
    const { data } = await setKey(ada, id, null);
    expect(data.setMyHeaders).toMatchObject({ myHeaderNames: [], myHeadersExpireAt: null });
    expect(await readState(other, id)).toBe("KEY_MISSING");
    expect((await readKeys(id)).map(({ headers }) => headers)).toEqual([null]);
    await setKey(ada, id, "of-ada");
    await expect.poll(() => look(other, id), patient).toBe("look with of-ada");
  });

  it("takes precedence over the server's headers", async () => {
    const id = await addServer({ headers: [{ name: "x-api-key", value: "of-all" }] });
    expect(await look(bob, id)).toBe("look with of-all");
    await setKey(bob, id, "of-bob");
    await expect.poll(() => look(bob, id), patient).toBe("look with of-bob");
    expect(await look(ada, id)).toBe("look with of-all");
  });

  it("is removed when the member leaves, and when the address or the scope changes", async () => {
    const cleo = await join("MEMBER");
    const id = await addServer();
    await setKey(ada, id, "of-ada");
    await setKey(cleo, id, "of-all");
    expect(await look(cleo, id)).toBe("look with of-all");
    await cleo.query("mutation ($id: ID!) { leaveWorkspace(workspaceId: $id) { __typename } }", {
      id: ada.workspaceId,
    });
    expect(await readKeys(id)).toHaveLength(1);

    await update(id, { url: `${server.url}?a=b`, authType: "HEADERS" });
    expect((await readKeys(id)).map(({ headers }) => headers !== null)).toEqual([true]);
    expect(await readState(ada, id)).toBe("UNKNOWN");
    expect(await look(ada, id)).toBe("look with of-ada");

    const elsewhere = await startKeyed("of-ada");
    await update(id, { url: elsewhere.url, authType: "HEADERS" });
    expect(await readKeys(id)).toEqual([]);
    expect(await look(ada, id)).toBe("CredentialsRejected");
    expect(elsewhere.runs).toEqual([]);
    await elsewhere.close();

    await setKey(ada, id, "of-ada");
    await update(id, { credentialScope: "WORKSPACE" });
    expect(await readKeys(id)).toEqual([]);
  });

  it("has an expiry that is foretold", async () => {
    const id = await addServer();
    const expiresAt = new Date(Date.now() + 86_400_000).toISOString();
    await setKey(ada, id, "of-ada", { expiresAt });
    await expect.poll(() => readState(ada, id), patient).toBe("CONNECTED");
    const { mcpServer } = await ada.query(
      "query ($id: ID!) { mcpServer(id: $id) { myHeadersExpireAt oauthStatus { forecast { at reason } } } }",
      { id },
    );
    expect(mcpServer).toEqual({
      myHeadersExpireAt: expiresAt,
      oauthStatus: { forecast: { at: expiresAt, reason: "KEY_EXPIRES" } },
    });
  });

  it("is refused to those who may not connect, and where no member has one", async () => {
    const viewer = await join("VIEWER");
    const stranger = await gatehouse.signUp();
    const id = await addServer();
    const shared = await addServer({ credentialScope: "WORKSPACE" });
    expect((await setKey(viewer, id, "of-all")).code).toBe("FORBIDDEN");
    expect((await setKey(stranger, id, "of-all")).code).toBe("NOT_FOUND");
    expect((await setKey(ada, shared, "of-all")).code).toBe("BAD_USER_INPUT");
    expect((await setKey(ada, id, "")).code).toBe("BAD_USER_INPUT");
    expect((await setKey(ada, id, "of-all", { headers: [] })).code).toBe("BAD_USER_INPUT");
    expect(await readKeys(id)).toEqual([]);
  });
});

it.each([
  ["ApiKey", { name: "Authorization", scheme: "ApiKey" }],
  ['Bearer realm="Enter your key in X-Api-Key"', { name: "X-Api-Key", scheme: null }],
  [null, { name: "X-Api-Key", scheme: null }],
])("I20 detection proposes the header for %s", async (wwwAuthenticate, expected) => {
  server.wwwAuthenticate = wwwAuthenticate;
  const { detectServer } = await ada.query(
    `query ($input: DetectServerInput!) { detectServer(input: $input) {
      authType suggestedHeader { name scheme }
    } }`,
    { input: { workspaceId: ada.workspaceId, url: server.url } },
  );
  expect(detectServer).toEqual({ authType: "HEADERS", suggestedHeader: expected });
});

describe("I20 a test of a key", () => {
  const test = (user: TestUser, input: object) =>
    tryQuery(
      user,
      "mutation ($input: TestHeadersInput!) { testHeaders(input: $input) { result message } }",
      { input },
    );
  const before = (key: string) => ({
    workspaceId: ada.workspaceId,
    url: server.url,
    headers: headersOf(key),
  });

  it("says whether the server accepts it, and stores nothing", async () => {
    expect((await test(ada, before("of-ada"))).data.testHeaders).toEqual({
      result: "ACCEPTED",
      message: "The server accepts this key.",
    });
    expect((await test(ada, before("wrong"))).data.testHeaders).toEqual({
      result: "REJECTED",
      message: "The server rejected this key.",
    });
    const id = await addServer();
    server.status = 503;
    const { data } = await test(ada, { serverId: id, headers: headersOf("of-ada") });
    expect(data.testHeaders.result).toBe("UNREACHABLE");
    expect(data.testHeaders.message).not.toBe("");
    expect(await readKeys(id)).toEqual([]);
    expect(await readState(ada, id)).toBe("KEY_MISSING");
  });

  it("sends requests only to permitted addresses, and for those who may ask", async () => {
    const id = await addServer();
    const shared = await addServer({ credentialScope: "WORKSPACE" });
    const headers = headersOf("of-ada");
    expect((await test(bob, { serverId: id, headers })).data.testHeaders.result).toBe("ACCEPTED");
    expect((await test(bob, { serverId: shared, headers })).code).toBe("FORBIDDEN");
    expect((await test(bob, before("of-ada"))).code).toBe("FORBIDDEN");
    expect((await test(await gatehouse.signUp(), { serverId: id, headers })).code).toBe(
      "NOT_FOUND",
    );
    expect((await test(ada, { ...before("of-ada"), url: "http://169.254.169.254/mcp" })).code).toBe(
      "BAD_USER_INPUT",
    );
    expect((await test(ada, { headers })).code).toBe("BAD_USER_INPUT");
    expect((await test(ada, { ...before("of-ada"), serverId: id })).code).toBe("BAD_USER_INPUT");
    expect((await test(ada, { serverId: id, headers: [{ name: "X-Api-Key" }] })).code).toBe(
      "BAD_USER_INPUT",
    );
  });
});

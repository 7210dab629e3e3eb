import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startEverything } from "./counterparties/everything.ts";
import { disposable } from "./support/disposable.ts";
import { watchClients } from "./support/client-traffic.ts";
import {
  connect,
  createServer,
  executeTool,
  readStatus,
  rowIdOf,
  startOAuth,
  type TestUser,
} from "./support/client.ts";
import { startGatehouse, type TestGatehouse } from "./support/gatehouse.ts";

let gatehouse: TestGatehouse;
let ada: TestUser;

beforeAll(async () => {
  gatehouse = await startGatehouse({ undoMs: 100 });
  ada = await gatehouse.signUp("Ada");
});
afterAll(() => gatehouse[Symbol.asyncDispose]());

const update = (input: object) =>
  ada.graphql(
    "mutation ($input: UpdateMcpServerInput!) { updateMcpServer(input: $input) { id name authType oauthClientId hasOAuthClientSecret headerNames credentialScope url } }",
    {
      input,
    },
  );

/** Answers what the API says of a faulty input. */
async function faultsOf(input: object) {
  const { errors } = await ada.graphql(
    "mutation ($input: CreateMcpServerInput!) { createMcpServer(input: $input) { id } }",
    {
      input: {
        workspaceId: ada.workspaceId,
        name: "Server",
        url: gatehouse.sandbox.notesUrl,
        ...input,
      },
    },
  );
  return errors?.[0]?.extensions;
}

describe("settings of a server", () => {
  it.each([
    ["not a URL", { url: "notes" }, "url"],
    ["neither http nor https", { url: "ftp://example.com/mcp" }, "url"],
    ["a script", { url: "javascript:alert(1)" }, "url"],
    ["a private address", { url: "http://10.0.0.8/mcp" }, "url"],
    ["a link-local address", { url: "http://169.254.169.254/latest" }, "url"],
    ["a URL with user name and password", { url: "https://user:secret@example.com/mcp" }, "url"],
    ["an empty name", { name: "   " }, "name"],
    ["a name of 101 characters", { name: "x".repeat(101) }, "name"],
    ["a malformed header name", { headers: [{ name: "X Key", value: "1" }] }, "headers.0.name"],
    ["a reserved header", { headers: [{ name: "Content-Length", value: "1" }] }, "headers.0.name"],
    [
      "a header value with a line break",
      { headers: [{ name: "X-Key", value: "a\r\nb" }] },
      "headers.0.value",
    ],
    [
      "a header value beyond Latin-1",
      { headers: [{ name: "X-Key", value: "€" }] },
      "headers.0.value",
    ],
    ["a name with a NUL", { name: "a\u0000b" }, "name"],
    ["a URL with a NUL", { url: "http://127.0.0.1:9/\u0000" }, "url"],
    ["a description with a NUL", { description: "\u0000" }, "description"],
    ["a client id with a NUL", { oauthClientId: "\u0000" }, "oauthClientId"],
    ["a header without value", { headers: [{ name: "X-Key" }] }, "headers.0.value"],
    ["UNKNOWN as the type", { authType: "UNKNOWN" }, "authType"],
    ["a secret without its client", { oauthClientSecret: "s" }, "oauthClientSecret"],
    ["a timeout of a millisecond", { requestTimeoutMs: 1 }, "requestTimeoutMs"],
  ])("refuses %s at its field", async (_, input, field) => {
    expect(await faultsOf(input)).toMatchObject({
      code: "BAD_USER_INPUT",
      requestId: expect.any(String),
      fieldErrors: { [field]: [expect.any(String)] },
    });
  });

  it("D2 detects OAuth, headers and none by what the server says", async () => {
    await using everything = disposable(await startEverything());
    const read = async (id: string) =>
      (
        await ada.query(
          "query ($id: ID!) { mcpServer(id: $id) { authType reachability { state } } }",
          { id },
        )
      ).mcpServer;
    expect(await read(await createServer(ada, gatehouse.sandbox.notesUrl))).toEqual({
      authType: "OAUTH",
      reachability: { state: "REACHABLE" },
    });
    expect(await read(await createServer(ada, everything.url))).toMatchObject({ authType: "NONE" });
    expect(await read(await createServer(ada, `${gatehouse.sandbox.url}/nothing-here`))).toEqual({
      authType: "UNKNOWN",
      reachability: { state: "UNREACHABLE" },
    });
    expect(
      await read(await createServer(ada, everything.url, { authType: "HEADERS" })),
    ).toMatchObject({
      authType: "HEADERS",
    });
  });

  it("D5 keeps the grant through a new name, timeout, description or header", async () => {
    const id = await createServer(ada, gatehouse.sandbox.notesUrl);
    await connect(ada, id);
    await update({ id, name: "Renamed", requestTimeoutMs: 5_000, description: "Still connected" });
    await update({ id, headers: [{ name: "X-Tenant", value: "1" }] });
    expect(await readStatus(ada, id)).toMatchObject({ state: "CONNECTED" });
  });

  it.each([
    ["client", () => ({ oauthClientId: "another" })],
    ["issuer", () => ({ oauthIssuer: "https://issuer.example" })],
    ["credential scope", () => ({ credentialScope: "WORKSPACE" })],
    ["authentication type", () => ({ authType: "HEADERS" })],
    ["URL", () => ({ url: gatehouse.sandbox.weatherUrl })],
  ])("D5 ends and revokes the grant with a new %s", async (_, change) => {
    const id = await createServer(ada, gatehouse.sandbox.notesUrl);
    await connect(ada, id);
    const traffic = await watchClients(gatehouse, id);
    const { revocations } = traffic();
    await update({ id, ...change() });
    await update({ id, authType: "OAUTH", credentialScope: "PERSONAL" });
    expect(await readStatus(ada, id)).toMatchObject({ state: "DISCONNECTED" });
    await expect.poll(() => traffic().revocations).toBeGreaterThan(revocations);
  });

  it("D5 ends the grants however long it takes to end them all", async () => {
    const id = await createServer(ada, gatehouse.sandbox.notesUrl);
    await connect(ada, id);
    const taken = Promise.withResolvers<void>();
    // As long as a transaction lasts by default, and then some.
    const busy = gatehouse.db.$transaction(
      async (tx) => {
        await tx.$queryRaw`SELECT 1 FROM "OAuthGrant" WHERE "serverId" = ${rowIdOf(id)}::uuid FOR UPDATE`;
        taken.resolve();
        await tx.$executeRaw`SELECT pg_sleep(5.5)`;
      },
      { timeout: 30_000 },
    );
    await taken.promise;
    const { errors } = await update({ id, url: gatehouse.sandbox.weatherUrl });
    await busy;
    expect(errors).toBeUndefined();
    expect(await readStatus(ada, id)).toMatchObject({ reason: "SETTINGS_CHANGED" });
  }, 60_000);

  it("D5 an attempt under the old settings ends as SETTINGS_CHANGED", async () => {
    const id = await createServer(ada, gatehouse.sandbox.notesUrl);
    const started = await startOAuth(ada, id);
    await update({ id, credentialScope: "WORKSPACE" });
    await ada.consent(started.authorizationUrl);
    const { oauthFlow } = await ada.query(
      "query ($id: ID!) { oauthFlow(id: $id) { status error } }",
      { id: started.flow.id },
    );
    expect(oauthFlow).toEqual({ status: "FAILED", error: "SETTINGS_CHANGED" });
    expect(await readStatus(ada, id)).toMatchObject({ state: "DISCONNECTED" });
  });

  it("D6 null clears the client id and its secret, a field left out keeps them", async () => {
    const id = await createServer(ada, gatehouse.sandbox.notesUrl, {
      oauthClientId: "client",
      oauthClientSecret: "secret",
    });
    expect((await update({ id, name: "Kept" })).data.updateMcpServer).toMatchObject({
      oauthClientId: "client",
      hasOAuthClientSecret: true,
    });
    expect((await update({ id, oauthClientId: null })).data.updateMcpServer).toMatchObject({
      oauthClientId: null,
      hasOAuthClientSecret: false,
    });
  });

  it("D7 no secret comes back, and none is stored in clear", async () => {
    const headers = [{ name: "X-Key", value: "header-value-4711" }];
    const id = await createServer(ada, gatehouse.sandbox.notesUrl, {
      headers,
      oauthClientId: "client",
      oauthClientSecret: "client-secret-4711",
    });
    const answer = await update({
      id,
      headers: [
        { name: "x-key", value: null },
        { name: "X-New", value: "new-value-4711" },
      ],
    });
    expect(answer.data.updateMcpServer.headerNames).toEqual(["x-key", "X-New"]);
    const rows = JSON.stringify(
      await gatehouse.db.$queryRaw`SELECT s::text AS row FROM "McpServer" s`,
    );
    const told = JSON.stringify(answer) + gatehouse.log.join("\n") + rows;
    for (const secret of ["header-value-4711", "client-secret-4711", "new-value-4711"]) {
      expect(told).not.toContain(secret);
      expect(told).not.toContain(Buffer.from(secret).toString("hex"));
    }
    const refused = await update({ id, headers: [{ name: "X-Unknown", value: null }] });
    expect(refused.errors?.[0]?.extensions["fieldErrors"]).toHaveProperty(["headers.0.value"]);
  });

  it("D7 a stored secret is not sent to an address or issuer that was changed under it", async () => {
    const elsewhere = "http://127.0.0.1:9/mcp";
    const id = await createServer(ada, gatehouse.sandbox.notesUrl, {
      headers: [{ name: "X-Key", value: "header-value" }],
      oauthClientId: "client",
      oauthClientSecret: "secret",
    });
    const refused = await update({ id, url: elsewhere });
    expect(refused.errors?.[0]?.extensions["fieldErrors"]).toEqual({
      headers: [expect.any(String)],
      oauthClientSecret: [expect.any(String)],
    });
    const pinned = await update({ id, oauthIssuer: "https://issuer.example" });
    expect(pinned.errors?.[0]?.extensions["fieldErrors"]).toHaveProperty("oauthClientSecret");
    const again = await update({
      id,
      url: elsewhere,
      headers: [{ name: "X-Key", value: "header-value" }],
      oauthClientSecret: "secret",
    });
    expect(again.errors).toBeUndefined();
  });

  it("D9 a new server is not connected before an account is", async () => {
    const id = await createServer(ada, gatehouse.sandbox.notesUrl);
    expect(await readStatus(ada, id)).toMatchObject({
      state: "DISCONNECTED",
      reason: "NOT_CONNECTED",
      connectedBy: null,
    });
  });

  it("D12 ids are UUIDv7, and URLs that differ in their query alone are two servers with a client each", async () => {
    const urls = ["a", "b"].map((tenant) => `${gatehouse.sandbox.notesUrl}?tenant=${tenant}`);
    const ids = await Promise.all(urls.map((url) => createServer(ada, url)));
    const rowIds = ids.map(rowIdOf);
    expect(new Set(rowIds).size).toBe(2);
    for (const id of rowIds)
      expect(id).toMatch(/^[\da-f]{8}-[\da-f]{4}-7[\da-f]{3}-[89ab][\da-f]{3}-/);
    const stored = await gatehouse.db.mcpServer.findMany({ where: { id: { in: rowIds } } });
    expect(stored.map(({ url }) => url).toSorted()).toEqual(urls);
    const [first = "", second = ""] = ids;
    await connect(ada, first);
    expect(await readStatus(ada, first)).toMatchObject({ state: "CONNECTED" });
    expect(await readStatus(ada, second)).toMatchObject({ state: "DISCONNECTED" });
  });

  it("D13 a changed URL is probed again, and no answer keeps the type", async () => {
    await using everything = disposable(await startEverything());
    const id = await createServer(ada, gatehouse.sandbox.notesUrl);
    expect((await update({ id, url: everything.url })).data.updateMcpServer.authType).toBe("NONE");
    expect(
      (await update({ id, url: `${gatehouse.sandbox.url}/nothing-here` })).data.updateMcpServer
        .authType,
    ).toBe("NONE");
    expect(
      (await update({ id, url: gatehouse.sandbox.weatherUrl })).data.updateMcpServer.authType,
    ).toBe("OAUTH");
  });

  it("previews a URL without storing anything", async () => {
    const before = await gatehouse.db.mcpServer.count();
    const { detectServer } = await ada.query(
      "query ($input: DetectServerInput!) { detectServer(input: $input) { authType message issuer scopes clientRegistration clientRequired redirectUri duplicates { id } } }",
      { input: { workspaceId: ada.workspaceId, url: gatehouse.sandbox.weatherUrl } },
    );
    expect(detectServer).toMatchObject({
      authType: "OAUTH",
      issuer: gatehouse.sandbox.url,
      clientRegistration: "DYNAMIC",
      clientRequired: false,
      redirectUri: `${gatehouse.url}/oauth/callback`,
    });
    expect(await gatehouse.db.mcpServer.count()).toBe(before);
  });
});

describe("deleting and disconnecting", () => {
  it("D8 revokes the tokens at the authorization server and leaves nothing behind", async () => {
    const id = await createServer(ada, gatehouse.sandbox.notesUrl);
    await connect(ada, id);
    const traffic = await watchClients(gatehouse, id);
    const { revocations } = traffic();
    await ada.query("mutation ($id: ID!) { deleteMcpServer(id: $id) { id } }", { id });
    await expect
      .poll(() => traffic().revocations, { timeout: 15_000 })
      .toBeGreaterThan(revocations);
    const serverId = rowIdOf(id);
    expect(await gatehouse.db.oAuthGrant.count({ where: { serverId } })).toBe(0);
    expect(await gatehouse.db.oAuthClient.count({ where: { serverId } })).toBe(0);
    expect(
      (
        await ada.query("query ($ids: [ID!]!) { nodes(ids: $ids) { id } }", {
          ids: [id, "nonsense"],
        })
      ).nodes,
    ).toEqual([null, null]);
  });

  it("disconnects an account, revokes its tokens and says why it is disconnected", async () => {
    const id = await createServer(ada, gatehouse.sandbox.notesUrl);
    await connect(ada, id);
    const traffic = await watchClients(gatehouse, id);
    const { revocations } = traffic();
    await ada.query("mutation ($id: ID!) { disconnectOAuth(serverId: $id) { id } }", { id });
    expect(await readStatus(ada, id)).toMatchObject({
      state: "DISCONNECTED",
      reason: "DISCONNECTED_BY_USER",
      grantedScopes: [],
    });
    await expect.poll(() => traffic().revocations).toBeGreaterThan(revocations);
    expect(await executeTool(ada, id, "list_notes")).toMatchObject({
      __typename: "ReauthRequired",
      reason: "DISCONNECTED_BY_USER",
    });
  });
});

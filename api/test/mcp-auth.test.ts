/** Rules of the MCP specification that only a whole Gatehouse can show; the others are proven beside the code. */
import { afterAll, describe, expect } from "vitest";
import { type MarkedCounterparty, startMarked } from "./counterparties/marked.ts";
import {
  challenge,
  describeAuthorizationServer,
  type Parts,
  type Received,
} from "./counterparties/protected.ts";
import {
  connect,
  createServer,
  executeTool,
  readStatus,
  rowIdOf,
  startOAuth,
  type TestUser,
} from "./support/client.ts";
import type { TestGatehouse } from "./support/gatehouse.ts";
import { it } from "./support/shared-gatehouse.ts";

let gatehouse: TestGatehouse;
let ada: TestUser;
const started: MarkedCounterparty[] = [];

it.beforeAll(({ gatehouse: part, ada: user }) => {
  [gatehouse, ada] = [part, user];
});
afterAll(async () => {
  await Promise.all(started.map((counterparty) => counterparty.close()));
});

async function start(mark: string, changes?: Partial<Parts>): Promise<MarkedCounterparty> {
  const counterparty = await startMarked(mark, changes);
  started.push(counterparty);
  return counterparty;
}

/** An MCP server that is protected by authorization servers elsewhere, and takes the tokens of any of them. */
async function startResource(mark: string, listed: () => MarkedCounterparty[]) {
  return start(mark, {
    resource: (origin) => ({
      resource: `${origin}/mcp`,
      authorization_servers: listed().map(({ origin: issuer }) => issuer),
    }),
    authorizationServer: () => 404,
    mcp(received, response) {
      if (!listed().some((one) => one.isAccepted(received.headers.authorization)))
        return challenge(received, response);
      const { id, method } = JSON.parse(received.body);
      response.writeHead(200, { "content-type": "application/json" });
      const result =
        method === "tools/list"
          ? { tools: [] }
          : { supportedVersions: ["2026-07-28"], capabilities: { tools: {} } };
      response.end(
        JSON.stringify({ jsonrpc: "2.0", id, result: { resultType: "complete", ...result } }),
      );
    },
  });
}

/** Consents at one authorization server. */
async function consentAt(
  authorizationServer: MarkedCounterparty,
  serverId: string,
  input: object = {},
): Promise<URL> {
  const attempt = await startOAuth(ada, serverId, { force: true, ...input });
  expect(attempt.__typename).toBe("OAuthStarted");
  const answer = await ada.open(authorizationServer.approve(attempt.authorizationUrl));
  expect(answer.status).toBe(303);
  return new URL(attempt.authorizationUrl);
}

const formsOf = (counterparty: MarkedCounterparty) =>
  counterparty.received
    .filter(({ url }) => url === "/token")
    .map(({ body }) => new URLSearchParams(body));
const everythingOf = (received: readonly Received[]) => JSON.stringify(received);

describe("discovery and registration", () => {
  it("MCP-AUTH-1 the server's metadata decides, and nothing at its own origin is asked for", async () => {
    const as = await start("one-as");
    const server = await startResource("one", () => [as]);
    const serverId = await createServer(ada, server.url);
    const asked = await consentAt(as, serverId);
    expect(asked.origin).toBe(as.origin);
    expect(await readStatus(ada, serverId)).toMatchObject({
      state: "CONNECTED",
      issuer: as.origin,
    });
    expect(server.received.map(({ url }) => url)).not.toContain("/token");
  });

  it("MCP-AUTH-3 what one authorization server gave out never reaches the other", async () => {
    const [first, second] = [await start("three-first"), await start("three-second")];
    const server = await startResource("three", () => [first, second]);
    const serverId = await createServer(ada, server.url);
    await consentAt(first, serverId, { issuer: first.origin });
    await consentAt(second, serverId, { issuer: second.origin });
    await consentAt(first, serverId, { issuer: first.origin });
    for (const [here, there] of [
      [first, second],
      [second, first],
    ] as const) {
      expect(everythingOf(here.received)).not.toContain(
        `${there === first ? "three-first" : "three-second"}`,
      );
      expect(here.received.filter(({ url }) => url === "/register")).toHaveLength(1);
    }
    const clients = await gatehouse.db.oAuthClient.findMany({
      where: { serverId: rowIdOf(serverId) },
    });
    expect(new Set(clients.map(({ issuer }) => issuer))).toEqual(
      new Set([first.origin, second.origin]),
    );
  });

  it("MCP-AUTH-9 registers anew where the server moves to, and uses no earlier client there", async () => {
    const [before, after] = [await start("nine-before"), await start("nine-after")];
    let now = before;
    const server = await startResource("nine", () => [now]);
    const serverId = await createServer(ada, server.url);
    await consentAt(before, serverId);
    now = after;
    const asked = await consentAt(after, serverId);
    expect(asked.origin).toBe(after.origin);
    expect(asked.searchParams.get("client_id")).toBe("nine-after.client");
    expect(formsOf(after).map((form) => form.get("client_id"))).toEqual(["nine-after.client"]);
    expect(everythingOf(after.received)).not.toContain("nine-before");
  });

  it("MCP-AUTH-9 a client registered by hand is an error at another authorization server", async () => {
    const [own, other] = [await start("hand-own"), await start("hand-other")];
    let now = own;
    const server = await startResource("hand", () => [now]);
    const serverId = await createServer(ada, server.url, {
      oauthClientId: "by-hand",
      oauthClientSecret: "by-hand-secret",
      oauthIssuer: own.origin,
    });
    now = other;
    expect(await startOAuth(ada, serverId)).toMatchObject({ __typename: "OAuthDiscoveryFailed" });
    expect(everythingOf(other.received)).not.toContain("by-hand");
    expect(other.received.map(({ url }) => url)).not.toContain("/register");
  });
});

describe("the consent", () => {
  it("MCP-AUTH-10 the code is redeemed with the verifier whose S256 challenge was sent", async () => {
    const server = await start("ten");
    const serverId = await createServer(ada, server.url);
    const asked = (await consentAt(server, serverId)).searchParams;
    const [form] = formsOf(server);
    const digest = await crypto.subtle.digest(
      "SHA-256",
      new TextEncoder().encode(form?.get("code_verifier") ?? ""),
    );
    expect(asked.get("code_challenge_method")).toBe("S256");
    expect(asked.get("code_challenge")).toBe(Buffer.from(digest).toString("base64url"));
  });

  it("MCP-AUTH-11 the published resource goes byte for byte into consent, exchange and refresh", async () => {
    let published = "";
    const server = await start("eleven", {
      resource: (origin) => ({
        resource: (published = `${origin}/mcp/`),
        authorization_servers: [origin],
      }),
    });
    const serverId = await createServer(ada, server.url);
    const asked = await consentAt(server, serverId);
    server.expireAccessTokens();
    expect(await executeTool(ada, serverId, "look")).toMatchObject({ __typename: "ToolExecuted" });
    expect(asked.searchParams.get("resource")).toBe(published);
    const forms = formsOf(server);
    expect(forms.map((form) => form.get("grant_type"))).toEqual([
      "authorization_code",
      "refresh_token",
    ]);
    expect(forms.map((form) => form.get("resource"))).toEqual([published, published]);
  });

  it("MCP-AUTH-15 an issuer that is promised and does not come is refused, before the code is used", async () => {
    const server = await start("fifteen");
    const serverId = await createServer(ada, server.url);
    const attempt = await startOAuth(ada, serverId);
    const callback = new URL(server.approve(attempt.authorizationUrl));
    callback.searchParams.delete("iss");
    await ada.open(callback.href);
    expect(formsOf(server)).toEqual([]);
    expect(await readStatus(ada, serverId)).toMatchObject({ state: "DISCONNECTED" });
  });

  it("MCP-AUTH-16 a callback without the state that was given out changes nothing", async () => {
    const server = await start("sixteen");
    const serverId = await createServer(ada, server.url);
    const attempt = await startOAuth(ada, serverId);
    const good = server.approve(attempt.authorizationUrl);
    const state = new URL(good).searchParams.get("state") ?? "";
    expect(state.length).toBeGreaterThanOrEqual(32);
    for (const other of [null, "", `${state}x`, state.slice(0, -1), state.toUpperCase()]) {
      const callback = new URL(good);
      if (other === null) callback.searchParams.delete("state");
      else callback.searchParams.set("state", other);
      await ada.open(callback.href);
    }
    expect(formsOf(server)).toEqual([]);
    await ada.open(good);
    expect(await readStatus(ada, serverId)).toMatchObject({ state: "CONNECTED" });
  });
});

describe("tokens", () => {
  it("MCP-AUTH-18 go in the header of every request, never in a query, and only to their own server", async () => {
    const servers = [await start("eighteen-a"), await start("eighteen-b")];
    const ids: string[] = [];
    for (const server of servers) {
      const serverId = await createServer(ada, `${server.url}?tenant=1`);
      await consentAt(server, serverId);
      ids.push(serverId);
    }
    const consented = servers.map(({ received }) => received.length);
    for (const serverId of ids) {
      expect(await executeTool(ada, serverId, "look")).toMatchObject({
        __typename: "ToolExecuted",
      });
    }
    // One refused token: the request is sent again with the new one.
    for (const server of servers) server.expireAccessTokens();
    for (const serverId of ids) {
      expect(await executeTool(ada, serverId, "look")).toMatchObject({
        __typename: "ToolExecuted",
      });
    }
    for (const [at, server] of servers.entries()) {
      const mark = at === 0 ? "eighteen-a" : "eighteen-b";
      const other = at === 0 ? "eighteen-b" : "eighteen-a";
      expect(everythingOf(server.received)).not.toContain(other);
      const calls = server.received
        .slice(consented[at])
        .filter(({ url }) => url.startsWith("/mcp"));
      expect(calls.length).toBeGreaterThanOrEqual(3);
      for (const { headers } of calls)
        expect(headers.authorization).toMatch(new RegExp(`^Bearer ${mark}-access-\\d+$`));
      for (const { url, headers } of server.received) {
        expect(url).not.toContain(mark);
        expect(url).not.toMatch(/token=/);
        if (!url.startsWith("/mcp")) expect(headers.authorization).toBeUndefined();
      }
    }
  });

  it("MCP-AUTH-19 a public client's refresh tokens rotate: each is sent once, the newest next", async () => {
    const server = await start("nineteen", {
      register: { client_id: "public", token_endpoint_auth_method: "none" },
      authorizationServer: (origin) => describeAuthorizationServer(origin),
    });
    const serverId = await createServer(ada, server.url);
    const attempt = await startOAuth(ada, serverId);
    const callback = new URL(server.approve(attempt.authorizationUrl));
    callback.searchParams.delete("iss");
    await ada.open(callback.href);
    for (let round = 0; round < 3; round += 1) {
      server.expireAccessTokens();
      // A refusal is answered with a refresh once a minute: this one lies long ago.
      await gatehouse.db.oAuthGrant.updateMany({ data: { refusedAt: null } });
      expect(await executeTool(ada, serverId, "look")).toMatchObject({
        __typename: "ToolExecuted",
      });
    }
    const sent = formsOf(server).flatMap((form) => form.get("refresh_token") ?? []);
    const given = server.issued.filter((secret) => secret.includes("-refresh-"));
    expect(sent).toEqual(given.slice(0, 3));
    expect(formsOf(server).every((form) => !form.has("client_secret"))).toBe(true);
  });

  it("MCP-AUTH-19 no secret stands in clear in any byte of the database, or in the log", async () => {
    const server = await start("hidden");
    const serverId = await createServer(ada, server.url);
    const asked = (await consentAt(server, serverId)).searchParams;
    await executeTool(ada, serverId, "look");
    server.expireAccessTokens();
    await executeTool(ada, serverId, "look");
    // An attempt that stays open keeps its verifier and its state.
    const open = await startOAuth(ada, serverId, { force: true });
    const notesId = await createServer(ada, gatehouse.sandbox.notesUrl);
    await connect(ada, notesId);
    expect(await executeTool(ada, notesId, "list_notes")).toMatchObject({
      __typename: "ToolExecuted",
    });

    const secrets = [
      ...server.issued,
      asked.get("state") ?? "",
      new URL(open.authorizationUrl).searchParams.get("state") ?? "",
      formsOf(server)[0]?.get("code_verifier") ?? "",
    ];
    expect(secrets.length).toBeGreaterThan(8);
    const dump = await dumpDatabase();
    expect(dump, "it is the whole database").toContain(server.url);
    const log = gatehouse.log.join("\n");
    for (const secret of secrets) {
      expect(secret.length).toBeGreaterThan(8);
      const bytes = Buffer.from(secret);
      for (const form of [secret, bytes.toString("hex"), bytes.toString("base64").slice(0, -4)]) {
        expect(dump.includes(form), `${secret} in the database`).toBe(false);
        expect(log.includes(form), `${secret} in the log`).toBe(false);
      }
    }
  });
});

/** Every row of every table as text, bytes in hexadecimal. */
async function dumpDatabase(): Promise<string> {
  const tables = await gatehouse.db.$queryRaw<{ name: string }[]>`
    SELECT quote_ident(table_schema) || '.' || quote_ident(table_name) AS name FROM information_schema.tables
    WHERE table_schema NOT IN ('pg_catalog', 'information_schema') AND table_type = 'BASE TABLE'`;
  const parts: string[] = [];
  for (const { name } of tables) {
    const rows = await gatehouse.db.$queryRawUnsafe<{ row: string }[]>(
      `SELECT t::text AS row FROM ${name} t`,
    );
    parts.push(...rows.map(({ row }) => row));
  }
  return parts.join("\n");
}

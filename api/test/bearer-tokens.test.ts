/** A token that is sent and not valid is an error on every transport, never an anonymous request. */
import { once } from "node:events";
import { describe, expect } from "vitest";
import WebSocket from "ws";
import { rowIdOf, type TestUser } from "./support/client.ts";
import type { TestGatehouse } from "./support/gatehouse.ts";
import { it } from "./support/shared-gatehouse.ts";

let gatehouse: TestGatehouse;
let ada: TestUser;
/** `Authorization` headers, none of which is valid. */
let invalid: string[];

it.beforeAll(async ({ gatehouse: part, ada: user }) => {
  [gatehouse, ada] = [part, user];
  const [valid, expired, revoked] = [await createToken(), await createToken(), await createToken()];
  await gatehouse.db.apiToken.update({
    where: { id: expired.id },
    data: { expiresAt: new Date(Date.now() - 1_000) },
  });
  await ada.query("mutation ($id: ID!) { revokeApiToken(id: $id) { id } }", {
    id: revoked.globalId,
  });
  invalid = [
    ...["gatehouse_unknown", `${valid.secret}x`, expired.secret, revoked.secret, valid.id].map(
      (token) => `Bearer ${token}`,
    ),
    "Bearer",
    `Bearer ${valid.secret} more`,
    valid.secret,
    `Token ${valid.secret}`,
    `Basic ${Buffer.from(`ada:${valid.secret}`).toString("base64")}`,
    "",
  ];
});

async function createToken() {
  const { createApiToken } = await ada.query(
    `mutation ($input: CreateApiTokenInput!) { createApiToken(input: $input) { secret apiToken { id } } }`,
    { input: { workspaceId: ada.workspaceId, name: "t", scope: "MANAGE" } },
  );
  const { secret, apiToken } = createApiToken;
  return { secret: String(secret), globalId: String(apiToken.id), id: rowIdOf(apiToken.id) };
}

const documents: [name: string, query: string][] = [
  ["the viewer", "{ viewer { user { id } } }"],
  ["nothing of the caller", "{ __typename }"],
  ["an invitation", '{ invitation(token: "x") { fault } }'],
  ["a mutation", 'mutation { deleteMcpServer(id: "x") { id } }'],
  ["what is no document", "{"],
];

describe("A12 a bearer token that is present and not valid", () => {
  it.each(documents)(
    "A12 Q3 is refused with 401 when the request selects %s",
    async (_name, query) => {
      for (const authorization of invalid) {
        // With a valid session beside it too: a request with a token is the token's alone.
        const response = await fetch(`${gatehouse.url}/graphql`, {
          method: "POST",
          headers: { "content-type": "application/json", authorization, cookie: ada.cookie },
          body: JSON.stringify({ query }),
        });
        expect(response.status, authorization).toBe(401);
        expect(response.headers.get("www-authenticate")).toMatch(/^Bearer/);
        expect(await response.json()).toEqual({
          errors: [
            {
              message: expect.any(String),
              extensions: { code: "UNAUTHENTICATED", requestId: expect.any(String) },
            },
          ],
        });
      }
    },
  );

  it("A12 opens no stream of server-sent events", async () => {
    for (const authorization of invalid) {
      const response = await fetch(`${gatehouse.url}/graphql`, {
        method: "POST",
        headers: {
          "content-type": "application/json",
          accept: "text/event-stream",
          authorization,
        },
        body: JSON.stringify({
          query: "subscription ($id: ID!) { authStateChanged(workspaceId: $id) { id } }",
          variables: { id: ada.workspaceId },
        }),
      });
      expect(response.status, authorization).toBe(401);
      await response.body?.cancel();
    }
  });

  it("A12 exports nothing", async () => {
    for (const authorization of invalid) {
      const response = await fetch(`${gatehouse.url}/export/events.json`, {
        headers: { authorization, cookie: ada.cookie },
      });
      expect(response.status, authorization).toBe(401);
      expect(await response.json()).toMatchObject({ error: { code: "UNAUTHENTICATED" } });
    }
  });

  /** Opens a WebSocket with a valid session, and answers the code that it is closed with. */
  async function closeCode(headers: Record<string, string>, payload?: object): Promise<number> {
    const address = `${gatehouse.url.replace(/^http/, "ws")}/graphql`;
    const socket = new WebSocket(address, ["graphql-transport-ws"], {
      origin: gatehouse.url,
      headers: { cookie: ada.cookie, ...headers },
    });
    const closed = once(socket, "close");
    const acknowledged = once(socket, "message").then(() => socket.close(1000));
    await once(socket, "open");
    socket.send(JSON.stringify({ type: "connection_init", ...(payload ? { payload } : {}) }));
    await Promise.race([closed, acknowledged]);
    const [code] = await closed;
    return code;
  }

  it("A12 closes a WebSocket with 4401, sent with the upgrade or with connection_init", async () => {
    expect(await closeCode({}), "the session alone").toBe(1000);
    for (const authorization of invalid) {
      expect(await closeCode({ authorization }), authorization).toBe(4401);
      expect(await closeCode({}, { authorization }), authorization).toBe(4401);
    }
    expect(await closeCode({}, { authorization: null }), "null is absent").toBe(1000);
    for (const authorization of [1, ["Bearer x"], "Bearer \u00e9", "Bearer a\nb"]) {
      expect(await closeCode({}, { authorization }), String(authorization)).toBe(4401);
      expect(await closeCode({}, { Authorization: authorization })).toBe(4401);
    }
  });

  it("A12 a session that ended is still an anonymous request", async () => {
    const { data, errors } = await fetch(`${gatehouse.url}/graphql`, {
      method: "POST",
      headers: { "content-type": "application/json", cookie: "gatehouse.session_token=ended" },
      body: JSON.stringify({ query: "{ viewer { user { id } } }" }),
    }).then((response) => response.json() as Promise<{ data: object; errors?: object[] }>);
    expect({ data, errors }).toEqual({ data: { viewer: null }, errors: undefined });
  });
});

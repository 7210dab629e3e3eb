/** The main job with every secret known to the test, and then a search for each of them in all that was said and stored. */
import { afterAll, beforeAll, expect, it } from "vitest";
import { generateKey, parseKeyring } from "#crypto/keyring.ts";
import { createSealedBox, type SealedBox } from "#crypto/sealed-box.ts";
import { consent } from "#sandbox/testing/driver.ts";
import { createServer, executeTool, startOAuth, type TestUser } from "./support/client.ts";
import { startGatehouse, type TestGatehouse } from "./support/gatehouse.ts";
import { startReceiver, type WebhookReceiver } from "./support/webhook-receiver.ts";

const metricsToken = "metrics-token-of-thirty-two-characters-4711";
let gatehouse: TestGatehouse;
let receiver: WebhookReceiver;
let box: SealedBox;
let ada: TestUser;
const secrets = new Map<string, string>();
/** Bodies and headers that Gatehouse answered. */
const answers: string[] = [];
const plainFetch = globalThis.fetch;

beforeAll(async () => {
  const encryptionKeys = generateKey("test");
  gatehouse = await startGatehouse({
    secrets: { encryptionKeys },
    env: { METRICS_TOKEN: metricsToken },
  });
  receiver = await startReceiver();
  box = createSealedBox(parseKeyring(encryptionKeys));
  globalThis.fetch = async (input, init) => {
    const response = await plainFetch(input, init);
    if (String(input).startsWith(gatehouse.url) && !String(input).includes("/api/auth/"))
      answers.push(JSON.stringify([...response.headers]) + (await response.clone().text()));
    return response;
  };
  ada = await gatehouse.signUp("ada");
});
afterAll(async () => {
  globalThis.fetch = plainFetch;
  await receiver?.[Symbol.asyncDispose]();
  await gatehouse?.[Symbol.asyncDispose]();
});

/** What is told once, to whoever asked for it: the answer is left out of the search. */
async function askOnce<Answer>(ask: () => Promise<Answer>): Promise<Answer> {
  const before = answers.length;
  const answer = await ask();
  answers.splice(before);
  return answer;
}

async function noteTokens(when: string): Promise<void> {
  for (const { id, accessToken, refreshToken } of await gatehouse.db.oAuthGrant.findMany())
    for (const [column, sealed] of Object.entries({ accessToken, refreshToken }))
      if (sealed) {
        const context = { table: "OAuthGrant", column, rowId: id };
        secrets.set(`${column} ${when}`, box.open(sealed, context));
      }
}

async function liveThroughAll(): Promise<void> {
  secrets.set("password", "correct horse battery staple");
  secrets.set("metrics token", metricsToken);
  const token = await askOnce(() =>
    ada.query(
      'mutation ($id: ID!) { createApiToken(input: { workspaceId: $id, name: "t", scope: MANAGE }) { secret } }',
      { id: ada.workspaceId },
    ),
  );
  secrets.set("API token", token.createApiToken.secret);
  const hook = await askOnce(() =>
    ada.query(
      "mutation ($id: ID!, $url: String!) { createWebhookEndpoint(input: { workspaceId: $id, url: $url }) { signingSecret } }",
      { id: ada.workspaceId, url: receiver.url },
    ),
  );
  secrets.set("webhook secret", hook.createWebhookEndpoint.signingSecret);
  secrets.set("header", "header-value-4711");
  const headers = [{ name: "X-Key", value: "header-value-4711" }];
  const keyed = await createServer(ada, "http://127.0.0.1:1/mcp", { authType: "HEADERS", headers });
  await executeTool(ada, keyed, "x");
  secrets.set("client secret", "client-secret-4711");
  const oauthClient = { oauthClientId: "unknown", oauthClientSecret: "client-secret-4711" };
  const unknown = await createServer(ada, gatehouse.sandbox.weatherUrl, oauthClient);
  await askOnce(() => startOAuth(ada, unknown));

  const serverId = await createServer(ada, gatehouse.sandbox.notesUrl);
  const started = await askOnce(() => startOAuth(ada, serverId));
  secrets.set("state", new URL(started.authorizationUrl).searchParams.get("state") ?? "");
  const flow = await gatehouse.db.oAuthFlow.findFirstOrThrow({ orderBy: { startedAt: "desc" } });
  if (!flow.codeVerifier) throw new Error("no verifier");
  const place = { table: "OAuthFlow", column: "codeVerifier", rowId: flow.id };
  secrets.set("verifier", box.open(flow.codeVerifier, place));
  const { callbackUrl } = await consent({
    authorizationUrl: started.authorizationUrl,
    login: "ada",
    decision: "allow",
  });
  secrets.set("code", new URL(callbackUrl).searchParams.get("code") ?? "");
  expect((await ada.open(callbackUrl)).status).toBe(303);
  await ada.open(callbackUrl);
  await noteTokens("at first");
  await executeTool(ada, serverId, "list_notes");
  gatehouse.sandbox.expireAccessTokens();
  await executeTool(ada, serverId, "list_notes");
  await noteTokens("refreshed");
  await gatehouse.sandbox.endGrants("ada");
  gatehouse.sandbox.expireAccessTokens();
  await executeTool(ada, serverId, "list_notes");
  await ada.query("mutation ($id: ID!) { disconnectOAuth(serverId: $id) { id } }", {
    id: serverId,
  });
  await ada.query(
    "query ($id: ID!) { node(id: $id) { ... on Workspace { events(last: 100) { nodes { id type } } mcpServers { nodes { id name url headerNames oauthClientId hasOAuthClientSecret oauthStatus { state reason issuer } } } } } }",
    { id: ada.workspaceId },
  );
  await ada.query(
    "query ($id: ID!) { oauthFlow(id: $id) { error errorDetail steps { url detail } } }",
    {
      id: started.flow.id,
    },
  );
  await fetch(`${gatehouse.url}/metrics`, {
    headers: { authorization: `Bearer ${metricsToken}` },
  });
  await receiver.received(5);
}

/** Every row of every table as text, bytes in hexadecimal. */
async function dump(): Promise<string> {
  const tables = await gatehouse.db.$queryRaw<{ name: string }[]>`
    SELECT quote_ident(tablename) AS "name" FROM pg_tables WHERE schemaname = 'public'`;
  expect(tables.length).toBeGreaterThan(15);
  const rows = await Promise.all(
    tables.map(({ name }) =>
      gatehouse.db.$queryRawUnsafe<{ row: string }[]>(`SELECT t::text AS "row" FROM ${name} t`),
    ),
  );
  return rows.flatMap((table) => table.map(({ row }) => row)).join("\n");
}

it("no secret stands in an answer, a log line, a metric, a webhook or the database", async () => {
  await liveThroughAll();
  const places = {
    answers: answers.join("\n"),
    log: gatehouse.log.join("\n"),
    webhooks: JSON.stringify(receiver.deliveries),
    database: await dump(),
  };
  for (const [name, said] of Object.entries(places))
    expect(said.length, `${name} was looked at`).toBeGreaterThan(500);
  const found: string[] = [];
  for (const [what, secret] of secrets) {
    expect(secret.length, what).toBeGreaterThanOrEqual(16);
    const forms = (["utf8", "hex", "base64"] as const).map((form) =>
      Buffer.from(secret).toString(form).replace(/=+$/, ""),
    );
    for (const [place, said] of Object.entries(places))
      if (forms.some((form) => said.includes(form))) found.push(`${what} in the ${place}`);
  }
  expect(found).toEqual([]);
  expect(secrets.size).toBeGreaterThanOrEqual(12);
}, 120_000);

/** A7: how many requests, rows and sockets one caller can cause, and that they end with the caller. */
import { once } from "node:events";
import type { IncomingMessage, RequestListener } from "node:http";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { isContactingServer } from "#graphql/budget/outbound-fields.ts";
import { schema } from "#graphql/schema.ts";
import { type Counterparty, listenOnLoopback } from "./counterparties/listen.ts";
import { createServer, type TestUser } from "./support/client.ts";
import { disposable } from "./support/disposable.ts";
import { startGatehouse, type TestGatehouse } from "./support/gatehouse.ts";

let gatehouse: TestGatehouse;
let ada: TestUser;

beforeAll(async () => {
  gatehouse = await startGatehouse({
    env: {
      MAX_SERVERS_PER_WORKSPACE: "4",
      MAX_WEBHOOK_ENDPOINTS_PER_WORKSPACE: "2",
      MAX_OPEN_INVITATIONS_PER_WORKSPACE: "2",
      MAX_WORKSPACES_PER_USER: "3",
      MAX_API_TOKENS_PER_USER: "2",
    },
  });
  ada = await gatehouse.signUp();
});
afterAll(() => gatehouse[Symbol.asyncDispose]());

const extensionsOf = ({ errors }: Awaited<ReturnType<TestUser["graphql"]>>) =>
  errors?.map(({ extensions }) => extensions);

/** A server that answers nothing, and says who asks. */
async function startSilent(): Promise<
  Counterparty &
    AsyncDisposable & { requests: IncomingMessage[]; asked(): Promise<IncomingMessage> }
> {
  const requests: IncomingMessage[] = [];
  const waiting: ((request: IncomingMessage) => void)[] = [];
  const listener: RequestListener = (request) => {
    request.resume();
    requests.push(request);
    waiting.shift()?.(request);
  };
  const server = await listenOnLoopback(listener);
  const asked = () => new Promise<IncomingMessage>((resolve) => waiting.push(resolve));
  return disposable(Object.assign(server, { requests, asked }));
}

describe("A7 requests", () => {
  it("are limited per document, whatever the aliases, before any is sent", async () => {
    await using silent = await startSilent();
    const fields = Array.from(
      { length: 21 },
      (_, index) => `a${index}: createMcpServer(input: $input) { id }`,
    );
    const answer = await ada.graphql(
      `mutation ($input: CreateMcpServerInput!) { ${fields.join(" ")} }`,
      { input: { workspaceId: ada.workspaceId, name: "S", url: silent.url } },
    );
    expect(extensionsOf(answer)).toMatchObject([{ code: "QUERY_TOO_COMPLEX", limit: 20 }]);
    expect(silent.requests).toEqual([]);
  });

  it.each(["detectServer", "diagnoseServer"])("%s can be selected once", async (field) => {
    const select = `${field}(input: $input) { authType }`;
    const type = field === "detectServer" ? "DetectServerInput" : "DiagnoseServerInput";
    const answer = await ada.graphql(`query ($input: ${type}!) { a: ${select} b: ${select} }`, {
      input: { workspaceId: ada.workspaceId, url: gatehouse.sandbox.notesUrl },
    });
    expect(extensionsOf(answer)).toMatchObject([{ code: "QUERY_TOO_COMPLEX" }]);
  });

  it("are limited per caller and minute, with the time to wait", async () => {
    const url = await gatehouse.addProcess({ OUTBOUND_OPERATIONS_PER_MINUTE: "3" });
    const bob = (await gatehouse.signUp()).at(url);
    const detect = () =>
      bob.graphql(
        "query ($input: DetectServerInput!) { detectServer(input: $input) { authType } }",
        {
          input: { workspaceId: bob.workspaceId, url: gatehouse.sandbox.notesUrl },
        },
      );
    for (let count = 0; count < 3; count += 1) expect((await detect()).errors).toBeUndefined();
    const [refused] = extensionsOf(await detect()) ?? [];
    expect(refused).toMatchObject({ code: "RATE_LIMITED" });
    expect(refused?.["retryAfterMs"]).toBeGreaterThan(0);
  });

  it("are limited per caller at once, and others are not affected", async () => {
    await using silent = await startSilent();
    const carol = await gatehouse.signUp();
    const abort = new AbortController();
    const detect = (user: TestUser, url: string, signal?: AbortSignal) =>
      fetch(`${user.url}/graphql`, {
        method: "POST",
        headers: { "content-type": "application/json", cookie: user.cookie },
        body: JSON.stringify({
          query: "query ($input: DetectServerInput!) { detectServer(input: $input) { authType } }",
          variables: { input: { workspaceId: user.workspaceId, url } },
        }),
        ...(signal ? { signal } : {}),
      });
    const held: Promise<unknown>[] = [];
    for (let count = 0; count < 16; count += 1) {
      const asked = silent.asked();
      held.push(detect(carol, silent.url, abort.signal).catch(() => undefined));
      await asked;
    }
    const refused = (await (await detect(carol, silent.url)).json()) as { errors: object[] };
    expect(refused.errors).toMatchObject([{ extensions: { code: "RATE_LIMITED" } }]);
    const other = (await (await detect(ada, gatehouse.sandbox.notesUrl)).json()) as object;
    expect(other).toMatchObject({ data: { detectServer: { authType: "OAUTH" } } });
    abort.abort();
    await Promise.all(held);
  });

  it("that are not answered do not hold up costly operations of others", async () => {
    await using silent = await startSilent();
    // Shorter than the time that an operation waits for the server.
    const url = await gatehouse.addProcess({ OPERATION_DEADLINE_SECONDS: "2" });
    const names = Array.from({ length: 97 }, (_, index) => `n${index}: name`).join(" ");
    const tools = `tools(first: 100) { nodes { ${names} } }`;
    const abort = new AbortController();
    const held: Promise<unknown>[] = [];
    // Together they have the cost that a process runs at once.
    for (let count = 0; count < 5; count += 1) {
      const user = await gatehouse.signUp();
      const asked = silent.asked();
      const body = {
        query: `mutation ($input: CreateMcpServerInput!) { createMcpServer(input: $input) { ${tools} } }`,
        variables: { input: { workspaceId: user.workspaceId, name: "S", url: silent.url } },
      };
      const sent = fetch(`${url}/graphql`, {
        method: "POST",
        headers: { "content-type": "application/json", cookie: user.cookie },
        body: JSON.stringify(body),
        signal: abort.signal,
      });
      held.push(sent.catch(() => undefined));
      await asked;
    }
    const { errors } = await ada
      .at(url)
      .graphql(`query ($id: ID!) { node(id: $id) { ... on McpServer { ${tools} } } }`, {
        id: await createServer(ada, gatehouse.sandbox.notesUrl),
      });
    expect(errors).toBeUndefined();
    abort.abort();
    await Promise.all(held);
  });

  it.each([
    [
      "detectServer",
      "query ($input: DetectServerInput!) { detectServer(input: $input) { authType } }",
      {},
    ],
    [
      "diagnoseServer",
      "query ($input: DiagnoseServerInput!) { diagnoseServer(input: $input) { authType } }",
      {},
    ],
    [
      "createMcpServer",
      "mutation ($input: CreateMcpServerInput!) { createMcpServer(input: $input) { id } }",
      { name: "never created" },
    ],
  ])("of %s end when the caller disconnects", async (_field, query, more) => {
    await using silent = await startSilent();
    const abort = new AbortController();
    const asked = silent.asked();
    const answer = fetch(`${ada.url}/graphql`, {
      method: "POST",
      headers: { "content-type": "application/json", cookie: ada.cookie },
      body: JSON.stringify({
        query,
        variables: { input: { workspaceId: ada.workspaceId, url: silent.url, ...more } },
      }),
      signal: abort.signal,
    });
    const closed = once((await asked).socket, "close");
    abort.abort();
    await expect(answer).rejects.toThrow();
    await closed;
    // Discovery does not go on with further addresses.
    expect(silent.requests).toHaveLength(1);
    expect(await gatehouse.db.mcpServer.count({ where: { name: "never created" } })).toBe(0);
  });

  it("of startOAuth end when the caller disconnects", async () => {
    const dave = await gatehouse.signUp();
    await using silent = await startSilent();
    const serverId = await createServer(dave, gatehouse.sandbox.notesUrl);
    await gatehouse.db.mcpServer.updateMany({
      where: {
        workspaceId: Buffer.from(dave.workspaceId, "base64url").toString().split(":")[1] ?? "",
      },
      data: { url: silent.url },
    });
    const abort = new AbortController();
    const asked = silent.asked();
    const answer = fetch(`${dave.url}/graphql`, {
      method: "POST",
      headers: { "content-type": "application/json", cookie: dave.cookie },
      body: JSON.stringify({
        query: "mutation ($input: StartOAuthInput!) { startOAuth(input: $input) { __typename } }",
        variables: { input: { serverId } },
      }),
      signal: abort.signal,
    });
    const closed = once((await asked).socket, "close");
    abort.abort();
    await expect(answer).rejects.toThrow();
    await closed;
  });

  it("are declared for every field of the schema that sends any", () => {
    const fields = {
      ...schema.getMutationType()?.getFields(),
      ...schema.getQueryType()?.getFields(),
    };
    const declared = Object.values(fields)
      .filter((field) => isContactingServer(field) || field.extensions["callsTool"] === true)
      .map(({ name }) => name);
    // A new field that contacts a server which a user named belongs here, and is declared with `contactsServer`.
    expect(declared.toSorted()).toEqual([
      "createMcpServer",
      "detectServer",
      "diagnoseServer",
      "executeTool",
      "getPrompt",
      "readResource",
      "refreshTools",
      "resendWebhookDelivery",
      "startOAuth",
      "testHeaders",
      "testWebhookEndpoint",
      "updateMcpServer",
    ]);
  });
});

describe("A7 quotas", () => {
  const inputs: [string, string, string, number, (user: TestUser, index: number) => object][] = [
    [
      "serversPerWorkspace",
      "createMcpServer",
      "CreateMcpServerInput",
      4,
      ({ workspaceId }) => ({ workspaceId, name: "S", url: gatehouse.sandbox.weatherUrl }),
    ],
    [
      "webhookEndpointsPerWorkspace",
      "createWebhookEndpoint",
      "CreateWebhookEndpointInput",
      2,
      ({ workspaceId }) => ({ workspaceId, url: "http://127.0.0.1:9/hook" }),
    ],
    [
      "openInvitationsPerWorkspace",
      "createInvitation",
      "CreateInvitationInput",
      2,
      ({ workspaceId }) => ({ workspaceId, role: "MEMBER" }),
    ],
    ["workspacesPerUser", "createWorkspace", "CreateWorkspaceInput", 3, () => ({ name: "W" })],
    [
      "apiTokensPerUser",
      "createApiToken",
      "CreateApiTokenInput",
      2,
      ({ workspaceId }) => ({ workspaceId, name: "T", scope: "READ" }),
    ],
  ];

  it.each(inputs)(
    "%s are limited, also for requests at the same time",
    async (quota, field, type, limit, makeInput) => {
      const user = await gatehouse.signUp();
      const create = (index: number) =>
        user.graphql(`mutation ($input: ${type}!) { ${field}(input: $input) { __typename } }`, {
          input: makeInput(user, index),
        });
      const answers = await Promise.all(Array.from({ length: limit + 3 }, (_, i) => create(i)));
      // Signing up has made a workspace.
      const expected = quota === "workspacesPerUser" ? limit - 1 : limit;
      expect(answers.filter(({ errors }) => !errors)).toHaveLength(expected);
      for (const answer of answers.filter(({ errors }) => errors))
        expect(extensionsOf(answer)).toMatchObject([{ code: "CONFLICT", quota, limit }]);
    },
  );

  it("serversPerWorkspace also applies to deletions that are undone", async () => {
    const user = await gatehouse.signUp();
    const ids: string[] = [];
    for (let count = 0; count < 4; count += 1)
      ids.push(await createServer(user, gatehouse.sandbox.weatherUrl));
    const change = (field: string) =>
      user.graphql(`mutation ($id: ID!) { ${field}(id: $id) { __typename } }`, { id: ids[0] });
    expect((await change("deleteMcpServer")).errors).toBeUndefined();
    const next = await createServer(user, gatehouse.sandbox.weatherUrl);
    const quota = { code: "CONFLICT", quota: "serversPerWorkspace", limit: 4 };
    expect(extensionsOf(await change("restoreMcpServer"))).toMatchObject([quota]);
    await user.graphql("mutation ($id: ID!) { deleteMcpServer(id: $id) { __typename } }", {
      id: next,
    });
    expect((await change("restoreMcpServer")).errors).toBeUndefined();
  });
});

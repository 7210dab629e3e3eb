/** What the log and the webhooks tell of everything that can happen, while everything that is secret is marked. */
import { WorkspaceEventType } from "@gatehouse/prisma";
import { afterAll, beforeAll, expect, it } from "vitest";
import { decodeGlobalId } from "#graphql/global-id.ts";
import { type AskingCounterparty, startAskingModern } from "./counterparties/asking.ts";
import { createServer, executeTool, rowIdOf, startOAuth, type TestUser } from "./support/client.ts";
import { startGatehouse, type TestGatehouse } from "./support/gatehouse.ts";
import { startReceiver, type WebhookReceiver } from "./support/webhook-receiver.ts";

const mark = "hush-hush";

let gatehouse: TestGatehouse;
let receiver: WebhookReceiver;
/** Its tool asks the person something. */
let asker: AskingCounterparty;
let ada: TestUser;
let bobId: string;
/** What nobody may read in an event. */
const secrets = [mark];

beforeAll(async () => {
  gatehouse = await startGatehouse({ undoMs: 0 });
  receiver = await startReceiver();
  asker = await startAskingModern();
  ada = await gatehouse.signUp("ada");
  bobId = await addBob();
  const { createWebhookEndpoint } = await ada.query(
    "mutation ($input: CreateWebhookEndpointInput!) { createWebhookEndpoint(input: $input) { signingSecret } }",
    { input: { workspaceId: ada.workspaceId, url: `${receiver.url}?key=${mark}` } },
  );
  secrets.push(createWebhookEndpoint.signingSecret);
});
afterAll(async () => {
  await asker.close();
  await receiver[Symbol.asyncDispose]();
  await gatehouse[Symbol.asyncDispose]();
});

/** Everything that leaves a trace in the log. */
async function liveThroughAll(): Promise<void> {
  const { createApiToken } = await ada.query(
    "mutation ($input: CreateApiTokenInput!) { createApiToken(input: $input) { secret } }",
    { input: { workspaceId: ada.workspaceId, name: mark, scope: "READ" } },
  );
  secrets.push(createApiToken.secret);
  const { createInvitation } = await ada.query(
    "mutation ($input: CreateInvitationInput!) { createInvitation(input: $input) { url } }",
    { input: { workspaceId: ada.workspaceId, email: `${mark}@example.com`, role: "MEMBER" } },
  );
  secrets.push(createInvitation.url.split("/").at(-1));
  await ada.query(
    "mutation ($input: UpdateWorkspaceInput!) { updateWorkspace(input: $input) { id } }",
    { input: { id: ada.workspaceId, name: mark } },
  );
  const keyed = await createServer(ada, `http://127.0.0.1:1/mcp?key=${mark}`, {
    name: mark,
    authType: "HEADERS",
    headers: [{ name: "X-Key", value: mark }],
  });
  const update = (id: string, input: object) =>
    ada.query(
      "mutation ($input: UpdateMcpServerInput!) { updateMcpServer(input: $input) { id } }",
      {
        input: { id, ...input },
      },
    );
  await update(keyed, { url: `http://127.0.0.1:1/mcp?other=${mark}`, description: mark });

  const serverId = await createServer(ada, gatehouse.sandbox.notesUrl);
  const started = await startOAuth(ada, serverId);
  secrets.push(new URL(started.authorizationUrl).searchParams.get("state") ?? "");
  await ada.consent(started.authorizationUrl);
  await executeTool(ada, serverId, "add_note", { title: mark, text: mark });
  await executeTool(ada, serverId, "count_slowly", { to: 1, delayMs: 0, [mark]: mark });
  await ada.query(
    "mutation ($input: SetToolPolicyInput!) { setToolPolicy(input: $input) { id } }",
    { input: { serverId, toolName: "add_note", kind: "DENY" } },
  );
  const asking = await createServer(ada, asker.url, { name: mark });
  const questions = [
    {
      message: mark,
      requestedSchema: { type: "object", properties: { [mark]: { type: "string" } } },
    },
  ];
  // Nobody answers.
  await executeTool(ada, asking, "ask", { questions }, { wait: false });
  gatehouse.sandbox.expireAccessTokens();
  await executeTool(ada, serverId, "list_notes");
  await gatehouse.sandbox.endGrants("ada");
  await gatehouse.db.oAuthGrant.updateMany({
    data: { accessTokenExpiresAt: new Date(Date.now() - 1_000) },
  });
  await executeTool(ada, serverId, "list_notes");
  const again = await startOAuth(ada, serverId, { force: true });
  await ada.consent(again.authorizationUrl);
  await ada.query("mutation ($id: ID!) { disconnectOAuth(serverId: $id) { id } }", {
    id: serverId,
  });
  await ada.query("mutation ($id: ID!) { deleteMcpServer(id: $id) { id } }", { id: keyed });
  await ada.query(
    "mutation ($input: RemoveWorkspaceMemberInput!) { removeWorkspaceMember(input: $input) { id } }",
    { input: { workspaceId: ada.workspaceId, userId: bobId } },
  );
}

/** A member of Ada's workspace; the global id of the user. */
async function addBob(): Promise<string> {
  const bob = await gatehouse.signUp("bob");
  const { viewer } = await bob.query("{ viewer { user { id } } }");
  const member = { workspaceId: rowIdOf(ada.workspaceId), userId: rowIdOf(viewer.user.id) };
  await gatehouse.db.membership.create({ data: { ...member, role: "MEMBER" } });
  return viewer.user.id;
}

/** An id, an enumeration, a number, or a name of ours or of a tool. */
function isHarmless(value: unknown): boolean {
  if (Array.isArray(value)) return value.every(isHarmless);
  if (value === null || ["number", "boolean"].includes(typeof value)) return true;
  return typeof value === "string" && /^(?:[A-Z_]+|[a-zA-Z_]{1,40}|[0-9a-f-]{36})$/.test(value);
}

const typeOfId: Record<string, string> = {
  workspaceId: "Workspace",
  serverId: "McpServer",
  userId: "User",
  actorId: "User",
  apiTokenId: "ApiToken",
  executionId: "ToolExecution",
  elicitationId: "Elicitation",
  invitationId: "Invitation",
  webhookEndpointId: "WebhookEndpoint",
};

it("E2 every type of event holds ids, enumerations and names alone, in the log and in the webhooks", async () => {
  await liveThroughAll();
  const read = () =>
    gatehouse.db.workspaceEvent.findMany({
      where: { workspaceId: rowIdOf(ada.workspaceId) },
      orderBy: { seq: "asc" },
    });
  const types = async () => new Set((await read()).map(({ type }) => type));
  await expect.poll(types, { timeout: 30_000 }).toEqual(new Set(Object.values(WorkspaceEventType)));
  const rows = await read();
  for (const { type, payload } of rows) {
    const values = Object.entries(payload as object);
    for (const [name, value] of values)
      expect(isHarmless(value), `${type}.${name}: ${JSON.stringify(value)}`).toBe(true);
  }

  // The endpoint is younger than the first of them, and the second is its own creation.
  const delivered = await receiver.received(rows.length - 2);
  for (const { body } of delivered) {
    const { type, data } = JSON.parse(body);
    for (const [name, value] of Object.entries(data)) {
      const typename = typeOfId[name];
      if (typename && value !== null)
        expect(decodeGlobalId(String(value)).typename, `${type}.${name}`).toBe(typename);
    }
  }
  const [first] = rows;
  expect(first).toMatchObject({
    type: "MEMBER_CHANGED",
    payload: { change: "JOINED", userId: first?.actorId },
  });
  const removal = delivered.find(({ type }) => type === "MEMBER_CHANGED");
  expect(JSON.parse(removal?.body ?? "").data).toMatchObject({ change: "REMOVED", userId: bobId });

  const told =
    JSON.stringify(rows.map(({ payload }) => payload)) + delivered.map(({ body }) => body);
  for (const secret of secrets) {
    expect(secret.length).toBeGreaterThan(0);
    expect(told).not.toContain(secret);
  }
});

/** Every mutation that changes something in a workspace appends an event to its log. */
import { GraphQLInputObjectType, getNullableType } from "graphql";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { schema } from "#graphql/schema.ts";
import { connect, createServer, rowIdOf, type TestUser } from "./support/client.ts";
import { findFreePort } from "./support/free-port.ts";
import { startGatehouse, type TestGatehouse } from "./support/gatehouse.ts";

let gatehouse: TestGatehouse;
let ada: TestUser;
/** The Acme Notes of this Gatehouse's own sandbox. */
let notesUrl: string;

beforeAll(async () => {
  const env = { SANDBOX: "on", SANDBOX_PORT: String(await findFreePort()) };
  gatehouse = await startGatehouse({ env });
  ada = await gatehouse.signUp();
  const { sandbox } = await ada.query("{ sandbox { servers { url } } }");
  notesUrl = sandbox.servers[0].url;
});
afterAll(() => gatehouse?.[Symbol.asyncDispose]());

const endpointUrl = "https://hooks.example.com/a?key=hidden";

/** Runs a mutation with `input`, and answers its result. */
async function change(user: TestUser, name: string, input: object, selection = "{ id }") {
  const type = schema
    .getMutationType()
    ?.getFields()
    [name]?.args.find((arg) => arg.name === "input")?.type;
  const named = type && getNullableType(type);
  if (!(named instanceof GraphQLInputObjectType)) throw new Error(`${name} has no input`);
  const data = await user.query(
    `mutation ($input: ${named.name}!) { ${name}(input: $input) ${selection} }`,
    { input },
  );
  return data[name];
}

/** Runs a mutation on the object with an id. */
async function act(user: TestUser, name: string, id: string, argument = "id") {
  const data = await user.query(
    `mutation ($id: ID!) { ${name}(${argument}: $id) { __typename } }`,
    { id },
  );
  return data[name];
}

async function addMember(): Promise<{ user: TestUser; userId: string }> {
  const user = await gatehouse.signUp();
  const { id } = await gatehouse.db.user.findUniqueOrThrow({ where: { email: user.email } });
  await gatehouse.db.membership.create({
    data: { workspaceId: rowIdOf(ada.workspaceId), userId: id, role: "MEMBER" },
  });
  return { user, userId: Buffer.from(`User:${id}`).toString("base64url") };
}

async function createConnected(): Promise<string> {
  const id = await createServer(ada, notesUrl);
  await connect(ada, id);
  return id;
}

const invite = () =>
  change(
    ada,
    "createInvitation",
    { workspaceId: ada.workspaceId, role: "MEMBER" },
    "{ invitation { id } url }",
  );
const createEndpoint = async (): Promise<string> =>
  (
    await change(
      ada,
      "createWebhookEndpoint",
      { workspaceId: ada.workspaceId, url: endpointUrl },
      "{ endpoint { id } }",
    )
  ).endpoint.id;
const createToken = async (): Promise<string> =>
  (
    await change(
      ada,
      "createApiToken",
      { workspaceId: ada.workspaceId, name: "t", scope: "READ" },
      "{ apiToken { id } }",
    )
  ).apiToken.id;

/** Prepares what a mutation needs, and answers the mutation itself. */
type Performance = () => Promise<() => Promise<unknown>>;

/** The mutations after which the log is longer, each with valid arguments. */
const logged: Record<string, Performance> = {
  async acceptInvitation() {
    const { url } = await invite();
    const user = await gatehouse.signUp();
    const token = url.split("/").at(-1);
    return () =>
      user.query("mutation ($token: String!) { acceptInvitation(token: $token) { __typename } }", {
        token,
      });
  },
  addSandboxServers: async () => () =>
    act(ada, "addSandboxServers", ada.workspaceId, "workspaceId"),
  async approveTool() {
    const serverId = await createConnected();
    await act(ada, "refreshTools", serverId, "serverId");
    return () => change(ada, "approveTool", { serverId, toolName: "list_notes" });
  },
  async changeMemberRole() {
    const { userId } = await addMember();
    const input = { workspaceId: ada.workspaceId, userId, role: "VIEWER" };
    return () => change(ada, "changeMemberRole", input);
  },
  createApiToken: async () => createToken,
  createInvitation: async () => invite,
  createMcpServer: async () => () => createServer(ada, notesUrl),
  createWebhookEndpoint: async () => createEndpoint,
  async deleteMcpServer() {
    const id = await createServer(ada, notesUrl);
    return () => act(ada, "deleteMcpServer", id);
  },
  async deleteWebhookEndpoint() {
    const id = await createEndpoint();
    return () => act(ada, "deleteWebhookEndpoint", id);
  },
  async disconnectOAuth() {
    const id = await createConnected();
    return () => act(ada, "disconnectOAuth", id, "serverId");
  },
  async executeTool() {
    const serverId = await createConnected();
    const input = { serverId, toolName: "list_notes", arguments: {} };
    return () => change(ada, "executeTool", input, "{ __typename }");
  },
  async leaveWorkspace() {
    const { user } = await addMember();
    return () => act(user, "leaveWorkspace", ada.workspaceId, "workspaceId");
  },
  async refreshTools() {
    const id = await createConnected();
    await act(ada, "refreshTools", id, "serverId");
    // As if the server had offered nothing before.
    await gatehouse.db.toolCatalog.updateMany({
      where: { serverId: rowIdOf(id) },
      data: { tools: [] },
    });
    return () => act(ada, "refreshTools", id, "serverId");
  },
  async removeWorkspaceMember() {
    const { userId } = await addMember();
    return () => change(ada, "removeWorkspaceMember", { workspaceId: ada.workspaceId, userId });
  },
  async restoreMcpServer() {
    const id = await createServer(ada, notesUrl);
    await act(ada, "deleteMcpServer", id);
    return () => act(ada, "restoreMcpServer", id);
  },
  async revokeApiToken() {
    const id = await createToken();
    return () => act(ada, "revokeApiToken", id);
  },
  async revokeInvitation() {
    const { invitation } = await invite();
    return () => act(ada, "revokeInvitation", invitation.id);
  },
  async rotateWebhookSecret() {
    const id = await createEndpoint();
    return () => act(ada, "rotateWebhookSecret", id);
  },
  async setMyHeaders() {
    const settings = { authType: "HEADERS", credentialScope: "PERSONAL" };
    const serverId = await createServer(ada, notesUrl, settings);
    const headers = [{ name: "X-Key", value: "a-key-of-ada" }];
    return () => change(ada, "setMyHeaders", { serverId, headers });
  },
  async setToolPolicy() {
    const serverId = await createServer(ada, notesUrl);
    return () => change(ada, "setToolPolicy", { serverId, toolName: "t", kind: "DENY" });
  },
  async simulateOAuthState() {
    const serverId = await createConnected();
    return () => change(ada, "simulateOAuthState", { serverId, reason: "GRANT_INVALID" });
  },
  async trustAuthorizationServerIssuer() {
    const serverId = await createServer(ada, notesUrl);
    const issuer = "https://as.example";
    return () => change(ada, "trustAuthorizationServerIssuer", { serverId, issuer });
  },
  async updateMcpServer() {
    const id = await createServer(ada, notesUrl);
    return () => change(ada, "updateMcpServer", { id, name: "Renamed" });
  },
  async updateWebhookEndpoint() {
    const id = await createEndpoint();
    return () => change(ada, "updateWebhookEndpoint", { id, enabled: false });
  },
  updateWorkspace: async () => () =>
    change(ada, "updateWorkspace", { id: ada.workspaceId, name: "Renamed" }),
};

/** The mutations after which the log of the workspace is not longer, and why. */
const unlogged: Record<string, string> = {
  createWorkspace: "The log of the new workspace begins with its owner, see below.",
  deleteWorkspace: "The log is deleted with the workspace.",
  startOAuth: "An attempt is not a state of the account: the log has its result.",
  cancelOAuth: "An attempt is not a state of the account: the log has its result.",
  answerElicitation: "The run that asked appends TOOL_EXECUTED when it ends.",
  cancelToolExecution: "The run appends TOOL_EXECUTED when it ends.",
  getPrompt: "It reads from the MCP server and changes nothing in Gatehouse.",
  readResource: "It reads from the MCP server and changes nothing in Gatehouse.",
  testHeaders: "It tests a key and stores nothing.",
  testWebhookEndpoint: "It sends a message; the endpoint's own deliveries record it.",
  resendWebhookDelivery: "It sends a message; the endpoint's own deliveries record it.",
};

const mutations = Object.keys(schema.getMutationType()?.getFields() ?? {});

async function readSeq(workspaceId: string): Promise<bigint> {
  const { eventSeq } = await gatehouse.db.workspace.findUniqueOrThrow({
    where: { id: rowIdOf(workspaceId) },
  });
  return eventSeq;
}

/** The newest event that the mutation can have appended, of the caller. */
async function waitForGrowth(before: bigint): Promise<void> {
  // The history of a run is written behind its answer.
  await expect.poll(() => readSeq(ada.workspaceId), { timeout: 5_000 }).toBeGreaterThan(before);
}

it("E16 every mutation of the schema either appends an event or is listed with its reason", () => {
  expect([...Object.keys(logged), ...Object.keys(unlogged)].toSorted()).toEqual(
    mutations.toSorted(),
  );
});

describe("E16 the log is longer after", () => {
  it.each(Object.keys(logged))("%s", async (name) => {
    const perform = await logged[name]?.();
    // What the preparation started behind its answers is over once the log has come to rest.
    let before = await readSeq(ada.workspaceId);
    await expect
      .poll(
        async () => {
          const [last, now] = [before, await readSeq(ada.workspaceId)];
          before = now;
          return last === now;
        },
        { interval: 300, timeout: 10_000 },
      )
      .toBe(true);
    await perform?.();
    await waitForGrowth(before);
  });
});

it("E16 the log of a new workspace begins with its owner", async () => {
  const { id } = await change(ada, "createWorkspace", { name: "Second" });
  expect(await readSeq(id)).toBe(1n);
});

describe("E16 administrative events", () => {
  const query = `query ($id: ID!, $types: [WorkspaceEventType!]) { node(id: $id) { ... on Workspace { events(last: 50, filter: { types: $types }) { nodes {
    type actor { name }
    ... on WorkspaceChanged { changedFields }
    ... on InvitationChanged { invitationChange: change invitation { role } }
    ... on WebhookEndpointChanged { endpointChange: change changedFields webhookEndpoint { url } } } } } } }`;
  const types = ["INVITATION_CHANGED", "WEBHOOK_ENDPOINT_CHANGED", "WORKSPACE_CHANGED"];
  const read = async (user: TestUser) =>
    (await user.query(query, { id: ada.workspaceId, types })).node.events.nodes;

  it("E16 name their object to administrators, and are hidden from members except for settings", async () => {
    const { invitation } = await invite();
    await act(ada, "revokeInvitation", invitation.id);
    const endpointId = await createEndpoint();
    await change(ada, "updateWebhookEndpoint", { id: endpointId, types: ["REAUTH_REQUIRED"] });
    await act(ada, "rotateWebhookSecret", endpointId);
    await change(ada, "updateWorkspace", { id: ada.workspaceId, name: "Again" });
    const actor = { name: ada.name };
    const webhookEndpoint = { url: endpointUrl };
    const seen = (await read(ada)).slice(0, 6).toReversed();
    const ofInvitation = { type: "INVITATION_CHANGED", actor, invitation: { role: "MEMBER" } };
    const ofEndpoint = { type: "WEBHOOK_ENDPOINT_CHANGED", actor, webhookEndpoint };
    expect(seen).toEqual([
      { ...ofInvitation, invitationChange: "CREATED" },
      { ...ofInvitation, invitationChange: "REVOKED" },
      { ...ofEndpoint, endpointChange: "CREATED", changedFields: [] },
      { ...ofEndpoint, endpointChange: "UPDATED", changedFields: ["types"] },
      { ...ofEndpoint, endpointChange: "SECRET_ROTATED", changedFields: [] },
      { type: "WORKSPACE_CHANGED", actor, changedFields: ["name"] },
    ]);
    const { user: member } = await addMember();
    const types = new Set((await read(member)).map(({ type }: { type: string }) => type));
    expect([...types]).toEqual(["WORKSPACE_CHANGED"]);
    // The subscription selects as the list does.
    await using results = member.subscribe(
      "subscription ($id: ID!, $after: String) { workspaceEvents(workspaceId: $id, after: $after) { type } }",
      { id: ada.workspaceId, after: await readOwnCursor(ada) },
    );
    const next = results.next();
    await invite();
    await act(ada, "rotateWebhookSecret", endpointId);
    await change(ada, "updateWorkspace", { id: ada.workspaceId, name: "Once more" });
    expect((await next).value.data.workspaceEvents.type).toBe("WORKSPACE_CHANGED");
  });

  it("E16 have ids and enumerations only", async () => {
    const rows = await gatehouse.db.workspaceEvent.findMany({
      where: { type: { in: ["INVITATION_CHANGED", "WEBHOOK_ENDPOINT_CHANGED"] } },
    });
    expect(rows.length).toBeGreaterThan(0);
    const told = JSON.stringify(rows.map(({ payload }) => payload));
    for (const secret of ["hooks.example.com", "hidden", "@"]) expect(told).not.toContain(secret);
  });

  it("E16 what changes nothing appends nothing", async () => {
    const endpointId = await createEndpoint();
    const { invitation } = await invite();
    await act(ada, "revokeInvitation", invitation.id);
    await change(ada, "updateWorkspace", { id: ada.workspaceId, name: "Same" });
    // Of these types only, because a server of another test may still be contacted.
    const countEvents = () =>
      gatehouse.db.workspaceEvent.count({
        where: {
          workspaceId: rowIdOf(ada.workspaceId),
          type: { in: ["WEBHOOK_ENDPOINT_CHANGED", "INVITATION_CHANGED", "WORKSPACE_CHANGED"] },
        },
      });
    const before = await countEvents();
    await change(ada, "updateWebhookEndpoint", { id: endpointId, url: endpointUrl });
    await act(ada, "revokeInvitation", invitation.id);
    await change(ada, "updateWorkspace", { id: ada.workspaceId, name: "Same" });
    expect(await countEvents()).toBe(before);
  });
});

async function readOwnCursor(user: TestUser): Promise<string> {
  const { node } = await user.query(
    "query ($id: ID!) { node(id: $id) { ... on Workspace { eventCursor } } }",
    { id: user.workspaceId },
  );
  return node.eventCursor;
}

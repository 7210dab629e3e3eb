import { describe, expect } from "vitest";
import { watchClients } from "./support/client-traffic.ts";
import {
  connect,
  createServer,
  executeTool,
  readStatus,
  startOAuth,
  type TestUser,
} from "./support/client.ts";
import type { TestGatehouse } from "./support/gatehouse.ts";
import { it } from "./support/shared-gatehouse.ts";

let gatehouse: TestGatehouse;
let ada: TestUser;

it.beforeAll(({ gatehouse: part, ada: user }) => {
  [gatehouse, ada] = [part, user];
});

describe("the main job, by GraphQL alone", () => {
  it("goes from a pasted URL to a tool's result, to a dead grant, and back", async () => {
    const serverId = await createServer(ada, gatehouse.sandbox.notesUrl, { name: "Notes" });
    expect(await readStatus(ada, serverId)).toMatchObject({
      state: "DISCONNECTED",
      reason: "NOT_CONNECTED",
    });
    expect(await executeTool(ada, serverId, "list_notes")).toMatchObject({
      __typename: "ReauthRequired",
      reason: "NOT_CONNECTED",
    });

    await using events = ada.subscribe(
      `subscription ($id: ID!) { authStateChanged(workspaceId: $id) {
        cursor type state previousState reason user { name } actor { name } server { id oauthStatus { state } } } }`,
      { id: ada.workspaceId },
    );
    const first = events.next();
    const started = await startOAuth(ada, serverId);
    expect(started).toMatchObject({ __typename: "OAuthStarted" });
    expect(await readStatus(ada, serverId)).toMatchObject({
      state: "AUTHORIZING",
      activeFlow: { id: started.flow.id },
    });

    const callback = await ada.consent(started.authorizationUrl);
    expect(callback.status).toBe(303);
    expect(callback.headers.get("location")).toMatch(/^\/oauth\/done\?flow=/);
    expect((await first).value.data.authStateChanged).toMatchObject({
      type: "OAUTH_STATE_CHANGED",
      previousState: "DISCONNECTED",
      state: "CONNECTED",
      user: { name: "Ada" },
      actor: { name: "Ada" },
      server: { id: serverId, oauthStatus: { state: "CONNECTED" } },
    });
    expect(await readStatus(ada, serverId)).toMatchObject({
      state: "CONNECTED",
      renewable: true,
      clientRegistration: "DYNAMIC",
      issuer: gatehouse.sandbox.url,
      activeFlow: null,
    });
    expect(await startOAuth(ada, serverId)).toMatchObject({ __typename: "OAuthAlreadyConnected" });

    expect(await executeTool(ada, serverId, "list_notes")).toMatchObject({
      __typename: "ToolExecuted",
      execution: { status: "SUCCEEDED" },
    });

    const second = events.next();
    expect(await gatehouse.sandbox.endGrants("Ada")).toBe(1);
    const traffic = await watchClients(gatehouse, serverId);
    const { tokenRequests } = traffic();
    expect(await executeTool(ada, serverId, "list_notes")).toMatchObject({
      __typename: "ReauthRequired",
      reason: "GRANT_INVALID",
    });
    expect((await second).value.data.authStateChanged).toMatchObject({
      type: "REAUTH_REQUIRED",
      state: "REAUTH_REQUIRED",
      reason: "GRANT_INVALID",
    });
    await executeTool(ada, serverId, "list_notes");
    expect(traffic().tokenRequests - tokenRequests, "R8 a dead grant costs one request").toBe(1);

    await connect(ada, serverId);
    expect(await executeTool(ada, serverId, "list_notes")).toMatchObject({
      __typename: "ToolExecuted",
    });
    const { deleteMcpServer } = await ada.query(
      "mutation ($id: ID!) { deleteMcpServer(id: $id) { id } }",
      { id: serverId },
    );
    expect(deleteMcpServer.id).toBe(serverId);
    const { mcpServer } = await ada.query(
      "query ($id: ID!) { mcpServer(id: $id) { deletedAt workspace { mcpServers { totalCount } } } }",
      { id: serverId },
    );
    expect(mcpServer.deletedAt).not.toBeNull();
    expect(mcpServer.workspace.mcpServers.totalCount).toBe(0);
  });
});

/** Conventions of the GraphQL API that hold for every field of a kind. */
import { getNullableType, isEnumType, isNonNullType, isObjectType } from "graphql";
import type { ServerResponse } from "node:http";
import { describe, expect } from "vitest";
import { schema } from "#graphql/schema.ts";
import {
  type ScriptedCall,
  sendError,
  sendJson,
  startScriptedLegacy,
} from "./counterparties/scripted.ts";
import { disposable } from "./support/disposable.ts";
import { connect, createServer, executeTool, startOAuth } from "./support/client.ts";
import { it } from "./support/shared-gatehouse.ts";

describe("Q1 mutations", () => {
  it("are nullable, whatever their result is", () => {
    const fields = Object.values(schema.getMutationType()?.getFields() ?? {});
    expect(fields.length).toBeGreaterThan(30);
    expect(fields.filter(({ type }) => isNonNullType(type))).toEqual([]);
    expect(fields.every(({ type }) => getNullableType(type) === type)).toBe(true);
  });

  it("keep their result if another one in the document fails", async ({ ada }) => {
    const { data, errors } = await ada.graphql(
      `mutation ($id: ID!) {
        first: updateWorkspace(input: { id: $id, name: "First" }) { name }
        second: updateWorkspace(input: { id: $id, name: "" }) { name }
        third: updateWorkspace(input: { id: $id, name: "Third" }) { name }
      }`,
      { id: ada.workspaceId },
    );
    expect(data).toEqual({ first: { name: "First" }, second: null, third: { name: "Third" } });
    expect(errors).toMatchObject([{ path: ["second"], extensions: { code: "BAD_USER_INPUT" } }]);
  });
});

describe("Q5 an empty list in a filter", () => {
  it.for([
    "mcpServers(filter: { oauthState: [] })",
    "mcpServers(filter: { authType: [] })",
    "events(filter: { types: [] })",
    "toolExecutions(filter: { status: [] })",
  ])("matches nothing: %s", async (field, { ada, gatehouse }) => {
    const id = await createServer(ada, gatehouse.sandbox.notesUrl);
    await connect(ada, id);
    await executeTool(ada, id, "list_notes");
    const read = async (selection: string) => {
      const { node } = await ada.query(
        `query ($id: ID!) { node(id: $id) { ... on Workspace { list: ${selection} { nodes { __typename } } } } }`,
        { id: ada.workspaceId },
      );
      return node.list.nodes.length;
    };
    const name = field.slice(0, field.indexOf("("));
    expect(await read(name)).toBeGreaterThan(0);
    expect(await read(field.replace("[]", "null"))).toBeGreaterThan(0);
    expect(await read(field)).toBe(0);
  });
});

describe("Q17 the older attempts of a user", () => {
  it("are closed by a connection", async ({ ada, gatehouse }) => {
    const id = await createServer(ada, gatehouse.sandbox.notesUrl);
    const { flow } = await startOAuth(ada, id);
    await connect(ada, id);
    const readFlow = async () => {
      const { oauthFlow } = await ada.query("query ($id: ID!) { oauthFlow(id: $id) { status } }", {
        id: flow.id,
      });
      return oauthFlow.status;
    };
    await expect.poll(readFlow).toBe("CANCELLED");
  });

  it("are closed by a disconnection, so that the account is not in the middle of one", async ({
    ada,
    gatehouse,
  }) => {
    const id = await createServer(ada, gatehouse.sandbox.notesUrl);
    await connect(ada, id);
    await startOAuth(ada, id, { force: true });
    const { disconnectOAuth } = await ada.query(
      "mutation ($id: ID!) { disconnectOAuth(serverId: $id) { oauthStatus { state reason } } }",
      { id },
    );
    expect(disconnectOAuth.oauthStatus).toEqual({
      state: "DISCONNECTED",
      reason: "DISCONNECTED_BY_USER",
    });
  });
});

describe("Q7 a resource or prompt of a server that supports none", () => {
  const unsupported: [string, (call: ScriptedCall, response: ServerResponse) => void][] = [
    [
      "a JSON-RPC error",
      (call, response) => sendError(call, response, { code: -32_601, message: "Method not found" }),
    ],
    ["HTTP 404", (_call, response) => void response.writeHead(404).end()],
    ["HTTP 501", (_call, response) => void response.writeHead(501).end()],
    [
      "HTTP 400 with an error",
      (call, response) =>
        sendJson(response, 400, {
          jsonrpc: "2.0",
          id: call.id,
          error: { code: -32_601, message: "" },
        }),
    ],
  ];

  it.for(unsupported)("cannot succeed later: %s", async ([, answer], { ada }) => {
    await using server = disposable(await startScriptedLegacy(answer));
    const id = await createServer(ada, server.url);
    const { readResource, getPrompt } = await ada.query(
      `mutation ($id: ID!) {
        readResource(input: { serverId: $id, uri: "file:///none" }) {
          __typename ... on ServerUnreachable { retryable }
        }
        getPrompt(input: { serverId: $id, name: "none" }) {
          __typename ... on ServerUnreachable { retryable }
        }
      }`,
      { id },
    );
    for (const result of [readResource, getPrompt])
      if (result.__typename === "ServerUnreachable")
        expect(result).toHaveProperty("retryable", false);
      else expect(result.__typename).toMatch(/^(Resource|Prompt)NotFound$/);
  });
});

describe("Q11 the size of a page", () => {
  const connections = Object.values(schema.getTypeMap())
    .filter(isObjectType)
    .flatMap((type) => Object.values(type.getFields()).map((field) => ({ type, field })))
    .filter(({ field }) => field.args.some(({ name }) => name === "first"));
  const onWorkspace = connections
    .filter(
      ({ type, field }) =>
        type.name === "Workspace" && field.args.every(({ type: t }) => !isNonNullType(t)),
    )
    .map(({ field }) => field.name);

  it("is checked for every connection of the schema", () => {
    expect(onWorkspace.length).toBeGreaterThan(5);
    expect(connections.length).toBeGreaterThan(onWorkspace.length);
  });

  it.for(
    onWorkspace.flatMap((name) => ["first: 101", "first: 0"].map((size) => [name, size] as const)),
  )("of %s cannot be %s", async ([name, size], { ada }) => {
    const { errors } = await ada.graphql(
      `query ($id: ID!) { node(id: $id) { ... on Workspace { ${name}(${size}) { pageInfo { hasNextPage } } } } }`,
      { id: ada.workspaceId },
    );
    expect(errors?.[0]?.extensions).toMatchObject({
      code: "BAD_USER_INPUT",
      fieldErrors: { first: ["Enter a number from 1 to 100."] },
    });
  });

  it("is named once", async ({ ada }) => {
    const { errors } = await ada.graphql(
      "query ($id: ID!) { node(id: $id) { ... on Workspace { events(first: 1, last: 1) { nodes { id } } } } }",
      { id: ada.workspaceId },
    );
    expect(errors?.[0]?.extensions).toMatchObject({ code: "BAD_USER_INPUT" });
  });
});

describe("Q13 a description", () => {
  it("does not depend on the order of enum values", () => {
    const described = Object.values(schema.getTypeMap()).flatMap((type) => [
      type,
      ...(isEnumType(type) ? type.getValues() : []),
      ...(isObjectType(type) ? Object.values(type.getFields()) : []),
    ]);
    const order =
      /\b(following|preceding|previous|next|above|below) (ones?|values?|roles?|entries)\b/i;
    const texts = described.flatMap(({ description }) => description ?? []);
    expect(texts.length).toBeGreaterThan(500);
    expect(texts.filter((text) => order.test(text))).toEqual([]);
  });
});

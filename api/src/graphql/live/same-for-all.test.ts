import { parse, validate } from "graphql";
import { describe, expect, it } from "vitest";
import { schema } from "../schema.ts";
import { isSameForAll } from "./same-for-all.ts";

function judge(selection: string, field = `workspaceEvents(workspaceId: "w")`): boolean {
  const document = parse(`subscription { ${field} { ${selection} } }`);
  expect(validate(schema, document)).toEqual([]);
  return isSameForAll(schema, document);
}

describe("is the same for all", () => {
  it.each([
    ["what every event has", "__typename id cursor type occurredAt serverId"],
    ["who did it", "actor { id name email }"],
    ["the server's name", "server { id name }"],
    ["what a type adds", "... on OAuthStateChanged { previousState state reason user { name } }"],
    ["several types", "... on ServerChanged { changedFields } ... on TokenRevoked { outcome }"],
    ["under other names", "place: cursor moment: occurredAt"],
  ])("%s", (_what, selection) => {
    expect(judge(selection)).toBe(true);
  });

  it("authStateChanged, and a fragment", () => {
    const document = parse(`subscription ($id: ID!, $after: String) {
      authStateChanged(workspaceId: $id, after: $after) { ...Change }
    } fragment Change on OAuthStateChanged { id state server { name } }`);
    expect(validate(schema, document)).toEqual([]);
    expect(isSameForAll(schema, document)).toBe(true);
  });
});

describe("depends on the caller", () => {
  it.each([
    ["a server's address", "server { url }"],
    ["the caller's account at a server", "server { name oauthStatus { state } }"],
    ["a server's workspace", "server { workspace { name } }"],
    ["a run", "... on ToolExecutionFinished { status execution { id } }"],
    ["a token", "... on ApiTokenChanged { change apiToken { name } }"],
    [
      "beside what does not, in a type that is rare",
      "id ... on ApiTokenChanged { apiToken { id } }",
    ],
  ])("%s", (_what, selection) => {
    expect(judge(selection)).toBe(false);
  });

  it("another subscription", () => {
    expect(judge("id status", `oauthFlowUpdated(flowId: "f")`)).toBe(false);
  });

  it.each([
    [
      "a variable in the selection",
      "subscription ($w: ID!, $if: Boolean!) { workspaceEvents(workspaceId: $w) { id cursor @include(if: $if) } }",
    ],
    [
      "a second operation",
      `subscription A { workspaceEvents(workspaceId: "a") { id } } subscription B { workspaceEvents(workspaceId: "b") { type } }`,
    ],
  ])("with %s", (_what, text) => {
    const document = parse(text);
    expect(validate(schema, document)).toEqual([]);
    expect(isSameForAll(schema, document)).toBe(false);
  });
});

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { buildSchema, isEnumType } from "graphql";
import { describe, expect, it } from "vitest";
import type { WorkspaceEventType } from "../../graphql/generated/graphql.ts";
import { type ActivityEvent, describeEvent, readSentence } from "./describe-event.ts";
import { eventTypes } from "../../lib/event-words.ts";

const ada = { __typename: "User" as const, id: "u1", name: "Ada" };
const bob = { __typename: "User" as const, id: "u2", name: "Bob" };
const common = {
  id: "e1",
  cursor: "c1",
  occurredAt: "2026-01-01T00:00:00.000Z",
  serverId: "s1",
  actor: ada,
  server: { __typename: "McpServer" as const, id: "s1", name: "Notes" },
};
const run = { __typename: "ToolExecution" as const, id: "r1", toolName: "list_notes" };

const tell = (event: object) => describeEvent({ ...common, ...event } as object as ActivityEvent);

const state = (change: object) => ({
  __typename: "OAuthStateChanged",
  type: "OAUTH_STATE_CHANGED",
  previousState: "DISCONNECTED",
  state: "CONNECTED",
  reason: null,
  user: ada,
  ...change,
});

/** Every type of the log, each with its sentence. */
const sentences: Record<WorkspaceEventType, [object, string][]> = {
  OAUTH_STATE_CHANGED: [
    [state({}), "Ada connected an account of their own at Notes."],
    [state({ user: bob }), "Ada connected Bob's account at Notes."],
    [state({ user: null }), "Ada connected the workspace's account at Notes."],
    [
      state({ previousState: "REAUTH_REQUIRED", actor: null, user: bob }),
      "Bob's account at Notes works again.",
    ],
    [
      state({ state: "DISCONNECTED", reason: "DISCONNECTED_BY_USER" }),
      "Ada's account at Notes is no longer connected. The account was disconnected.",
    ],
    [
      state({ state: "UNKNOWN", user: null }),
      "The workspace's account at Notes has not been tried with its new key or settings.",
    ],
    [state({ state: "NOT_REQUIRED" }), "Notes asks for no sign-in any more."],
  ],
  REAUTH_REQUIRED: [
    [
      state({ type: "REAUTH_REQUIRED", state: "REAUTH_REQUIRED", reason: "NO_REFRESH_TOKEN" }),
      "Ada's account at Notes needs a new sign-in. The access ran out, and the provider gave no means to renew it.",
    ],
    [
      state({ type: "REAUTH_REQUIRED", state: "REAUTH_REQUIRED", reason: "KEY_REJECTED" }),
      "Ada's account at Notes needs a key. The server rejected the key. It may have expired or been revoked.",
    ],
  ],
  TOKEN_REFRESHED: [
    [
      { __typename: "TokenRefreshed", cause: "DUE", durationMs: 120, user: ada },
      "Ada's account at Notes was renewed as its time was up, in 120 ms.",
    ],
    [
      { __typename: "TokenRefreshed", cause: "BACKGROUND", durationMs: 1_500, user: null },
      "The workspace's account at Notes was renewed ahead of its time, in 1.5 s.",
    ],
  ],
  TOKEN_REVOKED: [
    [
      { __typename: "TokenRevoked", what: "TOKENS", outcome: "CONFIRMED", user: ada },
      "Ada's access at Notes was ended; the provider confirmed it.",
    ],
    [
      { __typename: "TokenRevoked", what: "REGISTRATION", outcome: "GIVEN_UP", server: null },
      "Gatehouse's registration at a deleted server could not be ended: the provider did not answer for days.",
    ],
  ],
  SERVER_CREATED: [
    [
      { __typename: "ServerChanged", type: "SERVER_CREATED", changedFields: [] },
      "Ada added Notes.",
    ],
  ],
  SERVER_UPDATED: [
    [
      { __typename: "ServerChanged", type: "SERVER_UPDATED", changedFields: ["name", "headers"] },
      "Ada changed Notes: name, headers.",
    ],
    [
      { __typename: "ServerChanged", type: "SERVER_UPDATED", changedFields: ["enabled"] },
      "Ada turned Notes on or off.",
    ],
    [
      { __typename: "ServerChanged", type: "SERVER_UPDATED", changedFields: ["deletedAt"] },
      "Ada deleted Notes, or brought it back within ten seconds.",
    ],
  ],
  SERVER_DELETED: [
    [
      { __typename: "ServerChanged", type: "SERVER_DELETED", changedFields: [], server: null },
      "Ada deleted a server for good.",
    ],
  ],
  TOOLS_CHANGED: [
    [
      {
        __typename: "ToolsChanged",
        user: ada,
        added: ["a", "b"],
        removed: [],
        changed: ["c"],
        addedCount: 2,
        removedCount: 0,
        changedCount: 40,
      },
      "Ada's account sees other tools of Notes: a, b new; 40 changed.",
    ],
  ],
  TOOL_EXECUTED: [
    [
      { __typename: "ToolExecutionFinished", status: "TIMED_OUT", execution: run },
      "Ada ran list_notes of Notes: timed out.",
    ],
    [
      { __typename: "ToolExecutionFinished", status: "SUCCEEDED", execution: null },
      "Ada ran a tool of Notes: succeeded.",
    ],
  ],
  INPUT_REQUESTED: [
    [
      { __typename: "InputRequested", execution: run },
      "Notes asked Ada a question while list_notes ran.",
    ],
  ],
  TOOL_POLICY_CHANGED: [
    [
      { __typename: "ToolPolicyChanged", toolName: "wipe", policyChange: "DECIDED", kind: "DENY" },
      "Ada decided that wipe of Notes may not run.",
    ],
    [
      { __typename: "ToolPolicyChanged", toolName: "wipe", policyChange: "DECIDED", kind: null },
      "Ada took back what was decided about wipe of Notes.",
    ],
    [
      { __typename: "ToolPolicyChanged", toolName: "wipe", policyChange: "APPROVED", kind: null },
      "Ada looked at wipe of Notes and approved it.",
    ],
  ],
  MEMBER_CHANGED: [
    [
      { __typename: "MemberChanged", memberChange: "JOINED", user: bob },
      "Bob joined the workspace.",
    ],
    [
      { __typename: "MemberChanged", memberChange: "ROLE_CHANGED", role: "ADMIN", user: bob },
      "Ada changed Bob's role to admin.",
    ],
    [
      { __typename: "MemberChanged", memberChange: "REMOVED", user: bob },
      "Ada removed Bob from the workspace.",
    ],
    [
      { __typename: "MemberChanged", memberChange: "LEFT", user: null },
      "Somebody who is gone left the workspace.",
    ],
  ],
  WORKSPACE_CHANGED: [
    [
      { __typename: "WorkspaceChanged", changedFields: ["name"] },
      "Ada changed the workspace's settings: name.",
    ],
  ],
  INVITATION_CHANGED: [
    [
      {
        __typename: "InvitationChanged",
        invitationChange: "CREATED",
        invitation: { __typename: "Invitation", id: "i1", role: "ADMIN" },
      },
      "Ada created an invitation for the role admin.",
    ],
    [
      { __typename: "InvitationChanged", invitationChange: "REVOKED", invitation: null },
      "Ada revoked an invitation.",
    ],
  ],
  WEBHOOK_ENDPOINT_CHANGED: [
    [
      {
        __typename: "WebhookEndpointChanged",
        endpointChange: "UPDATED",
        changedFields: ["url", "types"],
        webhookEndpoint: {
          __typename: "WebhookEndpoint",
          id: "w1",
          url: "https://hooks.example.com/a",
        },
      },
      "Ada changed the webhook endpoint hooks.example.com: URL, types of events.",
    ],
    [
      {
        __typename: "WebhookEndpointChanged",
        endpointChange: "SECRET_ROTATED",
        changedFields: [],
        webhookEndpoint: null,
      },
      "Ada replaced the signing secret of a webhook endpoint.",
    ],
    [
      {
        __typename: "WebhookEndpointChanged",
        endpointChange: "DELETED",
        changedFields: [],
        webhookEndpoint: null,
      },
      "Ada deleted a webhook endpoint.",
    ],
  ],
  API_TOKEN_CHANGED: [
    [
      {
        __typename: "ApiTokenChanged",
        tokenChange: "CREATED",
        apiToken: { __typename: "ApiToken", id: "t1", name: "CI" },
      },
      "Ada made the API token “CI”.",
    ],
    [
      { __typename: "ApiTokenChanged", tokenChange: "REVOKED", apiToken: null },
      "Ada revoked an API token.",
    ],
  ],
};

describe.each(Object.entries(sentences))("%s", (type, cases) => {
  it.each(cases)("%#: $1", (event, sentence) => {
    expect(readSentence(tell({ type, ...event }))).toBe(sentence);
  });
});

it("every type of the schema's has a sentence and a name in the filter", () => {
  const file = join(import.meta.dirname, "../../../../api/schema.graphql");
  const type = buildSchema(readFileSync(file, "utf8")).getType("WorkspaceEventType");
  const names = isEnumType(type) ? type.getValues().map(({ name }) => name) : [];
  expect(names.length).toBeGreaterThan(10);
  expect(Object.keys(sentences).toSorted()).toEqual(names.toSorted());
  expect(eventTypes.toSorted()).toEqual(names.toSorted());
});

it("only what needs a person is amber", () => {
  const tones = Object.entries(sentences).flatMap(([type, cases]) =>
    cases.map(([event]) => [type, tell({ type, ...event }).tone]),
  );
  const amber = tones.filter(([, tone]) => tone === "act").map(([type]) => type);
  expect(new Set(amber)).toEqual(new Set(["REAUTH_REQUIRED"]));
});

import { readFileSync } from "node:fs";
import { buildSchema, isEnumType } from "graphql";
import { describe, expect, it } from "vitest";
import { describeServer } from "./describe-server.ts";
import * as words from "./words.ts";

const schema = buildSchema(
  readFileSync(new URL("../../../api/schema.graphql", import.meta.url), "utf8"),
);

describe("every value of the API has words", () => {
  it.each([
    ["OAuthState", words.stateWords],
    ["OAuthReason", words.reasonWords],
    ["OAuthFlowStatus", words.flowStatusWords],
    ["OAuthFlowError", words.flowErrorWords],
    ["OAuthFlowStepKind", words.stepWords],
    ["StepOutcome", words.outcomeWords],
    ["ToolExecutionStatus", words.executionWords],
    ["McpAuthType", words.authTypeWords],
    ["ClientRegistrationKind", words.registrationWords],
    ["CredentialScope", words.accountWords],
  ])("%s", (name, table) => {
    const type = schema.getType(name);
    if (!isEnumType(type)) throw new Error(`${name} is no enum`);
    const values = type.getValues().map((value) => value.name);
    expect(Object.keys(table).toSorted()).toEqual(values.toSorted());
  });
});

describe("describeServer", () => {
  const calm = {
    enabled: true,
    authType: "OAUTH",
    oauthState: "CONNECTED",
    reachability: "REACHABLE",
  } as const;

  it.each([
    [{}, "Connected", "good"],
    [{ enabled: false, oauthState: "REAUTH_REQUIRED" }, "Turned off", "off"],
    [{ oauthState: "REAUTH_REQUIRED", reachability: "UNREACHABLE" }, "Sign-in needed", "act"],
    [{ oauthState: "AUTHORIZING" }, "Signing in", "busy"],
    [{ reachability: "UNREACHABLE" }, "Unreachable", "bad"],
    [{ oauthState: "DISCONNECTED" }, "Not connected", "off"],
    [{ authType: "UNKNOWN", oauthState: "UNKNOWN" }, "Not detected yet", "off"],
    [{ authType: "HEADERS", oauthState: "UNKNOWN" }, "Not checked yet", "off"],
    [
      { authType: "HEADERS", oauthState: "REAUTH_REQUIRED", reason: "KEY_REJECTED" },
      "Key rejected",
      "act",
    ],
    [
      { authType: "HEADERS", oauthState: "REAUTH_REQUIRED", reason: "KEY_MISSING" },
      "Key needed",
      "act",
    ],
    [{ authType: "NONE", oauthState: "NOT_REQUIRED" }, "Ready", "good"],
  ] as const)("%j is %s", (facts, label, tone) => {
    expect(describeServer({ ...calm, ...facts })).toEqual({ label, tone });
  });

  it("is amber only where a person must act", () => {
    const amber = Object.entries(words.stateWords).filter(([, { tone }]) => tone === "act");
    expect(amber.map(([state]) => state)).toEqual(["REAUTH_REQUIRED"]);
  });
});

import { describe, expect, it } from "vitest";
import type { Step } from "#oauth/flow-steps.ts";
import { removePrivateData, writeReport } from "./diagnosis-report.ts";
import type { ServerDiagnosis } from "./server-diagnosis.ts";

const step = (facts: Partial<Step>): Step => ({
  kind: "PROBE",
  outcome: "OK",
  url: null,
  httpStatus: null,
  durationMs: null,
  detail: null,
  at: "2026-01-01T00:00:00.000Z",
  ...facts,
});

const diagnosis: Omit<ServerDiagnosis, "report"> = {
  authType: "OAUTH",
  connectable: false,
  clientRegistration: null,
  issuer: "https://id.example/tenants/4f1d2c3b-aaaa-bbbb-cccc-0123456789ab",
  scopes: ["notes:read", "notes:write"],
  fault: "AUTHORIZATION_SERVER_OPERATOR",
  advice: "https://id.example/a?state=SECRET registers nobody: ask ada@example.org.",
  behavior: "I16",
  authorizationServers: [],
  steps: [
    step({ url: "https://mcp.example/mcp?key=SECRET", httpStatus: 401, durationMs: 1_234.4 }),
    step({
      kind: "CLIENT_REGISTRATION",
      outcome: "SKIPPED",
      durationMs: 0,
      detail: "Nothing sent.",
    }),
  ],
};

describe("the report of a diagnosis", () => {
  it("says in lines what was found, without private data", () => {
    const url = "https://ada:SECRET@mcp.example/u/k3y0123456/mcp?key=SECRET#SECRET";
    expect(writeReport(url, diagnosis)).toBe(
      `Gatehouse diagnosis
Server: https://mcp.example/u/…/mcp
Time: 2026-01-01T00:00:00.000Z
Result: cannot be connected
Authentication: OAUTH
Authorization server: https://id.example/tenants/…
Scopes: notes:read notes:write
Who can fix it: AUTHORIZATION_SERVER_OPERATOR
Advice: https://id.example/a registers nobody: ask [removed]
Known behavior: I16

Steps:
1. PROBE: OK, HTTP 401, 1234 ms
   https://mcp.example/mcp
2. CLIENT_REGISTRATION: SKIPPED
   Nothing sent.
`,
    );
  });

  it.each([
    ["Bearer abc.def", "Bearer [removed]"],
    ["token=abc", "token=[removed]"],
    ["the key sk1234567890abcdefghijkl", "the key [removed]"],
    ["see https://a.example/x?y=z#w, then ask", "see https://a.example/x, then ask"],
    ["https://db1234567890abcdef.example.org/mcp", "https://….example.org/mcp"],
    ["https://a.example/.well-known/oauth-authorization-server.", null],
    ["http://[::1]:8080/mcp", null],
  ])("removes the private parts of %j", (text, expected) => {
    expect(removePrivateData(text)).toBe(expected ?? text);
  });
});

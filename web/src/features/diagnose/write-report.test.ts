import { describe, expect, it } from "vitest";
import { findBroken, type Diagnosis, type DiagnosisStep } from "./diagnosis-query.ts";
import { stripSecrets, writeReport } from "./write-report.ts";

const step = (facts: Partial<DiagnosisStep>): DiagnosisStep => ({
  kind: "PROBE",
  outcome: "OK",
  url: null,
  httpStatus: null,
  durationMs: null,
  detail: null,
  at: "2026-01-01T00:00:00Z",
  ...facts,
});

const diagnosis: Diagnosis = {
  authType: "OAUTH",
  connectable: false,
  clientRegistration: null,
  issuer: "https://id.example/",
  scopes: ["notes:read", "notes:write"],
  fault: "AUTHORIZATION_SERVER_OPERATOR",
  advice: "It does not answer: tell its operator.",
  authorizationServers: [],
  steps: [
    step({ url: "https://mcp.example/mcp?key=SECRET", httpStatus: 401, durationMs: 1_234 }),
    step({
      kind: "CLIENT_REGISTRATION",
      outcome: "SKIPPED",
      durationMs: 0,
      detail: "Nothing sent.",
    }),
  ],
};

describe("the report", () => {
  it("tells all that the screen does, in lines", () => {
    expect(writeReport("https://mcp.example/mcp", diagnosis, "2026-01-01T00:00:00Z")).toBe(
      `Diagnosis of https://mcp.example/mcp
Made 2026-01-01T00:00:00Z by Gatehouse

Result: cannot be connected
Protection: OAuth
Sign-in provider: https://id.example/
Permissions asked for: notes:read notes:write
Who can mend it: The sign-in provider's operator must mend this
What to do: It does not answer: tell its operator.

Steps:
1. Ask the server: Done, HTTP 401, 1.2 s
   https://mcp.example/mcp?…
2. Introduce Gatehouse: Skipped
   Nothing sent.
`,
    );
  });

  it("keeps no secret of an address", () => {
    const url = "https://user:SECRET@mcp.example/mcp?key=SECRET#SECRET";
    expect(writeReport(url, diagnosis, "")).not.toContain("SECRET");
    expect(stripSecrets("key=SECRET")).toBe("(not a URL)");
  });
});

describe("the broken step", () => {
  const failed = (kind: DiagnosisStep["kind"], detail: string) =>
    step({ kind, outcome: "FAILED", detail });
  const steps = [
    failed("PROTECTED_RESOURCE_METADATA", "there was another way"),
    failed("AUTHORIZATION_SERVER_METADATA", "this one"),
    failed("AUTHORIZATION_SERVER_METADATA", "and its fallback"),
  ];

  it("is the first of the kind that failed last", () => {
    expect(findBroken({ connectable: false, steps })?.detail).toBe("this one");
  });

  it("is none where one can connect, or nothing failed", () => {
    expect(findBroken({ connectable: true, steps })).toBeUndefined();
    expect(findBroken({ connectable: false, steps: [step({})] })).toBeUndefined();
  });
});

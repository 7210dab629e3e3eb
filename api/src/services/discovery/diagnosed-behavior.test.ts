import { describe, expect, it } from "vitest";
import { diagnosedBehaviors, findBehavior } from "./diagnosed-behavior.ts";

const wellBehaved: Parameters<typeof findBehavior>[0] = {
  authType: "OAUTH",
  probe: { kind: "unauthorized", status: 401, wwwAuthenticate: null, text: null },
  fault: null,
  clientRequired: false,
};
const faulty = (code: "ISSUER_MISMATCH" | "METADATA_UNAVAILABLE") => ({
  ...wellBehaved,
  fault: { code, message: "", retryable: false },
});

describe("the behavior that a diagnosis names", () => {
  it("is none if the server follows the specifications, or the fault is transient", () => {
    expect(findBehavior(wellBehaved)).toBeNull();
    expect(findBehavior(faulty("METADATA_UNAVAILABLE"))).toBeNull();
  });

  it("follows from the fault, the redirect, or the kind of authentication", () => {
    expect(findBehavior(faulty("ISSUER_MISMATCH"))).toBe("I16");
    expect(findBehavior({ ...wellBehaved, clientRequired: true })).toBe("C8");
    expect(findBehavior({ ...wellBehaved, authType: "HEADERS" })).toBe("I2");
    const probe = { kind: "not-mcp", httpStatus: 301, detail: "" } as const;
    const elsewhere = { ...wellBehaved, probe: { ...probe, redirectsTo: "https://a.example/" } };
    expect(findBehavior(elsewhere)).toBe("I17");
    expect(findBehavior({ ...wellBehaved, probe: { ...probe, redirectsTo: null } })).toBeNull();
    expect(diagnosedBehaviors).toContain("D3");
  });
});

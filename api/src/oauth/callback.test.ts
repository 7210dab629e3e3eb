import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readCallback } from "./callback.ts";

const issuer = "https://as.example";
const silent = { issuer, issParameterSupported: false };
const speaking = { issuer, issParameterSupported: true };

function read(query: string, expected = silent) {
  return readCallback(new URLSearchParams(query), expected);
}

describe("readCallback", () => {
  it("reads a code", () => {
    expect(read("code=abc&state=x")).toEqual({ kind: "code", code: "abc" });
    expect(read(`code=a%2Bb&state=x&iss=${issuer}`, speaking)).toEqual({
      kind: "code",
      code: "a+b",
    });
    expect(read("code=abc&state=x&session_state=1&session_state=2")).toMatchObject({
      kind: "code",
    });
  });

  const mismatch = { kind: "refused", error: "ISSUER_MISMATCH", detail: null, errorCode: null };
  it.each<[string, boolean, boolean]>([
    // advertised, present
    [`code=c&iss=${issuer}`, true, true],
    ["code=c&iss=https://evil.example", true, false],
    ["code=c&iss=", true, false],
    // advertised, absent
    ["code=c", true, false],
    // not advertised
    ["code=c", false, true],
    [`code=c&iss=${issuer}`, false, true],
    ["code=c&iss=https://evil.example", false, false],
    ["code=c&iss=", false, false],
    // no normalisation of any kind
    [`code=c&iss=${issuer}/`, false, false],
    ["code=c&iss=https://AS.example", false, false],
    ["code=c&iss=https://as.example:443", false, false],
    // one of two is not enough
    [`code=c&iss=${issuer}&iss=https://evil.example`, false, false],
  ])("MCP-AUTH-15 %s, advertised %s: good %s", (query, advertised, good) => {
    const answer = read(query, { issuer, issParameterSupported: advertised });
    if (good) expect(answer).toEqual({ kind: "code", code: "c" });
    else expect(answer).toEqual(mismatch);
  });

  it("MCP-AUTH-15 on a mismatch nothing of the error is shown", () => {
    const query = "error=access_denied&error_description=call+0900&iss=https://evil.example";
    expect(read(query)).toEqual(mismatch);
    expect(read("error=access_denied&error_description=x", speaking)).toEqual(mismatch);
  });

  it.each<[string, string, string | null]>([
    ["error=access_denied", "ACCESS_DENIED", "access_denied"],
    [
      "error=access_denied&error_description=No+thanks",
      "ACCESS_DENIED",
      "access_denied: No thanks",
    ],
    ["error=server_error&code=abc", "AUTHORIZATION_SERVER_ERROR", "server_error"],
    ["error=temporarily_unavailable", "AUTHORIZATION_SERVER_ERROR", "temporarily_unavailable"],
    ["error=made_up&error_description=hello", "AUTHORIZATION_SERVER_ERROR", null],
    ["error=&code=abc", "AUTHORIZATION_SERVER_ERROR", null],
  ])("C7 %s", (query, error, detail) => {
    expect(read(query)).toMatchObject({ kind: "refused", error, detail });
  });

  it("C7 strips and shortens what is shown", () => {
    const description = `go to https://evil.example?code=1 with code=s3cr3t \u0000 ${"very ".repeat(100)}`;
    const answer = read(
      new URLSearchParams({ error: "invalid_request", error_description: description }).toString(),
    );
    if (answer.kind !== "refused") throw new Error("not refused");
    expect(answer.detail?.length).toBeLessThanOrEqual(200);
    expect(answer.detail).not.toMatch(/evil|s3cr3t|\0/);
  });

  it.each(["", "state=x", "code=", "code=&state=x"])(
    "without a code (%s) it is no answer",
    (query) => {
      expect(read(query)).toMatchObject({
        kind: "refused",
        error: "INVALID_REQUEST",
        detail: null,
      });
    },
  );

  it.each(["code", "state", "error", "error_description", "error_uri"])(
    "refuses %s given twice",
    (name) => {
      expect(read(`code=abc&${name}=one&${name}=one`)).toMatchObject({ kind: "refused" });
    },
  );

  it("never throws, and gives a code only when there is one and no error", () => {
    const name = fc.constantFrom("code", "state", "iss", "error", "error_description", "other");
    const value = fc.oneof(fc.string({ unit: "binary" }), fc.constantFrom(issuer, "access_denied"));
    fc.assert(
      fc.property(fc.array(fc.tuple(name, value)), fc.boolean(), (pairs, advertised) => {
        const params = new URLSearchParams(pairs);
        const answer = readCallback(params, { issuer, issParameterSupported: advertised });
        if (answer.kind !== "code") return;
        expect(params.getAll("code")).toEqual([answer.code]);
        expect(params.has("error")).toBe(false);
        expect(params.getAll("iss").every((iss) => iss === issuer)).toBe(true);
        expect(params.has("iss") || !advertised).toBe(true);
      }),
    );
  });
});

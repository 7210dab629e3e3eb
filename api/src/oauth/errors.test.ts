import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { cleanDetail, describeFailure, describeOAuthError } from "./errors.ts";

describe("describeOAuthError", () => {
  it.each<[string, string | null, string | null]>([
    ["access_denied", null, "access_denied"],
    ["access_denied", "", "access_denied"],
    ["access_denied", "The person said no", "access_denied: The person said no"],
    ["ACCESS_DENIED", "x", null],
    ["made_up", "hello", null],
    ["<script>", "hello", null],
    ["__proto__", "hello", null],
  ])("C7 %s %s", (code, description, shown) => {
    expect(describeOAuthError(code, description)).toBe(shown);
  });
});

describe("cleanDetail", () => {
  it.each<[string, string]>([
    ["one\r\ntwo\u0000three\u202Efour\u2028five", "one two three four five"],
    ["go to https://evil.example/?token=abc now", "go to [link] now"],
    ["JAVASCRIPT://x", "[link]"],
    ["Bearer abc was refused", "Bearer [removed] was refused"],
    ["The jwt-bearer grant is off", "The jwt-bearer grant is off"],
    [
      "Bearer tokens are wanted, not Basic authentication.",
      "Bearer tokens are wanted, not Basic authentication.",
    ],
    ["sent Bearer token.abc", "sent Bearer [removed]"],
    ["sent basic dXNlcjpwYXNz", "sent basic [removed]"],
    ["refresh_token=abc and code: xyz!", "refresh_token=[removed] and code: [removed]"],
    ['{"client_secret":"abc"}', '{"client_secret":[removed]'],
    [
      "token eyJhbGciOiJIUzI1NiJ9.e30.Et9HFtf9R3GEMA0IICOfFMVXY7kkTX1wr4qCyhIf58U gone",
      "token [removed] gone",
    ],
    [
      "internationalisation of counterrevolutionaries",
      "internationalisation of counterrevolutionaries",
    ],
    ["AADSTS65004: User declined to consent", "AADSTS65004: User declined to consent"],
  ])("C7 %s", (text, shown) => {
    expect(cleanDetail(text)).toBe(shown);
  });

  it("C7 removes what was sent, whatever it looks like", () => {
    expect(cleanDetail("wrong: hunter2, hunter2", ["hunter2", null, ""])).toBe(
      "wrong: [removed], [removed]",
    );
  });

  it("C7 shortens to 200 characters, without cutting one in half", () => {
    const shown = cleanDetail("😀 ".repeat(500));
    expect([...shown]).toHaveLength(200);
    expect(shown.endsWith("…")).toBe(true);
    expect(shown.isWellFormed()).toBe(true);
  });

  it("C7 whatever comes, it is one short line without control characters", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 500 }), (text) => {
        const shown = cleanDetail(text);
        expect([...shown].length).toBeLessThanOrEqual(200);
        expect(shown).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
      }),
    );
  });
});

describe("describeFailure", () => {
  const coded = (code: string): Error => Object.assign(new Error("GET https://a/?key=1"), { code });
  const wrap = (code: string, cause: Error): Error =>
    Object.assign(new Error("x", { cause }), { code });
  it.each<[unknown, string]>([
    [coded("ECONNREFUSED"), "connection refused"],
    [new TypeError("fetch failed", { cause: coded("ENOTFOUND") }), "name cannot be resolved"],
    [wrap("DNS_FAILED", coded("EAI_AGAIN")), "name cannot be resolved"],
    [wrap("CONNECT_FAILED", coded("ECONNREFUSED")), "connection refused"],
    [wrap("CONNECT_FAILED", coded("UND_ERR_CONNECT_TIMEOUT")), "no connection in time"],
    [coded("CONNECT_FAILED"), "no connection"],
    [wrap("TLS_FAILED", coded("DEPTH_ZERO_SELF_SIGNED_CERT")), "certificate not trusted"],
    [coded("TLS_FAILED"), "no secure connection"],
    [coded("ADDRESS_FORBIDDEN"), "address not allowed"],
    [coded("RESPONSE_TOO_LARGE"), "answer too large"],
    [coded("ESTRANGE"), "the request failed"],
    [new DOMException("x", "TimeoutError"), "no answer in time"],
    [new DOMException("x", "AbortError"), "no answer in time"],
    [coded("DEADLINE"), "no answer in time"],
    [coded("secret https://a"), "the request failed"],
    [new Error("token abc"), "the request failed"],
    ["token abc", "the request failed"],
    [undefined, "the request failed"],
  ])("C7 %s", (error, shown) => {
    expect(describeFailure(error)).toBe(shown);
  });

  it("ends on causes in a circle", () => {
    const error = new Error("x");
    error.cause = error;
    expect(describeFailure(error)).toBe("the request failed");
  });
});

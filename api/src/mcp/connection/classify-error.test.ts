import {
  InsufficientScopeError,
  ProtocolError,
  SdkError,
  SdkErrorCode,
  SdkHttpError,
  UnauthorizedError,
  UrlElicitationRequiredError,
} from "@modelcontextprotocol/client";
import { describe, expect, it } from "vitest";
import { CredentialsError, CredentialsFault } from "./credentials.ts";
import { classifyFailure } from "./classify-error.ts";
import { shortenMessage } from "../failure.ts";

const http = (status: number, text = "") =>
  new SdkHttpError(SdkErrorCode.ClientHttpNotImplemented, "x", { status, text });
const wrapped = (cause: unknown) =>
  new SdkError(SdkErrorCode.EraNegotiationFailed, "x", { cause }, { cause });
const fetchFailed = (code: string) =>
  new TypeError("fetch failed", { cause: Object.assign(new Error("x"), { code }) });

describe("S9 classifyFailure", () => {
  it.each([
    ["a timeout", new SdkError(SdkErrorCode.RequestTimeout, "x"), { kind: "timed-out" }],
    [
      "a closed connection",
      new SdkError(SdkErrorCode.ConnectionClosed, "x"),
      { kind: "unreachable", sent: "unknown" },
    ],
    ["a bad result", new SdkError(SdkErrorCode.InvalidResult, "x"), { code: "invalid-result" }],
    ["the SDK's 401", new UnauthorizedError(), { kind: "refused", stop: null }],
    ["the SDK's step-up", new InsufficientScopeError({ requiredScope: "a" }), { kind: "refused" }],
    ["an answer", new ProtocolError(-32_000, "No"), { kind: "protocol-error", code: -32_000 }],
    ["a link to open", new UrlElicitationRequiredError([]), { code: "input-required" }],
    ["a refused connection", fetchFailed("ECONNREFUSED"), { sent: false, retryable: true }],
    ["an unknown host", fetchFailed("ENOTFOUND"), { sent: false, retryable: true }],
    ["a reset connection", fetchFailed("ECONNRESET"), { sent: "unknown", retryable: false }],
    ["a lost socket", fetchFailed("UND_ERR_SOCKET"), { sent: "unknown", retryable: false }],
    ["a bad certificate", fetchFailed("CERT_HAS_EXPIRED"), { kind: "unreachable" }],
    ["a 404", http(404, '{"error":{"code":-32001}}'), { httpStatus: 404, retryable: true }],
    ["a 400 that says why", http(400, '{"error":{"code":-7,"message":"y"}}'), { code: -7 }],
    ["a 400 that does not", http(400, "401"), { httpStatus: 400, retryable: false }],
    ["our own refusal, wrapped", wrapped(new CredentialsError(1)), { kind: "refused", stop: 1 }],
    ["an HTTP answer, wrapped", wrapped(http(502)), { kind: "unreachable", httpStatus: 502 }],
  ])("knows %s", (_name, error, expected) => {
    expect(classifyFailure(error, "call")).toMatchObject(expected);
  });

  it.each([
    ["a timeout", new SdkError(SdkErrorCode.RequestTimeout, "x")],
    ["a closed connection", new SdkError(SdkErrorCode.ConnectionClosed, "x")],
    ["a reset connection", fetchFailed("ECONNRESET")],
    ["a 503", http(503)],
  ])("knows that while connecting nothing was sent: %s", (_name, error) => {
    const expected = { kind: "unreachable", sent: false, retryable: true };
    expect(classifyFailure(error, "connect")).toMatchObject(expected);
  });

  it.each([new Error("bug"), new TypeError("bug"), new RangeError("bug"), "text", null])(
    "leaves what it does not know: %o",
    (error) => {
      expect(classifyFailure(error, "call")).toBeNull();
    },
  );

  it("does not hide a mistake of ours in the SDK's wrapping", () => {
    expect(classifyFailure(wrapped(new TypeError("bug")), "connect")).toBeNull();
  });

  it("throws what credentials threw", () => {
    const fault = new Error("database away");
    expect(() => classifyFailure(wrapped(new CredentialsFault(fault)), "connect")).toThrow(fault);
  });
});

it("makes one short line of any message", () => {
  expect(shortenMessage(" a\n\tb\u0000c\u202Ed ")).toBe("a b c d");
  expect(shortenMessage("x".repeat(900))).toHaveLength(500);
});

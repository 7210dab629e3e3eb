import { CombinedError } from "urql";
import { describe, expect, it } from "vitest";
import { readErrorCode, readFieldErrors, readRequestId, sortFieldErrors } from "./errors.ts";

function fail(extensions: Record<string, unknown>): CombinedError {
  return new CombinedError({ graphQLErrors: [{ message: "No.", extensions }] });
}

describe("what a failed operation carries", () => {
  it("reads code and request id, and nothing from an error without them", () => {
    const error = fail({ code: "CONFLICT", requestId: "r1" });
    expect([readErrorCode(error), readRequestId(error)]).toEqual(["CONFLICT", "r1"]);
    const away = new CombinedError({ networkError: new Error("away") });
    expect([readErrorCode(away), readRequestId(away), readErrorCode(undefined)]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
  });

  it("reads the field errors and leaves out what is not a list of sentences", () => {
    const fieldErrors = {
      url: ["Not a URL."],
      "headers.0.name": ["Bad.", "Reserved."],
      name: "x",
      empty: [],
      odd: [1],
    };
    expect(readFieldErrors(fail({ code: "BAD_USER_INPUT", fieldErrors }))).toEqual({
      url: ["Not a URL."],
      "headers.0.name": ["Bad.", "Reserved."],
    });
    expect(readFieldErrors(fail({ fieldErrors: ["url"] }))).toEqual({});
    expect(readFieldErrors(undefined)).toEqual({});
  });

  it("puts every sentence at its field, and those without a field apart", () => {
    const errors = { url: ["A.", "B."], "headers.0.name": ["C."], workspaceId: ["D."] };
    const sorted = sortFieldErrors(errors, (path) => path !== "workspaceId");
    expect(sorted).toEqual({ fields: { url: "A. B.", "headers.0.name": "C." }, others: ["D."] });
  });
});

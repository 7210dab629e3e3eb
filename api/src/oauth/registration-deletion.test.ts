import { describe, expect, it } from "vitest";
import { deleteRegistration, isOwnRegistrationUri } from "./registration-deletion.ts";

type Answer = () => Response | Promise<Response>;

async function remove(answer: Answer, registrationClientUri = "https://as.example/register/c") {
  const requests: { url: string; init: RequestInit }[] = [];
  const outcome = await deleteRegistration({
    registrationClientUri,
    registrationAccessToken: "the-token",
    fetch: async (input, init = {}) => {
      requests.push({ url: String(input), init });
      return await answer();
    },
  });
  return { outcome, requests };
}

describe("deleteRegistration", () => {
  it("asks with the registration access token, and follows no redirect with it", async () => {
    const { outcome, requests } = await remove(() => new Response(null, { status: 204 }));
    expect(outcome).toEqual({ kind: "confirmed", httpStatus: 204 });
    expect(requests).toMatchObject([
      {
        url: "https://as.example/register/c",
        init: {
          method: "DELETE",
          redirect: "manual",
          headers: { authorization: "Bearer the-token" },
        },
      },
    ]);
  });

  it.each<[number, string]>([
    [200, "confirmed"],
    // RFC 7592 §2: there is no such client.
    [401, "confirmed"],
    [404, "confirmed"],
    [403, "refused"],
    [400, "refused"],
    [405, "unsupported"],
    [501, "unsupported"],
    [429, "transient"],
    [408, "transient"],
    [500, "transient"],
    [302, "transient"],
  ])("%i is %s", async (status, kind) => {
    const { outcome } = await remove(() => new Response(null, { status }));
    expect(outcome).toMatchObject({ kind, httpStatus: status });
  });

  it("takes a lost connection, and a call for patience, for something that passes", async () => {
    const lost = await remove(() => Promise.reject(new TypeError("the-token")));
    expect(lost.outcome).toMatchObject({ kind: "transient", httpStatus: null });
    expect(JSON.stringify(lost.outcome)).not.toContain("the-token");
    const busy = await remove(
      () => new Response(null, { status: 503, headers: { "retry-after": "7" } }),
    );
    expect(busy.outcome).toMatchObject({ kind: "transient", retryAfterMs: 7_000 });
  });

  it("sends the token nowhere in clear", async () => {
    const { outcome, requests } = await remove(
      () => new Response(null),
      "http://as.example/register/c",
    );
    expect(outcome).toEqual({ kind: "unsupported", httpStatus: null });
    expect(requests).toEqual([]);
  });
});

describe("isOwnRegistrationUri", () => {
  const server = {
    issuer: "https://as.example/tenant",
    registrationEndpoint: "https://api.as.example/register",
  };

  it.each([
    ["https://as.example/register/c", true],
    ["https://api.as.example/clients/c", true],
    ["https://as.example:8443/register/c", false],
    ["https://other.example/register/c", false],
    ["http://as.example/register/c", false],
    ["nonsense", false],
  ])("%s: %s", (uri, expected) => expect(isOwnRegistrationUri(uri, server)).toBe(expected));
});

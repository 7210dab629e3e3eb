import { expect, it } from "vitest";
import type { Fetch } from "../oauth/ports.ts";
import { createCredentialedFetch } from "./credentials.ts";
import { giveHeaders } from "./testing.ts";

const record = (sent: [string, Headers][]): Fetch => {
  return async (input, init) => {
    sent.push([String(input), new Headers(init?.headers)]);
    return new Response("{}");
  };
};

it("S8 gives no credentials to another origin, be it the same host on another port or scheme", async () => {
  const sent: [string, Headers][] = [];
  const { fetch } = createCredentialedFetch({
    url: "https://mcp.example.com/mcp",
    fetch: record(sent),
    credentials: giveHeaders({ authorization: "Bearer secret-token", "x-tenant": "t1" }),
  });
  const others = ["https://mcp.example.com:8443/mcp", "http://mcp.example.com/mcp"];
  for (const url of ["https://mcp.example.com/moved", ...others])
    await fetch(url, { method: "POST" });
  const seen = sent.map(([, headers]) => [headers.get("authorization"), headers.get("x-tenant")]);
  expect(seen).toEqual([
    ["Bearer secret-token", "t1"],
    [null, null],
    [null, null],
  ]);
});

it("takes out the credentials it sent, but not every short header value", async () => {
  const { fetch, redact } = createCredentialedFetch({
    url: "https://mcp.example.com/mcp",
    fetch: record([]),
    credentials: giveHeaders({ authorization: "Bearer secret-token", "x-env": "prod" }),
  });
  expect(redact("secret-token")).toBe("secret-token");
  await fetch("https://mcp.example.com/mcp", { method: "POST" });
  expect(redact("no secret-token in prod")).toBe("no [redacted] in prod");
});

it("R19 a refusal of housekeeping costs no refresh", async () => {
  let refusals = 0;
  const { fetch } = createCredentialedFetch({
    url: "https://mcp.example.com/mcp",
    fetch: async () => new Response(null, { status: 401 }),
    credentials: {
      ...giveHeaders(),
      refused: async () => {
        refusals += 1;
        return "retry";
      },
    },
  });
  const answer = await fetch("https://mcp.example.com/mcp", { method: "DELETE" });
  expect(answer.status).toBe(401);
  expect(refusals).toBe(0);
});

import { expect, it } from "vitest";
import type { Fetch } from "#oauth/ports.ts";
import { createCredentialedFetch } from "./credentials.ts";
import { giveHeaders } from "../testing/sessions.ts";

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

it("R19 a standing stream that is refused costs no refresh, one that the connection cannot do without may", async () => {
  let refusals = 0;
  const { streamFetch, openStream } = createCredentialedFetch({
    url: "https://mcp.example.com/mcp",
    fetch: () => Promise.reject(new Error("The bounded fetch is not for streams.")),
    streamFetch: async () => new Response(null, { status: 401 }),
    credentials: {
      ...giveHeaders(),
      refused: async () => {
        refusals += 1;
        return { stop: "refused" };
      },
    },
  });
  expect((await streamFetch("https://mcp.example.com/mcp", { method: "GET" })).status).toBe(401);
  expect(refusals).toBe(0);
  await expect(openStream("https://mcp.example.com/mcp", { method: "GET" })).rejects.toHaveProperty(
    "stop",
    "refused",
  );
  expect(refusals).toBe(1);
});

it("R5 a refusal comes back with the receipt of the very request that was refused, whatever else was sent meanwhile", async () => {
  const answers = [Promise.withResolvers<Response>(), Promise.withResolvers<Response>()];
  const receipts: unknown[] = [];
  let given = 0;
  let sent = 0;
  const { fetch } = createCredentialedFetch({
    url: "https://mcp.example.com/mcp",
    fetch: () => answers[sent++]?.promise ?? Promise.reject(new Error("too many")),
    credentials: {
      async headers() {
        given += 1;
        return { kind: "headers", headers: {}, receipt: given };
      },
      refused: async ({ receipt }) => ({ stop: receipts.push(receipt) }),
    },
  });
  const calls = [1, 2].map(() => fetch("https://mcp.example.com/mcp", { method: "POST" }));
  // The first request is rejected after the second was sent with newer headers.
  answers[1]?.resolve(new Response("{}"));
  await calls[1];
  answers[0]?.resolve(new Response(null, { status: 401 }));
  await expect(calls[0]).rejects.toThrow("no credentials");
  expect(receipts).toEqual([1]);
});

import { describe, expect, it } from "vitest";

import { COOKIE, startTestServer, createViewer } from "./testing/test-server.ts";

const PAGE = { headers: { accept: "text/html", cookie: COOKIE } };

describe("GraphiQL", () => {
  it.each([
    ["nobody", {}],
    ["somebody whose session has ended", { cookie: "gatehouse.session_token=gone" }],
  ])("sends %s to the sign-in page and back", async (_who, headers) => {
    await using server = await startTestServer();
    const answer = await server.send("/graphiql?query=secret", { headers });
    expect(answer.status).toBe(303);
    expect(answer.headers.location).toBe("/sign-in?next=%2Fgraphiql");
    expect(answer.body).toBe("");
  });

  it("is no page for a program with a token", async () => {
    await using server = await startTestServer();
    const apiToken = { id: "t", workspaceId: "w", scope: "MANAGE" } as const;
    server.sessions.open.set("ada", { ...createViewer("ada"), apiToken });
    expect((await server.send("/graphiql", PAGE)).status).toBe(303);
  });

  it("is a page without inline script, under a policy of its own that names no other host", async () => {
    await using server = await startTestServer();
    const { status, headers, body } = await server.send("/graphiql", PAGE);
    expect(status).toBe(200);
    expect(headers).toMatchObject({
      "content-type": "text/html; charset=UTF-8",
      "cache-control": "no-store",
      "cross-origin-opener-policy": "same-origin",
      "x-frame-options": "DENY",
      "content-security-policy": [
        "default-src 'none'",
        "script-src 'self'",
        "worker-src 'self'",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data:",
        "font-src data:",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
      ].join("; "),
    });
    expect(body).not.toMatch(/<script(?![^>]* src=)/);
    expect(body).not.toMatch(/\son\w+=/);
    expect(body).not.toMatch(/(src|href)="(https?:)?\/\//);
    expect(body).toContain("user-ada");
    for (const operation of ["WhatNeedsConsent", "RunTool", "AuthState", "CreateApiToken"])
      expect(body).toContain(operation);
  });

  it("brings each file that its page names, compressed, for good, under the same policy", async () => {
    await using server = await startTestServer();
    const { body } = await server.send("/graphiql", PAGE);
    const addresses = new Set(body.match(/\/graphiql\/assets\/[\w.-]+\?v=[\w-]{10}/g));
    expect(addresses.size).toBe(6);
    for (const address of addresses) {
      const headers = { "accept-encoding": "gzip, br" };
      const answer = await server.send(address, { headers });
      expect(answer, address).toMatchObject({
        status: 200,
        headers: {
          "cache-control": "public, max-age=31536000, immutable",
          "content-encoding": "gzip",
          "content-type": expect.stringMatching(/^text\/(javascript|css); charset=utf-8$/),
          // A worker's policy is that of its own file.
          "content-security-policy": expect.stringContaining("default-src 'none'"),
          vary: "Accept-Encoding",
        },
      });
    }
  });

  it("sends the same file compressed as without", async () => {
    await using server = await startTestServer();
    const path = "/graphiql/assets/graphql-worker.js";
    const plain = await server.send(path);
    expect(plain.headers["content-encoding"]).toBeUndefined();
    const compressed = await server.send(path, { headers: { "accept-encoding": "gzip" } });
    expect(compressed.headers["content-encoding"]).toBe("gzip");
    expect(compressed.body).toBe(plain.body);
  });

  it.each(["/graphiql/assets/nothing.js", "/graphiql/assets/", "/graphiql/nothing"])(
    "has nothing at %s",
    async (path) => {
      await using server = await startTestServer();
      const answer = await server.send(path, PAGE);
      expect(answer.status).toBe(404);
      expect(JSON.parse(answer.body).error.code).toBe("NOT_FOUND");
    },
  );

  it("answers an operation from its own origin, and none from another port of this host", async () => {
    await using server = await startTestServer();
    const mutation = 'mutation { echo(text: "hello") }';
    const own = {
      cookie: COOKIE,
      origin: "http://localhost:4000",
      "sec-fetch-site": "same-origin",
    };
    expect(JSON.parse((await server.postGraphQL(mutation, own)).body).data.echo).toBe("hello");
    const foreign = { cookie: COOKIE, origin: "http://localhost:4010" };
    expect((await server.postGraphQL(mutation, foreign)).status).toBe(403);
  });
});

describe("the schema", () => {
  it("is a file for everybody", async () => {
    await using server = await startTestServer();
    expect(await server.send("/graphql/schema.graphql")).toMatchObject({
      status: 200,
      body: "type Query { whoami: String }\n",
      headers: {
        "content-type": "application/graphql; charset=utf-8",
        "content-disposition": 'attachment; filename="gatehouse.graphql"',
      },
    });
  });
});

describe("/api", () => {
  it("is a page of the web app, and what lies below it is not", async () => {
    await using server = await startTestServer();
    const page = await server.send("/api", PAGE);
    expect(page.headers["content-security-policy"]).toContain("manifest-src 'self'");
    const below = await server.send("/api/nothing", PAGE);
    expect(below.headers["content-security-policy"]).toBe(
      "default-src 'none'; frame-ancestors 'none'",
    );
  });
});

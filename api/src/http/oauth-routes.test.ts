import { describe, expect, it } from "vitest";

import type { CallbackOutcome, FlowDescription, OAuthCallbacks } from "./oauth-callbacks.ts";
import { COOKIE, startTestServer } from "./testing/test-server.ts";

const FAILED: FlowDescription = {
  status: "FAILED",
  serverName: "Acme Notes",
  serverPath: "/s/1",
  retryPath: "/s/1?connect=1",
  errorTitle: "You said no",
  errorText: "The consent page answered that access was denied.",
};
const SUCCEEDED: FlowDescription = {
  ...FAILED,
  status: "SUCCEEDED",
  errorTitle: null,
  errorText: null,
};

function startWith(oauth: Partial<OAuthCallbacks>) {
  return startTestServer({
    oauth: {
      finishCallback: async () => ({ kind: "unknown" }),
      resumeCallback: async () => ({ kind: "unknown" }),
      describeFlow: async () => null,
      ...oauth,
    },
  });
}

const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

describe("callback", () => {
  const outcomes: [string, CallbackOutcome, string][] = [
    [
      "success",
      { kind: "finished", flowId: "f/1", ok: true, redirectTo: null },
      "/oauth/done?flow=f%2F1",
    ],
    [
      "failure",
      { kind: "finished", flowId: "f1", ok: false, redirectTo: null },
      "/oauth/done?flow=f1",
    ],
    [
      "REDIRECT mode",
      { kind: "finished", flowId: "f1", ok: false, redirectTo: "/s/1?tab=tools#top" },
      "/s/1?tab=tools&flow=f1#top",
    ],
    [
      "REDIRECT mode to elsewhere",
      { kind: "finished", flowId: "f1", ok: true, redirectTo: "//evil.example/" },
      "/?flow=f1",
    ],
    [
      "nobody signed in",
      { kind: "sign-in-first", held: { secret: "s1", ttlMs: 120_000 } },
      "/sign-in?next=%2Foauth%2Fresume",
    ],
    ["an unknown state", { kind: "unknown" }, "/oauth/done?outcome=unknown"],
  ];

  it.each(outcomes)(
    "C5 with %s leads to where the outcome can be read",
    async (_what, outcome, location) => {
      await using server = await startWith({
        finishCallback: async () => outcome,
        resumeCallback: async () => outcome,
      });
      for (const path of ["/oauth/callback?code=SECRET&state=SECRET", "/oauth/resume"]) {
        const { status, headers, body } = await server.send(path, { headers: { cookie: COOKIE } });
        expect({ status, location: headers.location, body }).toEqual({
          status: 303,
          location,
          body: "",
        });
        expect(headers).toMatchObject({
          "cache-control": "no-store",
          "referrer-policy": "no-referrer",
        });
        expect(headers["cross-origin-opener-policy"]).toBeUndefined();
      }
    },
  );

  it("hands over every parameter, and the viewer of the cookie", async () => {
    const received: unknown[] = [];
    await using server = await startWith({
      async finishCallback({ query, viewer }) {
        received.push([...query], viewer?.userId);
        return { kind: "unknown" };
      },
      async resumeCallback({ heldSecret, viewer }) {
        received.push(heldSecret, viewer?.userId);
        return { kind: "unknown" };
      },
    });
    await server.send(
      "/oauth/callback?code=a%2Bb&state=s&iss=https%3A%2F%2Fas.example&code=again",
      {
        headers: { cookie: COOKIE },
      },
    );
    const cookie = "gatehouse.held_callback=h1";
    await server.send("/oauth/resume?held=other", { headers: { cookie } });
    expect(received).toEqual([
      [
        ["code", "a+b"],
        ["state", "s"],
        ["iss", "https://as.example"],
        ["code", "again"],
      ],
      "user-ada",
      "h1",
      undefined,
    ]);
  });

  it("A1 gives the secret of a held callback to this browser alone, and never in an address", async () => {
    await using server = await startWith({
      finishCallback: async () => ({
        kind: "sign-in-first",
        held: { secret: "s1", ttlMs: 120_000 },
      }),
      resumeCallback: async () => ({ kind: "unknown" }),
    });
    const held = await server.send("/oauth/callback?code=c&state=s");
    expect(held.headers["set-cookie"]).toEqual([
      "gatehouse.held_callback=s1; Max-Age=120; Path=/oauth/resume; HttpOnly; SameSite=Lax",
    ]);
    expect(held.headers.location).not.toContain("s1");
    const cookie = "gatehouse.held_callback=s1";
    const over = await server.send("/oauth/resume", { headers: { cookie } });
    expect(over.headers["set-cookie"]?.[0]).toMatch(/^gatehouse\.held_callback=; Max-Age=0;/);
  });

  it.each(["/oauth/callback?state=s", "/oauth/resume"])(
    "is not used up by a HEAD at %s",
    async (path) => {
      let calls = 0;
      const count = async (): Promise<CallbackOutcome> => {
        calls += 1;
        return { kind: "unknown" };
      };
      await using server = await startWith({ finishCallback: count, resumeCallback: count });
      expect((await server.send(path, { method: "HEAD" })).status).toBe(405);
      expect((await server.send(path, { method: "POST" })).status).toBe(404);
      expect(calls).toBe(0);
    },
  );

  it("C5 that fails unexpectedly ends on a page with the request id, and says nothing else", async () => {
    await using server = await startWith({
      finishCallback: () => Promise.reject(new Error("secret of the database")),
    });
    const answer = await server.send("/oauth/callback?code=SECRET");
    const requestId = answer.headers["x-request-id"];
    expect(answer.headers.location).toBe(`/oauth/done?outcome=error&request=${String(requestId)}`);
    const page = await server.send(answer.headers.location ?? "");
    expect(page.status).toBe(500);
    expect(page.body).toContain(requestId);
    expect(page.body).not.toContain("secret");
  });
});

describe("pages", () => {
  it.each(["/oauth/pending", "/oauth/done?flow=f1", "/oauth/done", "/oauth/done?outcome=unknown"])(
    "E4 %s sends no COOP, is not stored, and allows nothing inline",
    async (path) => {
      await using server = await startWith({ describeFlow: async () => SUCCEEDED });
      const { headers, body } = await server.send(path);
      expect(headers).toMatchObject({
        "content-type": "text/html; charset=UTF-8",
        "content-security-policy": POLICY,
        "cache-control": "no-store",
        "referrer-policy": "no-referrer",
        "x-content-type-options": "nosniff",
      });
      expect(headers["cross-origin-opener-policy"]).toBeUndefined();
      expect(body).not.toMatch(/<script(?![^>]* src=)|<style|\son\w+=|\sstyle=/);
    },
  );

  it("load their style and scripts from files that may be kept for good", async () => {
    await using server = await startWith({ describeFlow: async () => SUCCEEDED });
    const pages = await Promise.all([
      server.send("/oauth/pending"),
      server.send("/oauth/done?flow=f1"),
    ]);
    const urls = new Set(pages.flatMap(({ body }) => body.match(/\/oauth\/assets\/[^"]+/g) ?? []));
    expect(urls.size).toBe(3);
    for (const url of urls) {
      const asset = await server.send(url);
      expect(asset.status).toBe(200);
      expect(asset.headers["cache-control"]).toBe("public, max-age=31536000, immutable");
      expect(asset.headers["content-type"]).toMatch(/^text\/(css|javascript); charset=utf-8$/);
    }
  });

  it("show a success with the way back", async () => {
    await using server = await startWith({ describeFlow: async () => SUCCEEDED });
    const { status, body } = await server.send("/oauth/done?flow=f1");
    expect(status).toBe(200);
    expect(body).toContain("<h1>Connected</h1>");
    expect(body).toContain("You may close this tab.");
    expect(body).toMatch(/<a href="\/s\/1"\s*>Back to Acme Notes<\/a/);
  });

  it("show a failure with its reason and Retry, and do not close", async () => {
    await using server = await startWith({ describeFlow: async () => FAILED });
    const { body } = await server.send("/oauth/done?flow=f1");
    expect(body).toContain("<h1>You said no</h1>");
    expect(body).toContain("The consent page answered that access was denied.");
    expect(body).toMatch(/<a class="button" href="\/s\/1\?connect=1"\s*>Retry<\/a/);
    expect(body).not.toContain("<script");
  });

  it.each(["PENDING", "FAILED", "CANCELLED", "EXPIRED"] as const)(
    "have words for %s",
    async (status) => {
      await using server = await startWith({
        describeFlow: async () => ({ ...FAILED, status, errorTitle: null, errorText: null }),
      });
      const { body } = await server.send("/oauth/done?flow=f1");
      expect(body).toMatch(/<h1>[A-Z][^<]{5,}<\/h1>\s*<p>[A-Z][^<]{20,}<\/p>/);
    },
  );

  it("E4 read the server's record alone, for the viewer of the cookie", async () => {
    const asked: unknown[] = [];
    await using server = await startWith({
      async describeFlow(flowId, viewer) {
        asked.push([flowId, viewer?.userId]);
        return null;
      },
    });
    const { status, body } = await server.send(
      "/oauth/done?flow=f%2F1&status=SUCCEEDED&title=Evil",
      {
        headers: { cookie: COOKIE },
      },
    );
    expect(status).toBe(404);
    expect(body).toContain("This sign-in attempt is unknown");
    expect(body).not.toContain("Evil");
    expect(asked).toEqual([["f/1", "user-ada"]]);
  });

  it("C7 escape whatever a server calls itself, and link nowhere else", async () => {
    const hostile = `<img src=x onerror=alert(1)>"'`;
    await using server = await startWith({
      describeFlow: async () => ({
        ...FAILED,
        serverName: hostile,
        errorTitle: hostile,
        errorText: hostile,
        serverPath: "//evil.example",
        retryPath: "javascript:alert(1)",
      }),
    });
    const { body } = await server.send("/oauth/done?flow=f1");
    expect(body).not.toContain("<img");
    expect(body).not.toContain("evil.example");
    expect(body).not.toContain("javascript:");
    expect(body).toContain("&lt;img src=x onerror=alert(1)&gt;&quot;&#39;");
    const problem = await server.send("/oauth/done?outcome=error&request=%3Cimg%3E");
    expect(problem.body).not.toContain("<img");
  });
});

describe("client id metadata document", () => {
  const document = { client_id: "https://gatehouse.example/oauth/client-metadata.json" };

  it("is served when it is offered", async () => {
    await using server = await startTestServer({ clientMetadata: document });
    const { status, headers, body } = await server.send("/oauth/client-metadata.json");
    expect({ status, document: JSON.parse(body) }).toEqual({ status: 200, document });
    expect(headers).toMatchObject({
      "content-type": "application/json",
      "cache-control": "public, max-age=300",
    });
  });

  it("is 404 when it is not", async () => {
    await using server = await startTestServer();
    expect((await server.send("/oauth/client-metadata.json")).status).toBe(404);
  });
});

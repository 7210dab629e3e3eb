import { afterEach, describe, expect, it } from "vitest";
import { startEverything } from "../../../test/counterparties/everything.ts";
import { startLegacy } from "../../../test/counterparties/legacy.ts";
import type { Counterparty } from "../../../test/counterparties/listen.ts";
import { startDual, startModernOnly } from "../../../test/counterparties/modern.ts";
import { plainFetch } from "../../../test/counterparties/plain-fetch.ts";
import {
  sendResult,
  startScripted,
  startScriptedLegacy,
} from "../../../test/counterparties/scripted.ts";
import { listTools } from "../calls/catalog.ts";
import type { Credentials, Refusal } from "./credentials.ts";
import { createEraCache } from "../protocol-era.ts";
import { withSession } from "./session.ts";
import { createTarget, giveHeaders } from "../testing/sessions.ts";

const started: Counterparty[] = [];
afterEach(async () => {
  await Promise.all(started.splice(0).map((counterparty) => counterparty.close()));
});
async function use<T extends Counterparty>(starting: Promise<T>): Promise<T> {
  const counterparty = await starting;
  started.push(counterparty);
  return counterparty;
}

describe("withSession", () => {
  it.each([
    ["modern", startModernOnly],
    ["modern", startDual],
    ["legacy", startLegacy],
    ["legacy", startEverything],
  ] as const)(
    "connects to a %s server and answers what the use answers (%o)",
    async (era, start) => {
      const server = await use<Counterparty>(start());
      const answer = await withSession(createTarget(server.url), async (session) => session.era);
      expect(answer).toBe(era);
    },
  );

  it("speaks the legacy era to a server that speaks both, if that is what it is known for", async () => {
    const server = await use(startDual());
    const eras = createEraCache();
    eras.set(server.url, { era: "legacy", protocolVersion: "2025-11-25" });
    const answer = await withSession(createTarget(server.url, { eras }), async (session) => {
      return [session.era, session.serverInfo?.name, (await listTools(session)).kind];
    });
    expect(answer).toEqual(["legacy", "modern", "tools"]);
  });

  it("ends a legacy session afterwards, also when the use throws", async () => {
    const server = await use(startLegacy());
    const fault = new Error("ours");
    const failing = withSession(createTarget(server.url), async () => {
      expect(server.openSessions()).toBe(1);
      throw fault;
    });
    await expect(failing).rejects.toBe(fault);
    expect(server.openSessions()).toBe(0);
  });

  it("opens no standing stream", async () => {
    const server = await use(startLegacy());
    await withSession(createTarget(server.url), async () => null);
    expect(server.requests).toEqual(["POST", "POST", "POST", "DELETE"]);
  });

  it("is cancelled while connecting", async () => {
    const stop = new AbortController();
    const server = await use(startScripted(() => stop.abort()));
    const answer = withSession(createTarget(server.url, { signal: stop.signal }), async () => 1);
    expect(await answer).toEqual({ kind: "cancelled" });
  });

  it("says that nothing was run when the server does not answer in time", async () => {
    const server = await use(startScripted(() => undefined));
    const answer = await withSession(createTarget(server.url, { timeoutMs: 100 }), async () => 1);
    expect(answer).toMatchObject({ kind: "unreachable", sent: false, retryable: true });
  });
});

describe("the remembered era", () => {
  it("spares the negotiation with a legacy server", async () => {
    const server = await use(startLegacy());
    const target = createTarget(server.url);
    await withSession(target, async () => null);
    await withSession(target, async () => null);
    // Discovery, initialize, initialized and DELETE; the second time without the discovery.
    expect(server.requests).toHaveLength(4 + 3);
  });

  it("costs a modern server no request but the use's own", async () => {
    const server = await use(startModernOnly());
    const urls: unknown[] = [];
    const target = createTarget(server.url, {
      fetch: (input, init) => {
        urls.push(input);
        return plainFetch(input, init);
      },
    });
    await withSession(target, async () => null);
    urls.length = 0;
    const catalog = await withSession(target, listTools);
    expect(catalog).toMatchObject({ kind: "tools" });
    expect(urls).toHaveLength(1);
  });

  it("is asked for again when a server has become modern", async () => {
    const server = await use(startModernOnly());
    const eras = createEraCache();
    eras.set(server.url, { era: "legacy", protocolVersion: "2025-11-25" });
    const target = createTarget(server.url, { eras });
    expect(await withSession(target, async (session) => session.era)).toBe("modern");
    expect(eras.get(server.url)?.era).toBe("modern");
  });

  it("is forgotten when a server has become legacy, so that the next use works", async () => {
    const server = await use(startLegacy());
    const eras = createEraCache();
    eras.set(server.url, { era: "modern", protocolVersion: "2026-07-28" });
    const target = createTarget(server.url, { eras });
    expect(await withSession(target, listTools)).not.toMatchObject({ kind: "tools" });
    expect(await withSession(target, listTools)).toMatchObject({ kind: "tools" });
  });

  it("is not remembered of a server that refuses us", async () => {
    const server = await use(
      startScripted((_call, response) => void response.writeHead(401).end()),
    );
    const eras = createEraCache();
    await withSession(createTarget(server.url, { eras }), async () => null);
    expect(eras.get(server.url)).toBeNull();
  });
});

describe("credentials", () => {
  /** A legacy server that accepts one token and serves tools to callers with that token. */
  const startGuarded = (accepts: () => string) =>
    startScriptedLegacy((call, response) => {
      if (call.headers.authorization !== `Bearer ${accepts()}`) {
        response.writeHead(401, { "www-authenticate": 'Bearer error="invalid_token"' }).end();
      } else {
        sendResult(call, response, { tools: [] });
      }
    });
  const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

  it("R5 are asked for per request: a warm connection uses the newest token", async () => {
    let token = "first";
    const server = await use(startGuarded(() => token));
    const credentials: Credentials = {
      headers: async () => ({ kind: "headers", headers: bearer(token) }),
      refused: async () => ({ stop: "refused" }),
    };
    await withSession(createTarget(server.url, { credentials }), async (session) => {
      expect(await listTools(session)).toMatchObject({ kind: "tools" });
      token = "second";
      expect(await listTools(session)).toMatchObject({ kind: "tools" });
    });
    const lists = server.calls.filter((call) => call.method === "tools/list");
    const sent = lists.map((call) => call.headers.authorization);
    expect(sent).toEqual(["Bearer first", "Bearer second"]);
  });

  it("R5 a request refused with 401 is sent once more with new ones", async () => {
    const server = await use(startGuarded(() => "new"));
    let token = "old";
    const refusals: Refusal[] = [];
    const credentials: Credentials = {
      headers: async () => ({ kind: "headers", headers: bearer(token) }),
      refused: async (refusal) => {
        refusals.push(refusal);
        token = "new";
        return "retry";
      },
    };
    const catalog = await withSession(createTarget(server.url, { credentials }), listTools);
    expect(catalog).toMatchObject({ kind: "tools" });
    expect(refusals).toEqual([
      {
        status: 401,
        wwwAuthenticate: 'Bearer error="invalid_token"',
        sentHeaders: bearer("old"),
        mayRetry: true,
        isSessionDoubtful: false,
      },
    ]);
  });

  it("S6 a second 401 in a row is not answered with a third attempt", async () => {
    const server = await use(startGuarded(() => "never"));
    const mayRetry: boolean[] = [];
    const credentials: Credentials = {
      headers: async () => ({ kind: "headers", headers: bearer("wrong") }),
      refused: async (refusal) => {
        mayRetry.push(refusal.mayRetry);
        return "retry";
      },
    };
    const answer = await withSession(createTarget(server.url, { credentials }), listTools);
    expect(answer).toEqual({ kind: "refused", stop: null });
    expect(mayRetry).toEqual([true, false]);
    expect(server.calls.filter((call) => call.method === "tools/list")).toHaveLength(2);
  });

  it("S6 a 403 is never sent again", async () => {
    const server = await use(
      startScriptedLegacy((_call, response) => void response.writeHead(403).end()),
    );
    const credentials: Credentials = { ...giveHeaders(), refused: async () => "retry" };
    const answer = await withSession(createTarget(server.url, { credentials }), listTools);
    expect(answer).toEqual({ kind: "refused", stop: null });
    expect(server.calls.filter((call) => call.method === "tools/list")).toHaveLength(1);
  });

  it("hands the caller's own reason back untouched", async () => {
    const server = await use(startModernOnly());
    const cause = { reauth: "GRANT_INVALID" };
    const credentials: Credentials = {
      headers: async () => ({ kind: "unavailable", cause }),
      refused: async () => ({ stop: null }),
    };
    const answer = await withSession(createTarget(server.url, { credentials }), async () => 1);
    expect(answer).toMatchObject({ kind: "refused" });
    expect(answer).toHaveProperty("stop", cause);
  });

  it("throws on what is thrown inside them", async () => {
    const server = await use(startModernOnly());
    const fault = new Error("database away");
    const credentials: Credentials = {
      headers: () => Promise.reject(fault),
      refused: async () => ({ stop: null }),
    };
    const answer = withSession(createTarget(server.url, { credentials }), async () => 1);
    await expect(answer).rejects.toBe(fault);
  });

  it("S8 custom headers go to every request to the server, the end of the session included", async () => {
    const server = await use(
      startScriptedLegacy((call, response) => {
        if (call.method) sendResult(call, response, { tools: [] });
        else response.writeHead(204).end();
      }),
    );
    const credentials = giveHeaders({ "x-tenant": "t1", "content-type": "text/plain" });
    await withSession(createTarget(server.url, { credentials }), listTools);
    expect(server.calls.every((call) => call.headers["x-tenant"] === "t1")).toBe(true);
    expect(server.calls[0]?.headers["content-type"]).toBe("application/json");
  });

  it("S8 credentials do not follow a redirect to another origin", async () => {
    const other = await use(startModernOnly());
    const seen: string[] = [];
    const server = await use(
      startScripted(
        (_call, response) => void response.writeHead(307, { location: other.url }).end(),
      ),
    );
    const answer = await withSession(
      createTarget(server.url, {
        credentials: giveHeaders(bearer("secret")),
        fetch: (input, init) => {
          seen.push(new URL(input).origin);
          return plainFetch(input, init);
        },
      }),
      async () => 1,
    );
    expect(answer).toMatchObject({ kind: "unreachable", httpStatus: 307, retryable: false });
    expect(seen).not.toContain(new URL(other.url).origin);
  });

  it("S8 credentials follow a redirect within the origin", async () => {
    const server = await use(
      startScripted((call, response) => {
        if (call.http === "POST" && call.headers["x-hop"] === undefined) response.writeHead(401);
        response.end();
      }),
    );
    const credentials: Credentials = {
      headers: async () => ({ kind: "headers", headers: { "x-hop": "1" } }),
      refused: async () => ({ stop: "no header" }),
    };
    const fetch = async (input: string | URL, init?: RequestInit) => {
      const isFirst = new URL(input).pathname === "/mcp";
      if (!isFirst) return plainFetch(input, init);
      return new Response(null, { status: 307, headers: { location: "/moved" } });
    };
    const answer = await withSession(
      createTarget(server.url, { credentials, fetch }),
      async () => 1,
    );
    expect(answer).not.toMatchObject({ kind: "refused" });
    expect(server.calls[0]?.headers["x-hop"]).toBe("1");
  });

  it("takes them out of what the server says", async () => {
    const server = await use(
      startScriptedLegacy((call, response) => {
        response.writeHead(200, { "content-type": "application/json" });
        const error = { code: -32_000, message: `Bad token ${call.headers.authorization}` };
        response.end(JSON.stringify({ jsonrpc: "2.0", id: call.id, error }));
      }),
    );
    const credentials = giveHeaders(bearer("very-secret-token"));
    const answer = await withSession(createTarget(server.url, { credentials }), listTools);
    const message = "Bad token Bearer [redacted]";
    expect(answer).toEqual({ kind: "protocol-error", code: -32_000, message });
  });
});

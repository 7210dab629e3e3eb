/** What each answer to a refresh means, byte for byte over real sockets and through the guarded fetch: nobody is judged by text. */
import type { Socket } from "node:net";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createEgress, type Egress } from "#egress/egress.ts";
import { startRawServer } from "#egress/testing/test-server.ts";
import { requestUnderLease } from "#oauth/lease-request.ts";
import type { Grant } from "#oauth/ports.ts";
import { signTestAssertion } from "#oauth/testing/assertion.ts";

const refreshToken = "the-refresh-token";
const tokens = { access_token: "at", token_type: "Bearer", expires_in: 60 };
/** So long is waited for an answer that does not come. */
const shortDeadlineMs = 2_000;

/** What the server does once the request is there. */
type Behaviour = (socket: Socket, address: string) => void;
type Outcome = "tokens" | "GRANT_INVALID" | "CLIENT_INVALID" | "transient";

function answer(
  status: number,
  body: unknown,
  headers: Record<string, string> = {},
  encode: (text: string) => Buffer = Buffer.from,
): Behaviour {
  return (socket) => {
    const isText = typeof body === "string";
    const payload = encode(isText ? body : JSON.stringify(body));
    const type = isText ? "text/html" : "application/json";
    const lines = Object.entries({
      "content-type": type,
      "content-length": String(payload.length),
      connection: "close",
      ...headers,
    }).map(([name, value]) => `${name}: ${value}`);
    socket.write(`HTTP/1.1 ${status} Whatever\r\n${lines.join("\r\n")}\r\n\r\n`);
    socket.end(payload);
  };
}

const error = (code: unknown, status = 400, more: object = {}) =>
  answer(status, { error: code, ...more });
const redirect = (status: number): Behaviour => {
  return (socket, address) =>
    answer(status, tokens, { location: `${address}/elsewhere` })(socket, address);
};
/** Sends a piece every 50 ms, for ever. */
const drip =
  (start: string, piece: string): Behaviour =>
  (socket) => {
    socket.write(start);
    const timer = setInterval(() => socket.write(piece), 50);
    socket.once("close", () => clearInterval(timer));
  };
const write =
  (text: string, end: (socket: Socket) => void): Behaviour =>
  (socket) => {
    socket.write(text, () => end(socket));
  };
const reset = (socket: Socket) => void socket.resetAndDestroy();
const close = (socket: Socket) => void socket.end();
const stay = () => {};
const head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n";
const padding = "x".repeat(20 * 1024 * 1024);

const answered: [name: string, behaviour: Behaviour, outcome: Outcome, retryAfterMs?: number][] = [
  // ---- answers by the rules
  ["200 with tokens", answer(200, tokens), "tokens"],
  ["200 with tokens, said to be HTML", answer(200, JSON.stringify(tokens)), "tokens"],
  [
    "103, then 200 with tokens",
    (socket, address) => {
      socket.write("HTTP/1.1 103 Early Hints\r\n\r\n");
      answer(200, tokens)(socket, address);
    },
    "tokens",
  ],
  ["400 invalid_grant", error("invalid_grant"), "GRANT_INVALID"],
  ["401 invalid_grant", error("invalid_grant", 401), "GRANT_INVALID"],
  ["403 invalid_grant", error("invalid_grant", 403), "GRANT_INVALID"],
  ["200 invalid_grant", error("invalid_grant", 200), "GRANT_INVALID"],
  ["401 invalid_client", error("invalid_client", 401), "CLIENT_INVALID"],
  ["400 invalid_client", error("invalid_client"), "CLIENT_INVALID"],
  ["400 unauthorized_client", error("unauthorized_client"), "CLIENT_INVALID"],
  // ---- other codes say nothing of the grant
  ["400 invalid_request", error("invalid_request"), "transient"],
  ["400 invalid_scope", error("invalid_scope"), "transient"],
  ["400 invalid_target", error("invalid_target"), "transient"],
  ["400 unsupported_grant_type", error("unsupported_grant_type"), "transient"],
  ["400 temporarily_unavailable", error("temporarily_unavailable"), "transient"],
  ["400 a code nobody knows", error("token_expired"), "transient"],
  ["400 INVALID_GRANT", error("INVALID_GRANT"), "transient"],
  ["400 a code that is no string", error({ code: "invalid_grant" }), "transient"],
  // ---- never by text
  [
    "400 invalid_grant in the description alone",
    error("server_error", 400, { error_description: "invalid_grant: revoked" }),
    "transient",
  ],
  ["400 invalid_grant in HTML", answer(400, "<h1>invalid_grant</h1>"), "transient"],
  ["401 invalid_client as text", answer(401, "invalid_client"), "transient"],
  [
    "401 invalid_grant in WWW-Authenticate alone",
    answer(401, "", { "www-authenticate": 'Bearer error="invalid_grant"' }),
    "transient",
  ],
  ["400 an array", answer(400, [{ error: "invalid_grant" }]), "transient"],
  // ---- a server in trouble is not believed
  ["500 invalid_grant", error("invalid_grant", 500), "transient"],
  ["502 with HTML", answer(502, "<h1>Bad gateway</h1>"), "transient"],
  ["503 invalid_client", error("invalid_client", 503), "transient"],
  ["503 Retry-After", answer(503, "", { "retry-after": "7" }), "transient", 7_000],
  ["504 empty", answer(504, ""), "transient"],
  ["429 invalid_grant", error("invalid_grant", 429), "transient"],
  ["429 Retry-After", answer(429, "", { "retry-after": "120" }), "transient", 120_000],
  ["408 invalid_grant", error("invalid_grant", 408), "transient"],
  // ---- answers that are none
  ["200 empty", answer(200, ""), "transient"],
  ["204", answer(204, ""), "transient"],
  ["304", answer(304, ""), "transient"],
  ["404", answer(404, "not found"), "transient"],
  ["405", answer(405, ""), "transient"],
  ["200 with HTML", answer(200, "<h1>Sign in</h1>"), "transient"],
  ["200 with half a JSON document", answer(200, '{"access_token":"at","tok'), "transient"],
  ["200 without a token", answer(200, { ok: false }), "transient"],
  ["I9 200 without a token type", answer(200, { access_token: "at" }), "tokens"],
  [
    "200 with a token that no header can carry",
    answer(200, { ...tokens, access_token: "a\nb" }),
    "transient",
  ],
  [
    "200 in an encoding that it is not in",
    answer(200, tokens, { "content-encoding": "gzip" }),
    "transient",
  ],
  ["301", redirect(301), "transient"],
  ["302", redirect(302), "transient"],
  ["303", redirect(303), "transient"],
  ["307", redirect(307), "transient"],
  ["308", redirect(308), "transient"],
  // ---- too much
  ["200 huge", answer(200, { ...tokens, padding }), "transient"],
  [
    "200 huge once decoded",
    answer(200, { ...tokens, padding }, { "content-encoding": "gzip" }, (text) => gzipSync(text)),
    "transient",
  ],
  ["200 with huge headers", answer(200, tokens, { "x-padding": "x".repeat(100_000) }), "transient"],
  // ---- transport
  [
    "half a body, and then closed",
    write(`${head}content-length: 99\r\n\r\n{"err`, close),
    "transient",
  ],
  [
    "half a body, and then reset",
    write(`${head}content-length: 99\r\n\r\n{"err`, reset),
    "transient",
  ],
  [
    "half a chunk, and then closed",
    write(`${head}transfer-encoding: chunked\r\n\r\nff\r\n{"err`, close),
    "transient",
  ],
  ["half the headers, and then reset", write(head, reset), "transient"],
  ["closed without an answer", close, "transient"],
  ["reset without an answer", reset, "transient"],
];

/** None of these comes to an end by itself. */
const unfinished: [name: string, behaviour: Behaviour][] = [
  [
    "200 a stream of events that never ends",
    drip(`${head.replace("application/json", "text/event-stream")}\r\n`, "data: {}\n\n"),
  ],
  ["no answer", stay],
  ["slow drip of headers", drip(head, "x-more: 1\r\n")],
  ["slow drip of a body", drip(`${head}\r\n`, " ")],
  ["half a body, and then nothing", write(`${head}content-length: 99\r\n\r\n{"err`, stay)],
  ["something that is not HTTP", write("SSH-2.0-OpenSSH_9.9\r\n", stay)],
];

let egress: Egress;
beforeAll(() => {
  egress = createEgress({ allowLoopback: true, allowedPrivateNetworks: [], allowedHosts: [] });
});
afterAll(() => egress.close());

async function refreshAt(tokenEndpoint: string, requestDeadlineMs = 10_000) {
  const grant: Grant = {
    id: "grant",
    serverId: "server",
    ownerId: "owner",
    grantType: "AUTHORIZATION_CODE",
    issuer: new URL(tokenEndpoint).origin,
    tokenEndpoint,
    revocationEndpoint: null,
    resource: null,
    profile: null,
    client: {
      id: "client",
      clientId: "c",
      clientSecret: null,
      privateKey: null,
      signingAlgorithm: null,
      tokenEndpointAuthMethod: "none",
    },
    accessToken: "old",
    expiresInMs: 0,
    lifetimeMs: null,
    refreshToken,
    requestedScopes: [],
    grantedScopes: [],
    version: 1,
    sinceRefusalMs: null,
    retryInMs: 0,
  };
  return requestUnderLease(grant, performance.now(), {
    fetchFor: async (_serverId, beforeSend) =>
      egress.fetchFor({ serverUrl: tokenEndpoint, beforeSend }),
    clock: { monotonicMs: () => performance.now() },
    sleep: (ms, signal) =>
      new Promise((resolve) => {
        const timer = setTimeout(resolve, ms);
        signal?.addEventListener("abort", () => clearTimeout(timer));
      }),
    signAssertion: signTestAssertion,
    profiles: { deviationsOf: () => ({}) },
    limits: { leaseTtlMs: 60_000, requestDeadlineMs },
  });
}

/** One refresh against a server that behaves so; whatever comes of it, the refresh token was sent once and stays secret. */
async function refreshOnce(behaviour: Behaviour, requestDeadlineMs?: number) {
  let requests = 0;
  let received = "";
  await using server = await startRawServer((socket) => {
    socket.setEncoding("latin1");
    socket.on("data", (text: string) => {
      received += text;
      // The form is the last that comes.
      if (!text.includes(refreshToken)) return;
      requests += 1;
      behaviour(socket, `http://127.0.0.1:${server.port}`);
    });
  });
  const outcome = await refreshAt(`http://127.0.0.1:${server.port}/token`, requestDeadlineMs);
  expect(requests).toBe(1);
  expect(received).not.toContain("/elsewhere");
  expect(JSON.stringify(outcome)).not.toContain(refreshToken);
  return outcome;
}

describe("dead, broken registration or transient", () => {
  it.each(
    answered.map(([name, behaviour, expected, retryAfterMs = null]) => {
      return { name, behaviour, expected, retryAfterMs };
    }),
  )("R7 R8 R9 $name: $expected", async ({ behaviour, expected, retryAfterMs }) => {
    const outcome = await refreshOnce(behaviour);
    expect("reason" in outcome ? outcome.reason : outcome.kind).toBe(expected);
    if (outcome.kind === "transient") expect(outcome.retryAfterMs).toBe(retryAfterMs);
  });

  it.concurrent.each(unfinished)("R7 %s: transient at the deadline", async (_name, behaviour) => {
    expect(await refreshOnce(behaviour, shortDeadlineMs)).toMatchObject({ kind: "transient" });
  });

  it("R7 connection refused, and a name that does not resolve", async () => {
    const closed = await startRawServer(() => {});
    await closed[Symbol.asyncDispose]();
    expect(await refreshAt(`http://127.0.0.1:${closed.port}/token`)).toMatchObject({
      kind: "transient",
    });
    expect(await refreshAt("https://as.invalid/token")).toMatchObject({ kind: "transient" });
  });
});

import { lookup } from "node:dns/promises";
import type { ServerResponse } from "node:http";
import { createServer as createTcpServer } from "node:net";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect } from "vitest";
import { createEgress } from "#egress/egress.ts";
import type { FaultName } from "#sandbox/faults.ts";
import { createAccess } from "#services/access/access.ts";
import { createDetector } from "#services/discovery/detection.ts";
import { createDiagnosis } from "#services/discovery/diagnosis.ts";
import { createDiscoveryCache } from "#oauth/discovery-cache.ts";
import { knownProviders } from "#oauth/known-providers.ts";
import { createProfiles } from "#oauth/provider-profiles.ts";
import { startEverything } from "./counterparties/everything.ts";
import { startLegacy } from "./counterparties/legacy.ts";
import { type Counterparty, listenOnLoopback } from "./counterparties/listen.ts";
import { startDual, startModernOnly } from "./counterparties/modern.ts";
import {
  describeAuthorizationServer,
  type Parts,
  type Received,
  startProtected,
} from "./counterparties/protected.ts";
import { sendJson, startScripted, startScriptedLegacy } from "./counterparties/scripted.ts";
import { startSelfSigned } from "./counterparties/self-signed.ts";
import { createServer, rowIdOf, startOAuth, type TestUser } from "./support/client.ts";
import type { TestGatehouse } from "./support/gatehouse.ts";
import { it } from "./support/shared-gatehouse.ts";

let gatehouse: TestGatehouse;
let otherProcess: string;
let lookupCode: string;
const started: Counterparty[] = [];

it.beforeAll(async ({ gatehouse: part }) => {
  gatehouse = part;
  otherProcess = await gatehouse.addProcess();
  // What the machine's resolver says of a name that cannot exist: a typing error, or that it is out of reach itself.
  lookupCode = await lookup("host.invalid").then(
    () => "",
    (error: NodeJS.ErrnoException) => error.code ?? "",
  );
});
afterEach(async () => {
  gatehouse.sandbox.faults.clear();
  await Promise.all(started.splice(0).map((counterparty) => counterparty.close()));
});

async function use<T extends Counterparty>(starting: Promise<T>): Promise<string> {
  const counterparty = await starting;
  started.push(counterparty);
  return counterparty.url;
}
/** Somebody who may still ask a few times: ten a minute are allowed. */
const nextUser = (() => {
  let user: TestUser;
  let asked = 0;
  return async () => (asked++ % 8 === 0 ? (user = await gatehouse.signUp()) : user);
})();
const protectedBy = (parts: Parts) => () => use(startProtected(parts));
const answering = (status: number, headers: Record<string, string>, body: string) => () =>
  use(
    listenOnLoopback((request, response) => {
      request.resume();
      response.writeHead(status, headers).end(body);
    }),
  );
const withFault = (fault: FaultName) => async () => {
  gatehouse.sandbox.faults.set(fault);
  return gatehouse.sandbox.notesUrl;
};

const query = `query ($input: DiagnoseServerInput!) { diagnoseServer(input: $input) {
  authType connectable clientRegistration issuer scopes fault advice
  behavior { code documentation } report
  steps { kind outcome url httpStatus durationMs detail at } } }`;

async function diagnose(user: TestUser, url: string) {
  const input = { workspaceId: user.workspaceId, url };
  return (await user.query(query, { input })).diagnoseServer;
}

type Fault =
  | "PERSON"
  | "SERVER_OPERATOR"
  | "AUTHORIZATION_SERVER_OPERATOR"
  | "NETWORK"
  | "GATEHOUSE_ADMINISTRATOR";
interface Row {
  name: string;
  start(): string | Promise<string>;
  authType: "UNKNOWN" | "NONE" | "HEADERS" | "OAUTH";
  /** The first step that failed; null: none did. */
  broken?: string | null;
  fault?: Fault | (() => Fault);
  /** Part of the sentence. */
  advice?: string;
  /** The code of the behavior that is named; absent: not compared. */
  behavior?: string;
}

const good: Row[] = [
  { name: "Acme Notes", start: () => gatehouse.sandbox.notesUrl, authType: "OAUTH" },
  { name: "Acme Weather", start: () => gatehouse.sandbox.weatherUrl, authType: "OAUTH" },
  { name: "a server of this test", start: protectedBy({}), authType: "OAUTH" },
  {
    name: "one that lets everybody list its tools and wants OAuth later (D3)",
    async start() {
      return use(
        startProtected({
          mcp: ({ body }, response) =>
            sendJson(response, 200, {
              jsonrpc: "2.0",
              id: JSON.parse(body).id,
              result: {
                resultType: "complete",
                supportedVersions: ["2026-07-28"],
                capabilities: { tools: {} },
              },
            }),
        }),
      );
    },
    authType: "OAUTH",
  },
  {
    name: "one that lists two authorization servers, and one that is gone",
    async start() {
      const other = await startProtected({});
      started.push(other);
      const listing = (origin: string) => ({
        resource: `${origin}/mcp`,
        authorization_servers: ["http://127.0.0.1:1", origin, other.origin],
      });
      return use(startProtected({ resource: listing }));
    },
    authType: "OAUTH",
  },
  {
    name: "one whose metadata is broken JSON, with an authorization server at its own address",
    start: protectedBy({
      resource: () => (_received, response) =>
        void response.writeHead(200, { "content-type": "application/json" }).end("{"),
    }),
    authType: "OAUTH",
  },
  { name: "the reference server", start: () => use(startEverything()), authType: "NONE" },
  { name: "a 2026-07-28 server", start: () => use(startModernOnly()), authType: "NONE" },
  { name: "a server of both eras", start: () => use(startDual()), authType: "NONE" },
  { name: "a server of the 1.x line", start: () => use(startLegacy()), authType: "NONE" },
  {
    name: "a scripted server",
    start: () => use(startScriptedLegacy((_call, response) => sendJson(response, 500, {}))),
    authType: "NONE",
  },
];

const redirectToItself = ({ url }: Received, response: ServerResponse) =>
  void response.writeHead(307, { location: url }).end();

const sendText =
  (type: string, body: string) =>
  (_received: Received, response: ServerResponse): void =>
    void response.writeHead(200, { "content-type": type }).end(body);

/** JSON that goes on until nobody listens any more. */
function sendEndlessly(_received: Received, response: ServerResponse): void {
  response.writeHead(200, { "content-type": "application/json" });
  const more = " ".repeat(1_048_576);
  const write = (): void => {
    while (!response.destroyed && response.write(more));
  };
  response.on("drain", write);
  write();
}

const bad: Row[] = [
  {
    name: "a plain JSON API",
    start: answering(200, { "content-type": "application/json" }, '{"hello":1}'),
    authType: "UNKNOWN",
    broken: "PROBE",
    fault: "PERSON",
    advice: "did not respond like an MCP server",
    behavior: "",
  },
  {
    name: "a web page",
    start: answering(200, { "content-type": "text/html" }, "<html></html>"),
    authType: "UNKNOWN",
    broken: "PROBE",
    fault: "PERSON",
    advice: "did not respond like an MCP server",
  },
  {
    name: "a path that is not there",
    start: answering(404, { "content-type": "text/html" }, "<html></html>"),
    authType: "UNKNOWN",
    broken: "PROBE",
    fault: "PERSON",
    advice: "HTTP 404",
  },
  {
    name: "a redirect to somewhere else",
    start: answering(302, { location: "https://elsewhere.example/mcp?key=secret" }, ""),
    authType: "UNKNOWN",
    broken: "PROBE",
    fault: "PERSON",
    advice: "https://elsewhere.example/mcp.",
    behavior: "I17",
  },
  {
    name: "a redirect loop",
    start: answering(307, { location: "/mcp" }, ""),
    authType: "UNKNOWN",
    broken: "PROBE",
    fault: "SERVER_OPERATOR",
    advice: "redirects to itself",
  },
  {
    name: "a server in trouble",
    start: answering(500, {}, ""),
    authType: "UNKNOWN",
    broken: "PROBE",
    fault: "SERVER_OPERATOR",
    advice: "HTTP 500",
  },
  {
    name: "a certificate that nobody vouches for",
    start: () => use(startSelfSigned()),
    authType: "UNKNOWN",
    broken: "PROBE",
    fault: "SERVER_OPERATOR",
    advice: "certificate",
  },
  {
    name: "a name that does not exist",
    start: () => "https://host.invalid/mcp",
    authType: "UNKNOWN",
    broken: "PROBE",
    fault: () => (lookupCode === "EAI_AGAIN" ? "NETWORK" : "PERSON"),
    advice: "The name host.invalid",
  },
  {
    name: "a private address",
    start: () => "http://10.0.0.1/mcp",
    authType: "UNKNOWN",
    broken: "PROBE",
    fault: "GATEHOUSE_ADMINISTRATOR",
    advice: "ALLOWED_PRIVATE_NETWORKS",
  },
  {
    name: "a port where nothing listens",
    start: async () => `http://127.0.0.1:${await findClosedPort()}/mcp`,
    authType: "UNKNOWN",
    broken: "PROBE",
    fault: "SERVER_OPERATOR",
    advice: "Nothing accepts connections",
  },
  {
    name: "a connection that breaks off",
    start: () => use(listenOnLoopback((request) => request.socket.destroy())),
    authType: "UNKNOWN",
    broken: "PROBE",
    fault: "SERVER_OPERATOR",
    advice: "was interrupted",
  },
  {
    name: "a 401 without any metadata: an API key (D2)",
    start: answering(401, { "www-authenticate": 'Bearer error="invalid_token"' }, ""),
    authType: "HEADERS",
    broken: null,
    fault: "PERSON",
    advice: "key in a header",
  },
  {
    name: "metadata about another resource",
    start: protectedBy({
      resource: (origin) => ({ resource: `${origin}/other`, authorization_servers: [origin] }),
    }),
    authType: "OAUTH",
    broken: "PROTECTED_RESOURCE_METADATA",
    fault: "SERVER_OPERATOR",
    advice: "a different resource",
  },
  {
    name: "a redirect loop at the authorization server's metadata",
    start: protectedBy({ authorizationServer: () => redirectToItself }),
    authType: "OAUTH",
    broken: "AUTHORIZATION_SERVER_METADATA",
    fault: "AUTHORIZATION_SERVER_OPERATOR",
    advice: "cannot be followed",
  },
  {
    name: "a server's metadata that fails",
    start: protectedBy({ resource: () => 503 }),
    authType: "OAUTH",
    broken: "PROTECTED_RESOURCE_METADATA",
    fault: "SERVER_OPERATOR",
    advice: "HTTP 503",
  },
  {
    name: "metadata that is 404 at the authorization server",
    start: protectedBy({ authorizationServer: () => 404 }),
    authType: "OAUTH",
    broken: "AUTHORIZATION_SERVER_METADATA",
    fault: "AUTHORIZATION_SERVER_OPERATOR",
    advice: "publishes no metadata",
  },
  {
    name: "another issuer",
    start: protectedBy({
      authorizationServer: (origin) =>
        describeAuthorizationServer(origin, { issuer: "https://other.example" }),
    }),
    authType: "OAUTH",
    broken: "AUTHORIZATION_SERVER_METADATA",
    fault: "AUTHORIZATION_SERVER_OPERATOR",
    advice: "another issuer",
  },
  {
    name: "no PKCE, behind a bare 401 (D2)",
    start: protectedBy({
      mcp: 401,
      authorizationServer: (origin) =>
        describeAuthorizationServer(origin, { code_challenge_methods_supported: ["plain"] }),
    }),
    authType: "OAUTH",
    broken: "AUTHORIZATION_SERVER_METADATA",
    fault: "AUTHORIZATION_SERVER_OPERATOR",
    advice: "PKCE",
  },
  {
    name: "an insecure endpoint",
    start: protectedBy({
      authorizationServer: (origin) =>
        describeAuthorizationServer(origin, { token_endpoint: "http://as.example/token" }),
    }),
    authType: "OAUTH",
    broken: "AUTHORIZATION_SERVER_METADATA",
    fault: "AUTHORIZATION_SERVER_OPERATOR",
    advice: "must be https",
  },
  {
    name: "metadata that fails for now",
    start: protectedBy({ authorizationServer: () => 503 }),
    authType: "OAUTH",
    broken: "AUTHORIZATION_SERVER_METADATA",
    fault: "AUTHORIZATION_SERVER_OPERATOR",
    advice: "Try again later",
  },
  {
    name: "an authorization server in a private network",
    start: protectedBy({
      resource: (origin) => ({
        resource: `${origin}/mcp`,
        authorization_servers: ["https://10.0.0.1"],
      }),
    }),
    authType: "OAUTH",
    broken: "AUTHORIZATION_SERVER_METADATA",
    fault: "SERVER_OPERATOR",
    advice: "The server lists an authorization server at 10.0.0.1",
  },
  {
    name: "an authorization server that is neither https nor loopback",
    start: protectedBy({
      resource: (origin) => ({
        resource: `${origin}/mcp`,
        authorization_servers: ["http://as.example"],
      }),
    }),
    authType: "OAUTH",
    broken: "AUTHORIZATION_SERVER_METADATA",
    fault: "SERVER_OPERATOR",
    advice: "The server lists an authorization server at as.example",
  },
  {
    name: "a server's metadata that is broken JSON",
    start: protectedBy({
      resource: () => sendText("application/json", '{"resource":'),
      authorizationServer: () => 404,
    }),
    authType: "OAUTH",
    broken: "PROTECTED_RESOURCE_METADATA",
    fault: "SERVER_OPERATOR",
    advice: "is not JSON",
  },
  {
    name: "a server's metadata that is broken JSON, behind a bare 401",
    start: protectedBy({
      mcp: 401,
      resource: () => sendText("application/json", "{"),
      authorizationServer: () => 404,
    }),
    authType: "OAUTH",
    broken: "PROTECTED_RESOURCE_METADATA",
    fault: "SERVER_OPERATOR",
    advice: "is not JSON",
  },
  {
    name: "a server's metadata that is not where the server says",
    start: protectedBy({ resource: () => 404, authorizationServer: () => 404 }),
    authType: "OAUTH",
    broken: "PROTECTED_RESOURCE_METADATA",
    fault: "SERVER_OPERATOR",
    advice: "nothing is published",
  },
  {
    name: "a server's metadata without an authorization server",
    start: protectedBy({
      resource: (origin) => ({ resource: `${origin}/mcp`, authorization_servers: [] }),
      authorizationServer: () => 404,
    }),
    authType: "OAUTH",
    broken: "PROTECTED_RESOURCE_METADATA",
    fault: "SERVER_OPERATOR",
    advice: "names no authorization server",
  },
  {
    name: "a server's metadata that never ends",
    start: protectedBy({ resource: () => sendEndlessly }),
    authType: "OAUTH",
    broken: "PROTECTED_RESOURCE_METADATA",
    fault: "SERVER_OPERATOR",
    advice: "too large. The server's operator",
  },
  {
    name: "an authorization server's metadata that is a web page",
    start: protectedBy({ authorizationServer: () => sendText("text/html", "<html></html>") }),
    authType: "OAUTH",
    broken: "AUTHORIZATION_SERVER_METADATA",
    fault: "AUTHORIZATION_SERVER_OPERATOR",
    advice: "is not JSON",
  },
  {
    name: "an authorization server's metadata that never ends",
    start: protectedBy({ authorizationServer: () => sendEndlessly }),
    authType: "OAUTH",
    broken: "AUTHORIZATION_SERVER_METADATA",
    fault: "AUTHORIZATION_SERVER_OPERATOR",
    advice: "too large. The authorization server's operator",
  },
  {
    name: "an authorization server's metadata of two megabytes",
    start: protectedBy({
      authorizationServer: (origin) =>
        describeAuthorizationServer(origin, { padding: "x".repeat(2_000_000) }),
    }),
    authType: "OAUTH",
    broken: "AUTHORIZATION_SERVER_METADATA",
    fault: "AUTHORIZATION_SERVER_OPERATOR",
    advice: "too large. The operator of",
  },
  {
    name: "an answer that never ends",
    start: protectedBy({ mcp: sendEndlessly }),
    authType: "UNKNOWN",
    broken: "PROBE",
    fault: "SERVER_OPERATOR",
    advice: "too large. The server's operator",
  },
  {
    name: "an answer with HTTP 421",
    start: answering(421, {}, ""),
    authType: "UNKNOWN",
    broken: "PROBE",
    fault: "SERVER_OPERATOR",
    advice: "HTTP 421",
  },
  ...[400, 402, 410, 418, 451].map((status): Row => ({
    name: `an answer with HTTP ${status}`,
    start: answering(status, {}, ""),
    authType: "UNKNOWN",
    broken: "PROBE",
    fault: "PERSON",
    advice: `HTTP ${status}`,
  })),
  {
    name: "an authorization server whose name does not exist",
    start: protectedBy({
      resource: (origin) => ({
        resource: `${origin}/mcp`,
        authorization_servers: ["https://as.invalid"],
      }),
    }),
    authType: "OAUTH",
    broken: "AUTHORIZATION_SERVER_METADATA",
    fault: () => (lookupCode === "EAI_AGAIN" ? "NETWORK" : "SERVER_OPERATOR"),
    advice: "as.invalid",
  },
  {
    name: "no registration",
    start: protectedBy({
      authorizationServer: (origin) =>
        describeAuthorizationServer(origin, { registration_endpoint: undefined }),
    }),
    authType: "OAUTH",
    broken: "CLIENT_REGISTRATION",
    fault: "PERSON",
    advice: "/oauth/callback",
    behavior: "C8",
  },
  {
    name: "a client authentication that Gatehouse does not speak",
    start: protectedBy({
      authorizationServer: (origin) =>
        describeAuthorizationServer(origin, {
          token_endpoint_auth_methods_supported: ["tls_client_auth"],
        }),
    }),
    authType: "OAUTH",
    broken: "CLIENT_REGISTRATION",
    fault: "AUTHORIZATION_SERVER_OPERATOR",
    advice: "client authentication",
  },
  {
    name: "the sandbox with another issuer",
    start: withFault("metadata-wrong-issuer"),
    authType: "OAUTH",
    broken: "AUTHORIZATION_SERVER_METADATA",
    fault: "AUTHORIZATION_SERVER_OPERATOR",
    advice: "another issuer",
    behavior: "I16",
  },
  {
    name: "the sandbox without PKCE",
    start: withFault("metadata-no-pkce"),
    authType: "OAUTH",
    broken: "AUTHORIZATION_SERVER_METADATA",
    fault: "AUTHORIZATION_SERVER_OPERATOR",
    advice: "PKCE",
    behavior: "MCP-AUTH-10",
  },
  {
    name: "the sandbox without registration",
    start: withFault("no-registration"),
    authType: "OAUTH",
    broken: "CLIENT_REGISTRATION",
    fault: "PERSON",
    advice: "Register a client there",
  },
  {
    name: "the sandbox's MCP server in trouble",
    start: withFault("mcp-503"),
    authType: "UNKNOWN",
    broken: "PROBE",
    fault: "SERVER_OPERATOR",
    advice: "HTTP 503",
  },
];

async function findClosedPort(): Promise<number> {
  const server = createTcpServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** What stands in the database, table by table; without the sign of life of each process. */
async function readTables(): Promise<Record<string, string>> {
  const tables = await gatehouse.db.$queryRaw<{ name: string }[]>`
    SELECT table_name AS name FROM information_schema.tables
    WHERE table_schema = 'public' AND table_type = 'BASE TABLE' AND table_name NOT IN ('Process', 'RateLimit') ORDER BY 1`;
  const contents: Record<string, string> = {};
  for (const { name } of tables) {
    const [row] = await gatehouse.db.$queryRawUnsafe<{ digest: string }[]>(
      `SELECT md5(coalesce(string_agg(t::text, '|' ORDER BY t::text), '')) AS digest FROM "${name}" t`,
    );
    contents[name] = row?.digest ?? "";
  }
  return contents;
}

describe("diagnoseServer", () => {
  it.each(good)("connectable: $name", async ({ start, authType }) => {
    const ada = await nextUser();
    const url = await start();
    const isOAuth = authType === "OAUTH";
    const diagnosis = await diagnose(ada, url);
    expect(diagnosis).toMatchObject({
      authType,
      connectable: true,
      clientRegistration: isOAuth ? "DYNAMIC" : null,
      issuer: isOAuth ? new URL(url).origin : null,
      fault: null,
      advice: null,
    });
    if (!isOAuth) return;
    expect(diagnosis.steps.at(-1)).toMatchObject({
      kind: "CLIENT_REGISTRATION",
      outcome: "SKIPPED",
      url: expect.stringContaining("/reg"),
      httpStatus: null,
      durationMs: null,
    });
  });

  it.each(bad)("broken: $name", async (row) => {
    const { start, authType, broken, fault, advice, behavior } = row;
    const ada = await nextUser();
    const diagnosis = await diagnose(ada, await start());
    expect(diagnosis).toMatchObject({
      authType,
      connectable: false,
      clientRegistration: null,
      fault: typeof fault === "function" ? fault() : fault,
      advice: expect.stringContaining(advice ?? "nothing"),
    });
    if (behavior !== undefined) {
      expect(diagnosis.behavior?.code ?? "").toBe(behavior);
      expect(diagnosis.report.includes("Known behavior")).toBe(behavior !== "");
    }
    expect(diagnosis.report).toContain("Result: cannot be connected");
    // Sentences, without what a URL may hide.
    expect(diagnosis.advice).toMatch(/^[^.!?\s][^!?]*\.$/);
    expect(JSON.stringify(diagnosis)).not.toContain("secret");
    const failed = diagnosis.steps.find(({ outcome }: { outcome: string }) => outcome === "FAILED");
    expect(failed?.kind ?? null).toBe(broken);
  });

  interface Told {
    kind: string;
    outcome: string;
    httpStatus: number | null;
    detail: string | null;
  }
  const tell = ({ kind, outcome, httpStatus }: Told) => `${kind} ${outcome} ${httpStatus}`;

  it.each([404, 405])(
    "HTTP %i: no try is called OK, the old transport's included",
    async (status) => {
      const { steps } = await diagnose(await nextUser(), await answering(status, {}, "")());
      const skipped = `PROBE SKIPPED ${status}`;
      expect(steps.map(tell)).toEqual([skipped, skipped, `PROBE FAILED ${status}`]);
    },
  );

  it("a first try that met HTTP 429 is not called OK", async () => {
    const { steps } = await diagnose(await nextUser(), await answering(429, {}, "")());
    expect(steps.map(tell)).toEqual(["PROBE SKIPPED 429", "PROBE FAILED 429"]);
  });

  it("a redirect to itself is told once, and then how it ended", async () => {
    const { steps } = await diagnose(
      await nextUser(),
      await answering(307, { location: "/mcp" }, "")(),
    );
    expect(steps.map(tell)).toEqual(["PROBE SKIPPED 307", "PROBE FAILED 307"]);
    expect(steps[0].detail).toMatch(/^The address redirects\. \d+ requests were sent\.$/);
  });

  it("endpoints are not assumed aloud where OAuth is not meant", async () => {
    const servers = [await use(startEverything()), await answering(401, {}, "")()];
    for (const url of servers) {
      const { authType, steps } = await diagnose(await nextUser(), url);
      expect(["NONE", "HEADERS"]).toContain(authType);
      expect(JSON.stringify(steps)).not.toMatch(/2025-03-26|PKCE/);
    }
  });

  it("exchanges that got no answer say why in words", async () => {
    const told = async (url: string) => {
      const { steps } = await diagnose(await nextUser(), url);
      return (steps as Told[]).find(({ outcome }) => outcome === "FAILED")?.detail;
    };
    expect(await told(`http://127.0.0.1:${await findClosedPort()}/mcp`)).toBe("connection refused");
    expect(await told("https://host.invalid/mcp")).toBe("name cannot be resolved");
    expect(await told(await use(startSelfSigned()))).toBe("certificate not trusted");
    expect(await told("http://10.0.0.1/mcp")).toBe("address not allowed");
  });

  // Not the sandbox: a process remembers its metadata from one row to the next.
  const elsewhere = [...good, ...bad].filter(
    ({ name, authType }) => authType === "OAUTH" && !/Acme|sandbox/.test(name),
  );

  it.each(elsewhere)("agrees with a real attempt: $name", async ({ start }) => {
    const ada = await nextUser();
    const url = await start();
    const diagnosis = await diagnose(ada, url);
    const serverId = await createServer(ada, url, { authType: "OAUTH" });
    // A process that has not seen this authorization server a moment ago.
    const answer = await startOAuth(ada.at(otherProcess), serverId);
    const goesOn = ["OAuthStarted", "OAuthAuthorizationServerRequired"];
    expect(goesOn.includes(answer.__typename)).toBe(diagnosis.connectable);
    const { steps } = await gatehouse.db.oAuthFlow.findFirstOrThrow({
      where: { serverId: rowIdOf(serverId) },
    });
    const shape = (list: { kind: string; outcome: string; url: string | null }[]) =>
      list
        .filter(({ outcome, kind }) => kind !== "CLIENT_REGISTRATION" || outcome === "FAILED")
        .map(({ kind, outcome, url: at }) => `${kind} ${outcome} ${at}`)
        // Several authorization servers are asked at once.
        .toSorted();
    expect(shape(diagnosis.steps)).toEqual(shape(steps as never));
  });

  /** A diagnosis past the API, with limits and a redirect URI of the test's own. */
  async function diagnoseDirectly(
    url: string,
    { redirectUri = "http://localhost/oauth/callback", headersTimeoutMs = 20_000 },
  ) {
    const ada = await gatehouse.signUp();
    const { id: userId } = await gatehouse.db.user.findFirstOrThrow({
      where: { email: ada.email },
    });
    const egress = createEgress({
      allowLoopback: true,
      allowedPrivateNetworks: [],
      allowedHosts: [],
    });
    const clock = { monotonicMs: () => performance.now(), now: () => new Date() };
    const shared = {
      access: createAccess(gatehouse.db),
      fetchFor: (scope: { serverUrl: string }) =>
        egress.fetchFor({ ...scope, limits: { headersTimeoutMs } }),
      clock,
      redirectUri,
      metadataDocumentUrl: null,
    };
    const diagnosis = createDiagnosis({
      ...shared,
      detector: createDetector({
        ...shared,
        findUrlFault: (text) => egress.checkUrl(text),
        cache: createDiscoveryCache({ clock, ttlMs: 60_000 }),
        profiles: createProfiles(knownProviders),
        clientInfo: { name: "test", version: "1" },
      }),
      limiter: { take: async () => null },
    });
    try {
      return await diagnosis.diagnose({ userId }, { workspaceId: rowIdOf(ada.workspaceId), url });
    } finally {
      await egress.close();
    }
  }

  it("C11 gives up on a server that never answers", async () => {
    const silent = await use(listenOnLoopback((request) => request.resume()));
    expect(await diagnoseDirectly(silent, { headersTimeoutMs: 250 })).toMatchObject({
      authType: "UNKNOWN",
      fault: "SERVER_OPERATOR",
      advice: expect.stringContaining("did not answer in time"),
      // The second one is `initialize`, which a server may answer that ignores `server/discover`.
      steps: [
        { kind: "PROBE", outcome: "FAILED", httpStatus: null },
        { kind: "PROBE", outcome: "FAILED", httpStatus: null },
      ],
    });
  });

  it("C11 gives up on an authorization server that never answers", async () => {
    gatehouse.sandbox.faults.set("metadata-hangs");
    const answer = await diagnoseDirectly(gatehouse.sandbox.notesUrl, { headersTimeoutMs: 250 });
    expect(answer).toMatchObject({
      authType: "OAUTH",
      connectable: false,
      fault: "AUTHORIZATION_SERVER_OPERATOR",
      advice: expect.stringContaining("did not answer in time"),
    });
    expect(answer.steps.find(({ outcome }) => outcome === "FAILED")).toMatchObject({
      kind: "AUTHORIZATION_SERVER_METADATA",
      httpStatus: null,
    });
  });

  it("MCP-AUTH-17 nobody can connect a Gatehouse that is reached over plain http", async () => {
    const redirectUri = "http://gatehouse.example.com/oauth/callback";
    expect(await diagnoseDirectly(gatehouse.sandbox.notesUrl, { redirectUri })).toMatchObject({
      authType: "OAUTH",
      connectable: false,
      fault: "GATEHOUSE_ADMINISTRATOR",
      advice: expect.stringContaining("PUBLIC_URL"),
    });
  });

  it("stores nothing, registers nothing, and leaves no session open", async () => {
    const ada = await gatehouse.signUp();
    const legacy = await startLegacy();
    started.push(legacy);
    const before = await readTables();
    expect(Object.keys(before)).toContain("OAuthClient");
    gatehouse.sandbox.traffic.reset();
    for (const url of [gatehouse.sandbox.notesUrl, gatehouse.sandbox.weatherUrl, legacy.url])
      expect(await diagnose(ada, url)).toMatchObject({ connectable: true });
    expect(await readTables()).toEqual(before);
    const { counters } = gatehouse.sandbox.traffic;
    expect(counters).toMatchObject({ registrations: 0, authorizations: 0, revocations: 0 });
    expect(gatehouse.sandbox.traffic.countTokenRequests()).toBe(0);
    expect(counters.metadata, "it looked").toBeGreaterThan(0);
    expect(legacy.openSessions()).toBe(0);
    expect(gatehouse.sandbox.listWeatherSessions()).toEqual([]);
  });

  it("tells the present truth, whatever was known a moment ago", async () => {
    const ada = await gatehouse.signUp();
    const serverId = await createServer(ada, gatehouse.sandbox.notesUrl);
    expect(await startOAuth(ada, serverId)).toMatchObject({ __typename: "OAuthStarted" });
    gatehouse.sandbox.faults.set("metadata-no-pkce");
    expect(await diagnose(ada, gatehouse.sandbox.notesUrl)).toMatchObject({ connectable: false });
    gatehouse.sandbox.faults.clear();
    expect(await diagnose(ada, gatehouse.sandbox.notesUrl)).toMatchObject({ connectable: true });
  });

  it("is for members, and a workspace that one is not in does not exist", async () => {
    const ada = await gatehouse.signUp();
    const eve = await gatehouse.signUp();
    const ask = async (user: TestUser, workspaceId: string) => {
      const input = { workspaceId, url: gatehouse.sandbox.notesUrl };
      const { data, errors } = await user.graphql(query, { input });
      return errors?.[0]?.extensions["code"] ?? data.diagnoseServer.connectable;
    };
    expect(await ask(eve, ada.workspaceId)).toBe("NOT_FOUND");
    const { id: userId } = await gatehouse.db.user.findFirstOrThrow({
      where: { email: eve.email },
    });
    const workspaceId = rowIdOf(ada.workspaceId);
    const where = { workspaceId_userId: { workspaceId, userId } };
    await gatehouse.db.membership.create({ data: { workspaceId, userId, role: "VIEWER" } });
    expect(await ask(eve, ada.workspaceId)).toBe("FORBIDDEN");
    await gatehouse.db.membership.update({ where, data: { role: "MEMBER" } });
    expect(await ask(eve, ada.workspaceId)).toBe(true);
    expect(await ask({ ...ada, graphql: anonymous }, ada.workspaceId)).toBe("UNAUTHENTICATED");
  });

  it("refuses what is no URL to go to", async () => {
    const ada = await gatehouse.signUp();
    for (const url of [
      "",
      "nonsense",
      "file:///etc/passwd",
      "https://me:pass@a.example/",
      "a\nb",
    ]) {
      const input = { workspaceId: ada.workspaceId, url };
      const { errors } = await ada.graphql(query, { input });
      expect(errors?.[0]?.extensions, url).toMatchObject({
        code: "BAD_USER_INPUT",
        fieldErrors: { url: [expect.any(String)] },
      });
    }
  });

  it("may be asked for once per document: a second is refused before anything runs", async () => {
    const ada = await gatehouse.signUp();
    gatehouse.sandbox.traffic.reset();
    const input = { workspaceId: ada.workspaceId, url: gatehouse.sandbox.notesUrl };
    const documents = [
      `query ($input: DiagnoseServerInput!) {
        a: diagnoseServer(input: $input) { connectable } b: diagnoseServer(input: $input) { connectable } }`,
      `query ($input: DiagnoseServerInput!) { a: diagnoseServer(input: $input) { connectable } ...More }
       fragment More on Query { b: diagnoseServer(input: $input) { connectable } }`,
    ];
    for (const document of documents) {
      const { data, errors } = await ada.graphql(document, { input });
      expect(data ?? null).toBeNull();
      expect(errors?.map(({ extensions }) => extensions["code"])).toEqual(["QUERY_TOO_COMPLEX"]);
      expect(errors?.[0]?.extensions["requestId"]).toEqual(expect.any(String));
    }
    expect(gatehouse.sandbox.traffic.counters.notes).toBe(0);
  });

  it("is limited per user, and says how long to wait", async () => {
    const [ada, grace] = [await gatehouse.signUp(), await gatehouse.signUp()];
    const url = await answering(404, {}, "")();
    const ask = (user: TestUser) =>
      user.graphql(query, { input: { workspaceId: user.workspaceId, url } });
    const answers = await Promise.all(Array.from({ length: 12 }, () => ask(ada)));
    const refused = answers.filter(({ errors }) => errors);
    expect(refused.length).toBeGreaterThanOrEqual(1);
    expect(refused.length).toBeLessThanOrEqual(2);
    expect(refused[0]?.errors?.[0]?.extensions).toMatchObject({
      code: "RATE_LIMITED",
      retryAfterMs: expect.any(Number),
    });
    expect((await ask(grace)).errors).toBeUndefined();
  });

  it("shows no query of the URL", async () => {
    const ada = await gatehouse.signUp();
    const scripted = await startScripted((_call, response) => sendJson(response, 500, {}));
    started.push(scripted);
    await diagnose(ada, `${scripted.url}?key=marked`);
    const { steps } = await diagnose(ada, `${scripted.url}?key=marked`);
    expect(JSON.stringify(steps)).not.toContain("marked");
  });
});

async function anonymous(document: string, variables?: object) {
  const response = await fetch(`${gatehouse.url}/graphql`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ query: document, variables }),
  });
  return await response.json();
}

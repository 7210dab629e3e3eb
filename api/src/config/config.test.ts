import { describe, expect, it } from "vitest";
import { type Config, loadConfig } from "./config.ts";

const KEYS = `k1:${Buffer.alloc(32, 1).toString("base64")}`;
const SECRET = "a-secret-of-thirty-two-characters";
const DATABASE = {
  DATABASE_URL: "postgresql://user:pass%20word@db.internal:5433/gatehouse?sslmode=require",
  ENCRYPTION_KEYS: KEYS,
  AUTH_SECRET: SECRET,
};
const ORDINARY = { isRoot: false, checkoutDir: "/home/ada/gatehouse" };

function load(env: Record<string, string>, surroundings = ORDINARY): Config {
  const answer = loadConfig(env, surroundings);
  if (!answer.ok) throw new Error(answer.faults.join("\n"));
  return answer.config;
}

function findFaults(env: Record<string, string>): string[] {
  const answer = loadConfig(env, ORDINARY);
  return answer.ok ? [] : answer.faults;
}

describe("what follows from nothing", () => {
  it("is a loopback installation with everything of its own", () => {
    expect(load({})).toEqual({
      port: 4000,
      host: "127.0.0.1",
      publicUrl: "http://localhost:4000",
      allowedHosts: [],
      databaseUrl: null,
      dataDir: "/home/ada/gatehouse/.gatehouse",
      encryptionKeys: null,
      authSecret: null,
      signUp: "open",
      allowedPrivateNetworks: [],
      allowedMcpHosts: [],
      clientMetadataUrl: null,
      sandbox: { enabled: true, host: "127.0.0.1", port: 4010 },
      eventRetentionDays: 90,
      shutdownGraceMs: 1_000,
      toolCallLimits: {
        concurrency: { perUser: 400, perServer: 400, perWorkspace: 1_000 },
        callsPerSecond: { perUser: 1_000, perWorkspace: 2_000 },
      },
      quotas: {
        serversPerWorkspace: 500,
        webhookEndpointsPerWorkspace: 20,
        openInvitationsPerWorkspace: 200,
        workspacesPerUser: 20,
        apiTokensPerUser: 100,
      },
      outboundOperationsPerMinute: 240,
      operationLimits: { deadlineMs: 10_000, responseBytes: 8 * 1024 * 1024 },
      logLevel: "warn",
      trustProxy: false,
      metricsToken: null,
      mail: null,
      traceEndpoint: null,
      isLoopback: true,
      secureCookies: false,
    });
  });

  it("is the same when every variable is empty", () => {
    const names = ["PORT", "HOST", "PUBLIC_URL", "DATABASE_URL", "SIGN_UP", "SANDBOX", "LOG_LEVEL"];
    expect(load(Object.fromEntries(names.map((name) => [name, " "])))).toEqual(load({}));
  });

  it("cannot be changed", () => {
    const config = load({ ALLOWED_HOSTS: "a.example.com" });
    for (const part of [config, config.sandbox, config.allowedHosts, config.allowedMcpHosts]) {
      expect(Object.isFrozen(part)).toBe(true);
    }
  });

  it("keeps root's data outside of its home, apart for each checkout", () => {
    const first = load({}, { isRoot: true, checkoutDir: "/root/gatehouse" }).dataDir;
    const second = load({}, { isRoot: true, checkoutDir: "/root/gatehouse2" }).dataDir;
    expect(first).toMatch(/^\/var\/lib\/gatehouse-[0-9a-f]{12}$/);
    expect(second).not.toBe(first);
  });
});

const READINGS: [string, Record<string, string>, Partial<Config>][] = [
  ["PORT moves PUBLIC_URL", { PORT: "5000" }, { port: 5000, publicUrl: "http://localhost:5000" }],
  [
    "a slash at the end",
    { PUBLIC_URL: "http://localhost:4000/" },
    { publicUrl: "http://localhost:4000" },
  ],
  ["DATA_DIR, relative", { DATA_DIR: "data" }, { dataDir: "/home/ada/gatehouse/data" }],
  ["DATA_DIR, absolute", { DATA_DIR: "/srv/data" }, { dataDir: "/srv/data" }],
  [
    "lists",
    { ALLOWED_HOSTS: " Probe.Internal:4000 ,10.0.0.7, " },
    { allowedHosts: ["probe.internal:4000", "10.0.0.7"] },
  ],
  [
    "networks",
    { ALLOWED_PRIVATE_NETWORKS: "10.0.0.0/8,fd00::/8" },
    { allowedPrivateNetworks: ["10.0.0.0/8", "fd00::/8"] },
  ],
  [
    "patterns",
    { ALLOWED_MCP_HOSTS: "*.example.com,mcp.acme.dev" },
    { allowedMcpHosts: ["*.example.com", "mcp.acme.dev"] },
  ],
  [
    "a database",
    DATABASE,
    { databaseUrl: DATABASE.DATABASE_URL, encryptionKeys: KEYS, authSecret: SECRET },
  ],
  [
    "switches",
    { SANDBOX: "off", TRUST_PROXY: "true" },
    { sandbox: { enabled: false, host: "127.0.0.1", port: 4010 }, trustProxy: true },
  ],
  ["EVENT_RETENTION_DAYS", { EVENT_RETENTION_DAYS: "7" }, { eventRetentionDays: 7 }],
  [
    "mail",
    { SMTP_URL: "smtps://u:p@mail.example.com", MAIL_FROM: "Gatehouse <g@example.com>" },
    { mail: { smtpUrl: "smtps://u:p@mail.example.com", from: "Gatehouse <g@example.com>" } },
  ],
  [
    "OTEL_EXPORTER_OTLP_ENDPOINT",
    { OTEL_EXPORTER_OTLP_ENDPOINT: "http://localhost:4318" },
    { traceEndpoint: "http://localhost:4318" },
  ],
  ["LOG_LEVEL", { LOG_LEVEL: "debug" }, { logLevel: "debug" }],
  ["IPv6 loopback", { HOST: "::1", PUBLIC_URL: "http://[::1]:4000" }, { isLoopback: true }],
  [
    "HOST open to others",
    { HOST: "0.0.0.0" },
    {
      isLoopback: false,
      signUp: "open",
      sandbox: { enabled: false, host: "127.0.0.1", port: 4010 },
    },
  ],
  [
    "a public address",
    { PUBLIC_URL: "https://gatehouse.acme.dev" },
    {
      isLoopback: false,
      secureCookies: true,
      signUp: "closed",
      clientMetadataUrl: "https://gatehouse.acme.dev/oauth/client-metadata.json",
    },
  ],
  ["an intranet address", { PUBLIC_URL: "https://gatehouse.corp" }, { clientMetadataUrl: null }],
  ["a private address", { PUBLIC_URL: "https://10.1.2.3" }, { clientMetadataUrl: null }],
  [
    "a metadata document elsewhere",
    { CLIENT_METADATA_URL: "https://cdn.acme.dev/gatehouse.json" },
    { clientMetadataUrl: "https://cdn.acme.dev/gatehouse.json" },
  ],
  [
    "a metadata document without https",
    { CLIENT_METADATA_URL: "http://localhost:4000/client.json" },
    { clientMetadataUrl: null },
  ],
  [
    "sign-up opened",
    { PUBLIC_URL: "https://gatehouse.acme.dev", SIGN_UP: "open" },
    { signUp: "open" },
  ],
];

it.each(READINGS)("reads %s", (_, env, expected) => {
  expect(load(env)).toMatchObject(expected);
});

const FAULTS: [string, Record<string, string>, string][] = [
  ["PORT", { PORT: "70000" }, "PORT is not a port from 1 to 65535."],
  ["PORT", { PORT: "0" }, "PORT is not a port from 1 to 65535."],
  ["PORT", { PORT: "4000x" }, "PORT is not a port from 1 to 65535."],
  ["HOST", { HOST: "http://x" }, "HOST is neither an IP address nor a host name."],
  ["PUBLIC_URL", { PUBLIC_URL: "gatehouse.acme.dev" }, "PUBLIC_URL is not an origin"],
  ["PUBLIC_URL", { PUBLIC_URL: "https://acme.dev/gatehouse" }, "PUBLIC_URL is not an origin"],
  ["PUBLIC_URL", { PUBLIC_URL: "https://user@acme.dev" }, "PUBLIC_URL is not an origin"],
  [
    "DATABASE_URL",
    { ...DATABASE, DATABASE_URL: "mysql://u:hunter2@h/d" },
    "DATABASE_URL is not a PostgreSQL URL",
  ],
  [
    "DATABASE_URL",
    { ...DATABASE, DATABASE_URL: "postgresql://h" },
    "DATABASE_URL is not a PostgreSQL URL",
  ],
  [
    "ENCRYPTION_KEYS",
    { ENCRYPTION_KEYS: "k1:c2hvcnQ=" },
    'ENCRYPTION_KEYS cannot be read: Encryption key 1 ("k1") is 5 bytes long',
  ],
  ["AUTH_SECRET", { AUTH_SECRET: "short" }, "AUTH_SECRET is shorter than 32 characters."],
  ["SIGN_UP", { SIGN_UP: "maybe" }, "SIGN_UP is neither open nor closed."],
  [
    "ALLOWED_HOSTS",
    { ALLOWED_HOSTS: "a.example.com/x" },
    'ALLOWED_HOSTS has the entry "a.example.com/x"',
  ],
  [
    "ALLOWED_PRIVATE_NETWORKS",
    { ALLOWED_PRIVATE_NETWORKS: "10.0.0.0/99" },
    "ALLOWED_PRIVATE_NETWORKS has the entry",
  ],
  ["ALLOWED_MCP_HOSTS", { ALLOWED_MCP_HOSTS: "https://x" }, "ALLOWED_MCP_HOSTS has the entry"],
  [
    "CLIENT_METADATA_URL",
    { CLIENT_METADATA_URL: "https://acme.dev" },
    "CLIENT_METADATA_URL is not the URL of a document",
  ],
  ["SANDBOX", { SANDBOX: "perhaps" }, "SANDBOX is neither on nor off."],
  [
    "SANDBOX",
    { SANDBOX: "on", HOST: "0.0.0.0" },
    "SANDBOX can be on only while PUBLIC_URL and HOST are loopback.",
  ],
  ["SANDBOX_PORT", { SANDBOX_PORT: "4000" }, "SANDBOX_PORT and PORT are both 4000."],
  ["LOG_LEVEL", { LOG_LEVEL: "loud" }, "LOG_LEVEL is not one of fatal, error,"],
  ["SMTP_URL alone", { SMTP_URL: "smtp://mail.example.com" }, "Set both SMTP_URL and MAIL_FROM"],
  [
    "SMTP_URL",
    { SMTP_URL: "mail.example.com", MAIL_FROM: "g@example.com" },
    "SMTP_URL is not the URL of a mail server",
  ],
  [
    "MAIL_FROM",
    { SMTP_URL: "smtp://mail.example.com", MAIL_FROM: "Gatehouse" },
    "MAIL_FROM is not a sender",
  ],
  [
    "OTEL_EXPORTER_OTLP_ENDPOINT",
    { OTEL_EXPORTER_OTLP_ENDPOINT: "localhost:4318" },
    "OTEL_EXPORTER_OTLP_ENDPOINT is not the URL of a collector",
  ],
  ["TRUST_PROXY", { TRUST_PROXY: "2" }, "TRUST_PROXY is neither on nor off."],
];

it.each(FAULTS)("refuses a %s of %o", (_, env, expected) => {
  expect(findFaults(env)).toEqual([expect.stringContaining(expected)]);
});

it("asks for both secrets with DATABASE_URL", () => {
  const faults = findFaults({ DATABASE_URL: DATABASE.DATABASE_URL });
  expect(faults.map((fault) => fault.split(" ")[0])).toEqual(["ENCRYPTION_KEYS", "AUTH_SECRET"]);
});

it("lists every fault at once, those between variables too", () => {
  const faults = findFaults({
    PORT: "x",
    LOG_LEVEL: "loud",
    SANDBOX: "on",
    HOST: "0.0.0.0",
    DATABASE_URL: "postgresql://h/d",
  });
  expect(faults.map((fault) => fault.split(" ")[0])).toEqual([
    "PORT",
    "LOG_LEVEL",
    "ENCRYPTION_KEYS",
    "AUTH_SECRET",
    "SANDBOX",
  ]);
});

it("shows no secret in a fault", () => {
  const faults = findFaults({
    DATABASE_URL: "postgres:hunter2",
    ENCRYPTION_KEYS: "hunter2hunter2",
    AUTH_SECRET: "hunter2",
  });
  expect(faults).toHaveLength(3);
  expect(faults.join()).not.toContain("hunter2");
});

/**
 * The configuration, and the only module that reads `process.env`. It reports all faults at once.
 */
import { createHash } from "node:crypto";
import { isIP } from "node:net";
import { resolve } from "node:path";
import { type Environment, environment, type LOG_LEVELS } from "./environment.ts";
import { classifyAddress } from "#egress/address-rules.ts";
import type { CallRates, ConcurrencyLimits, Quotas } from "./limits.ts";
import { isLoopbackUrl, readHost } from "#egress/host-rules.ts";

export interface Config {
  readonly port: number;
  readonly host: string;
  /** An origin without a trailing slash; the only source of redirect URIs. */
  readonly publicUrl: string;
  /** Additional `Host` values in lower case, with a port if one was specified. */
  readonly allowedHosts: readonly string[];
  /** Null: the embedded server is used. */
  readonly databaseUrl: string | null;
  /** An absolute path. */
  readonly dataDir: string;
  /** `id:base64,id:base64`; null: the key file in `dataDir` is used. */
  readonly encryptionKeys: string | null;
  /** Null: the file in `dataDir` is used. */
  readonly authSecret: string | null;
  /** Closed: only users with an invitation can sign up. */
  readonly signUp: "open" | "closed";
  /** Networks in CIDR notation. */
  readonly allowedPrivateNetworks: readonly string[];
  /** Patterns such as `*.example.com`; empty: all hosts. */
  readonly allowedMcpHosts: readonly string[];
  /** Null: no metadata document is served. */
  readonly clientMetadataUrl: string | null;
  readonly sandbox: { readonly enabled: boolean; readonly host: string; readonly port: number };
  /** How long events are kept in the log, in days. */
  readonly eventRetentionDays: number;
  /** How long running calls may take after a shutdown was requested, in milliseconds. */
  readonly shutdownGraceMs: number;
  /** The limits of tool calls in each process. */
  readonly toolCallLimits: {
    readonly concurrency: Readonly<ConcurrencyLimits>;
    readonly callsPerSecond: Readonly<CallRates>;
  };
  readonly quotas: Readonly<Quotas>;
  /** How many operations that contact other servers one user may start in a minute. */
  readonly outboundOperationsPerMinute: number;
  /** The limits of one GraphQL operation. */
  readonly operationLimits: {
    /** How long a read may take, in milliseconds. */
    readonly deadlineMs: number;
    /** The maximum size of a response, in bytes. */
    readonly responseBytes: number;
  };
  readonly logLevel: (typeof LOG_LEVELS)[number];
  /** Whether to trust the forwarding headers of the proxy in front. */
  readonly trustProxy: boolean;
  /** The token for `/metrics`; null: metrics are not available. */
  readonly metricsToken: string | null;
  /** The mail server and the sender of emails; null: Gatehouse sends no email. */
  readonly mail: { readonly smtpUrl: string; readonly from: string } | null;
  /** The endpoint for traces (OTLP over HTTP); null: no traces are sent. */
  readonly traceEndpoint: string | null;
  /**
   * Whether `PUBLIC_URL` and `HOST` are both loopback, so that only this machine can reach the
   * installation.
   */
  readonly isLoopback: boolean;
  readonly secureCookies: boolean;
}

export type ConfigAnswer =
  | { ok: true; config: Config }
  /** One sentence for each fault, with the name of the variable and without secrets. */
  | { ok: false; faults: string[] };

export interface ConfigSurroundings {
  /**
   * For root the default data folder is outside of the home directory, which the user of PostgreSQL
   * cannot access.
   */
  isRoot: boolean;
  /** An absolute path, to which relative paths are resolved. */
  checkoutDir: string;
}

type Variables = Record<string, string | undefined>;

const SECRETS = {
  ENCRYPTION_KEYS: 'create one with `echo "k1:$(openssl rand -base64 32)"`',
  AUTH_SECRET: "create one with `openssl rand -base64 32`",
};

/** The configuration of this process. */
export function loadOwnConfig(): ConfigAnswer {
  return loadConfig(process.env, {
    isRoot: process.getuid?.() === 0,
    checkoutDir: resolve(import.meta.dirname, "..", "..", ".."),
  });
}

/** Parses the variables. An empty variable counts as not set. */
export function loadConfig(env: Variables, surroundings: ConfigSurroundings): ConfigAnswer {
  const variables = Object.fromEntries(
    Object.keys(environment.shape).map((name) => [name, env[name]?.trim() || undefined]),
  );
  const faults: string[] = [];
  const first = environment.safeParse(variables);
  if (!first.success) {
    for (const issue of first.error.issues) {
      const name = String(issue.path[0]);
      faults.push(`${name} ${issue.message}.`);
      // Treated as not set for the following checks, so that faults that concern several variables
      // are found in the same run.
      delete variables[name];
    }
  }
  const config = assembleConfig(environment.parse(variables), surroundings);
  faults.push(...findConflicts(config, env));
  return faults.length === 0 ? { ok: true, config } : { ok: false, faults };
}

function findConflicts(config: Config, given: Variables): string[] {
  const faults: string[] = [];
  if (given["DATABASE_URL"]?.trim()) {
    for (const [name, hint] of Object.entries(SECRETS)) {
      if (!given[name]?.trim()) faults.push(`${name} is required with DATABASE_URL: ${hint}.`);
    }
  }
  if (Boolean(given["SMTP_URL"]?.trim()) !== Boolean(given["MAIL_FROM"]?.trim())) {
    faults.push("Set both SMTP_URL and MAIL_FROM, or neither.");
  }
  if (config.sandbox.enabled && !config.isLoopback) {
    faults.push("SANDBOX can be on only while PUBLIC_URL and HOST are loopback.");
  }
  if (config.sandbox.enabled && config.sandbox.port === config.port) {
    faults.push(`SANDBOX_PORT and PORT are both ${config.port}.`);
  }
  return faults;
}

function assembleConfig(env: Environment, surroundings: ConfigSurroundings): Config {
  const publicUrl = env.PUBLIC_URL ?? `http://localhost:${env.PORT}`;
  const isPublicUrlLoopback = isLoopbackUrl(new URL(publicUrl));
  const isLoopback = isPublicUrlLoopback && isLoopbackUrl(toUrl(env.HOST));
  return Object.freeze({
    port: env.PORT,
    host: env.HOST,
    publicUrl,
    allowedHosts: Object.freeze(env.ALLOWED_HOSTS),
    databaseUrl: env.DATABASE_URL ?? null,
    dataDir: chooseDataDir(env.DATA_DIR, surroundings),
    encryptionKeys: env.ENCRYPTION_KEYS ?? null,
    authSecret: env.AUTH_SECRET ?? null,
    signUp: env.SIGN_UP ?? (isPublicUrlLoopback ? "open" : "closed"),
    allowedPrivateNetworks: Object.freeze(env.ALLOWED_PRIVATE_NETWORKS),
    allowedMcpHosts: Object.freeze(env.ALLOWED_MCP_HOSTS),
    clientMetadataUrl: chooseMetadataUrl(env.CLIENT_METADATA_URL, publicUrl),
    sandbox: Object.freeze({
      enabled: env.SANDBOX ?? isLoopback,
      host: "127.0.0.1",
      port: env.SANDBOX_PORT,
    }),
    eventRetentionDays: env.EVENT_RETENTION_DAYS,
    // A local installation stops quickly after Ctrl-C. Others have calls to complete and a
    // supervisor that waits.
    shutdownGraceMs: 1_000 * (env.SHUTDOWN_GRACE_SECONDS ?? (env.DATABASE_URL ? 6 : 1)),
    toolCallLimits: Object.freeze({
      concurrency: Object.freeze({
        perUser: env.MAX_TOOL_CALLS_PER_USER,
        perServer: env.MAX_TOOL_CALLS_PER_SERVER,
        perWorkspace: env.MAX_TOOL_CALLS_PER_WORKSPACE,
      }),
      callsPerSecond: Object.freeze({
        perUser: env.TOOL_CALLS_PER_SECOND_PER_USER,
        perWorkspace: env.TOOL_CALLS_PER_SECOND_PER_WORKSPACE,
      }),
    }),
    quotas: Object.freeze({
      serversPerWorkspace: env.MAX_SERVERS_PER_WORKSPACE,
      webhookEndpointsPerWorkspace: env.MAX_WEBHOOK_ENDPOINTS_PER_WORKSPACE,
      openInvitationsPerWorkspace: env.MAX_OPEN_INVITATIONS_PER_WORKSPACE,
      workspacesPerUser: env.MAX_WORKSPACES_PER_USER,
      apiTokensPerUser: env.MAX_API_TOKENS_PER_USER,
    }),
    outboundOperationsPerMinute: env.OUTBOUND_OPERATIONS_PER_MINUTE,
    operationLimits: Object.freeze({
      deadlineMs: env.OPERATION_DEADLINE_SECONDS * 1_000,
      responseBytes: env.RESPONSE_LIMIT_MIB * 1024 * 1024,
    }),
    // For a local installation the terminal should keep showing the URL, so requests are not
    // logged.
    logLevel: env.LOG_LEVEL ?? (env.DATABASE_URL ? "info" : "warn"),
    trustProxy: env.TRUST_PROXY,
    metricsToken: env.METRICS_TOKEN ?? null,
    mail:
      env.SMTP_URL !== undefined && env.MAIL_FROM !== undefined
        ? Object.freeze({ smtpUrl: env.SMTP_URL, from: env.MAIL_FROM })
        : null,
    traceEndpoint: env.OTEL_EXPORTER_OTLP_ENDPOINT ?? null,
    isLoopback,
    secureCookies: publicUrl.startsWith("https:"),
  });
}

function toUrl(host: string): URL {
  return new URL(`http://${isIP(host) === 6 ? `[${host}]` : host}`);
}

function chooseDataDir(given: string | undefined, surroundings: ConfigSurroundings): string {
  const { isRoot, checkoutDir } = surroundings;
  if (given !== undefined) return resolve(checkoutDir, given);
  if (!isRoot) return resolve(checkoutDir, ".gatehouse");
  const checkout = createHash("sha256").update(checkoutDir).digest("hex").slice(0, 12);
  return `/var/lib/gatehouse-${checkout}`;
}

/**
 * An authorization server must be able to fetch the document, so it is only served over https and
 * if the installation can be expected to be reachable.
 */
function chooseMetadataUrl(given: string | undefined, publicUrl: string): string | null {
  const url = given ?? `${publicUrl}/oauth/client-metadata.json`;
  if (!url.startsWith("https:")) return null;
  return given !== undefined || isPublic(new URL(publicUrl)) ? url : null;
}

const PRIVATE_NAMES =
  /(^|\.)(localhost|local|localdomain|internal|intranet|lan|home|corp|test|invalid|example|home\.arpa)$/;

function isPublic(url: URL): boolean {
  const host = readHost(url);
  if (isIP(host) !== 0) return classifyAddress(host) === "PUBLIC";
  return host.includes(".") && !PRIVATE_NAMES.test(host);
}

/**
 * The format of each environment variable. A message follows the name of the variable and never
 * contains a value that may be secret.
 */
import { isIP } from "node:net";
import { z } from "zod";
import { KeyringError, parseKeyring } from "#crypto/keyring.ts";
import { parseNetwork } from "#egress/address-rules.ts";
import { parseHostPattern } from "#egress/host-rules.ts";

export const LOG_LEVELS = ["fatal", "error", "warn", "info", "debug", "trace", "silent"] as const;

const MIN_SECRET_LENGTH = 32;

/** A comma-separated list. Spaces around entries are ignored. */
function listOf(isEntry: (entry: string) => boolean, what: string) {
  return z
    .string()
    .default("")
    .transform((text, context) => {
      const entries = text
        .split(",")
        .map((entry) => entry.trim())
        .filter((entry) => entry !== "");
      for (const entry of entries) {
        if (!isEntry(entry)) {
          context.addIssue(`has the entry ${JSON.stringify(entry)}, which is not ${what}`);
        }
      }
      return entries;
    });
}

const portNumber = z
  .string()
  .refine(
    (text) => /^\d{1,5}$/.test(text) && Number(text) > 0 && Number(text) < 65_536,
    "is not a port from 1 to 65535",
  )
  .transform(Number);

const flag = z
  .enum(["on", "true", "1", "off", "false", "0"], "is neither on nor off")
  .transform((text) => ["on", "true", "1"].includes(text));

const origin = z.string().transform((text, context) => {
  const url = URL.parse(text);
  const isOrigin =
    url !== null &&
    /^https?:$/.test(url.protocol) &&
    url.pathname === "/" &&
    url.search + url.hash + url.username + url.password === "";
  if (isOrigin) return url.origin;
  context.addIssue("is not an origin such as https://gatehouse.example.com, without a path");
  return z.NEVER;
});

const documentUrl = z.string().refine((text) => {
  const url = URL.parse(text);
  return (
    url !== null &&
    /^https?:$/.test(url.protocol) &&
    url.pathname !== "/" &&
    url.hash + url.username + url.password === ""
  );
}, "is not the URL of a document such as https://gatehouse.example.com/oauth/client-metadata.json");

const collectorUrl = z.string().refine((text) => {
  const url = URL.parse(text);
  return url !== null && /^https?:$/.test(url.protocol) && url.search + url.hash === "";
}, "is not the URL of a collector such as http://localhost:4318");

const smtpUrl = z.string().refine((text) => {
  const url = URL.parse(text);
  return (
    url !== null &&
    /^smtps?:$/.test(url.protocol) &&
    url.hostname !== "" &&
    url.pathname.length <= 1
  );
}, "is not the URL of a mail server such as smtp://user:password@mail.example.com:587");

const sender = z
  .string()
  .regex(
    /^([^<>\r\n]+ <[^\s<>@]+@[^\s<>@]+>|[^\s<>@]+@[^\s<>@]+)$/,
    "is not a sender such as Gatehouse <gatehouse@example.com>",
  );

const postgresUrl = z.string().refine((text) => {
  const url = URL.parse(text);
  return url !== null && /^postgres(ql)?:\/\//.test(text) && url.pathname.length > 1;
}, "is not a PostgreSQL URL such as postgresql://user:password@host:5432/database");

const keyList = z.string().superRefine((text, context) => {
  try {
    parseKeyring(text);
  } catch (error) {
    if (!(error instanceof KeyringError)) throw error;
    context.addIssue(`cannot be read: ${error.message.replace(/\.$/, "")}`);
  }
});

const listenAddress = z
  .string()
  .refine(
    (text) => isIP(text) !== 0 || /^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/i.test(text),
    "is neither an IP address nor a host name",
  );

/** A `Host` header's value: a name or an address, with or without a port. */
function isHostValue(text: string): boolean {
  const url = URL.parse(`http://${text}`);
  return url !== null && url.pathname === "/" && !/[/?#@\\*]/.test(text);
}

const dayCount = z
  .string()
  .refine(
    (text) => /^\d{1,4}$/.test(text) && Number(text) > 0,
    "is not a number of days from 1 to 9999",
  )
  .transform(Number);

/** A whole number, such as a count or a number of seconds. */
function wholeNumber(least: number, most: number) {
  return z
    .string()
    .refine(
      (text) => /^\d{1,9}$/.test(text) && Number(text) >= least && Number(text) <= most,
      `is not a whole number from ${least} to ${most}`,
    )
    .transform(Number);
}

/** The environment variables. Defaults are set here unless they depend on other variables. */
export const environment = z.object({
  PORT: portNumber.default(4000),
  HOST: listenAddress.default("127.0.0.1"),
  PUBLIC_URL: origin.optional(),
  ALLOWED_HOSTS: listOf(isHostValue, "a host such as gatehouse.internal:4000").transform((hosts) =>
    hosts.map((host) => host.toLowerCase()),
  ),
  DATABASE_URL: postgresUrl.optional(),
  DATA_DIR: z.string().optional(),
  ENCRYPTION_KEYS: keyList.optional(),
  AUTH_SECRET: z
    .string()
    .min(MIN_SECRET_LENGTH, `is shorter than ${MIN_SECRET_LENGTH} characters`)
    .optional(),
  SIGN_UP: z.enum(["open", "closed"], "is neither open nor closed").optional(),
  ALLOWED_PRIVATE_NETWORKS: listOf(
    (entry) => parseNetwork(entry) !== null,
    "a network such as 10.0.0.0/8 or fd00::/8",
  ),
  ALLOWED_MCP_HOSTS: listOf(
    (entry) => parseHostPattern(entry) !== null,
    "a host such as mcp.example.com or *.example.com",
  ),
  CLIENT_METADATA_URL: documentUrl.optional(),
  SANDBOX: flag.optional(),
  SANDBOX_PORT: portNumber.default(4010),
  EVENT_RETENTION_DAYS: dayCount.default(90),
  MAX_TOOL_CALLS_PER_USER: wholeNumber(1, 100_000).default(400),
  MAX_TOOL_CALLS_PER_SERVER: wholeNumber(1, 100_000).default(400),
  MAX_TOOL_CALLS_PER_WORKSPACE: wholeNumber(1, 100_000).default(1_000),
  TOOL_CALLS_PER_SECOND_PER_USER: wholeNumber(1, 1_000_000).default(1_000),
  TOOL_CALLS_PER_SECOND_PER_WORKSPACE: wholeNumber(1, 1_000_000).default(2_000),
  MAX_SERVERS_PER_WORKSPACE: wholeNumber(1, 100_000).default(500),
  MAX_WEBHOOK_ENDPOINTS_PER_WORKSPACE: wholeNumber(1, 1_000).default(20),
  MAX_OPEN_INVITATIONS_PER_WORKSPACE: wholeNumber(1, 100_000).default(200),
  MAX_WORKSPACES_PER_USER: wholeNumber(1, 10_000).default(20),
  MAX_API_TOKENS_PER_USER: wholeNumber(1, 10_000).default(100),
  OUTBOUND_OPERATIONS_PER_MINUTE: wholeNumber(1, 1_000_000).default(240),
  SHUTDOWN_GRACE_SECONDS: wholeNumber(1, 600).optional(),
  OPERATION_DEADLINE_SECONDS: wholeNumber(1, 600).default(10),
  RESPONSE_LIMIT_MIB: wholeNumber(1, 64).default(8),
  LOG_LEVEL: z.enum(LOG_LEVELS, `is not one of ${LOG_LEVELS.join(", ")}`).optional(),
  OTEL_EXPORTER_OTLP_ENDPOINT: collectorUrl.optional(),
  SMTP_URL: smtpUrl.optional(),
  MAIL_FROM: sender.optional(),
  TRUST_PROXY: flag.default(false),
  METRICS_TOKEN: z
    .string()
    .min(MIN_SECRET_LENGTH, `is shorter than ${MIN_SECRET_LENGTH} characters`)
    .optional(),
});

export type Environment = z.output<typeof environment>;

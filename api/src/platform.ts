/** Shared infrastructure: logger, keys, database, bus, egress, clock, mail and background tasks. */
import { setTimeout as delay } from "node:timers/promises";
import { openDatabase } from "@gatehouse/prisma";
import { pino } from "pino";
import { v7 as uuidv7 } from "uuid";
import { createBackgroundTasks } from "#async/background-tasks.ts";
import type { Config } from "#config/config.ts";
import type { Secrets } from "#config/secret-files.ts";
import { isApiToken, makeApiToken, shownLength } from "#crypto/api-token.ts";
import { parseKeyring } from "#crypto/keyring.ts";
import { createLiveKeyring } from "#crypto/live-keyring.ts";
import { createSealedBox } from "#crypto/sealed-box.ts";
import { randomToken, sha256 } from "#crypto/tokens.ts";
import { makeSigningSecret, signWebhook } from "#crypto/webhook-signature.ts";
import { createEgress, type Egress } from "#egress/egress.ts";
import { type Bus, openBus } from "#events/bus.ts";
import { createChanges } from "#events/changes.ts";
import type { Mail, Mailer } from "#mail/mailer.ts";
import { createAssertionSigner } from "#oauth/client-assertion.ts";
import { knownProviders } from "#oauth/known-providers.ts";
import { createProfiles, type ProviderProfile } from "#oauth/provider-profiles.ts";
import type { RefresherOptions } from "#oauth/refresh-flight.ts";
import { checkCanary } from "#storage/key-canary.ts";
import { renewEpochs } from "#storage/log-epoch.ts";
import type { Tracing } from "./tracing.ts";

export interface PlatformOptions {
  config: Config;
  databaseUrl: string;
  secrets: Secrets;
  /** A line of the log, as JSON. */
  log(line: string): void;
  /** Absent: the known providers. */
  profiles?: readonly ProviderProfile[];
  /** For tests of several processes: shorter limits, and a callback at named points of a refresh. */
  refresh?: Pick<RefresherOptions, "limits" | "onStage">;
  /** For tests: how long the deletion of a server can be undone, in milliseconds. */
  undoMs?: number;
  /** For tests: to send notifications of changes, or to hold them back. */
  openBus?(databaseUrl: string): Promise<Bus>;
  /** For tests: how often caches are compared with the database in addition to notifications, in milliseconds; a second if left out. */
  pollMs?: number;
}

export type Platform = Awaited<ReturnType<typeof openPlatform>>;

const version = "0.1.0";
/** The longest timeout that a call can ask for. */
const longestTimeoutMs = 10 * 60_000;
const loggedSecrets = [
  "authorization",
  "cookie",
  "accessToken",
  "refreshToken",
  "clientSecret",
  "privateKey",
];

/**
 * Opens the database, the bus and the egress.
 * The caller disposes `connections` (what the services opened, then the egress) when nothing runs anymore, and `resources` (the database and the bus) last.
 */
export async function openPlatform(options: PlatformOptions) {
  const { config, databaseUrl, secrets } = options;
  const logger = pino(
    {
      level: config.logLevel,
      base: undefined,
      redact: loggedSecrets.map((name) => `*.${name}`),
    },
    { write: (line: string) => options.log(line.trimEnd()) },
  );
  const clock = { monotonicMs: () => performance.now(), now: () => new Date() };
  const keyring = createLiveKeyring(parseKeyring(secrets.encryptionKeys), clock.monotonicMs);
  const box = createSealedBox(keyring);

  const resources = new AsyncDisposableStack();
  const db = openDatabase(databaseUrl);
  resources.defer(() => db.$disconnect());
  await checkCanary(db, box);
  const warnOfRestore = () => logger.warn("the database was restored: older cursors are refused");
  if (await renewEpochs(db)) warnOfRestore();
  const tracing = await openTracing(config);
  const bus = await (options.openBus ?? openBus)(databaseUrl);
  resources.defer(() => bus.close());
  resources.defer(() => tracing?.close());

  const egress = createEgress({
    allowLoopback: config.isLoopback,
    allowedPrivateNetworks: config.allowedPrivateNetworks,
    allowedHosts: config.allowedMcpHosts,
  });
  const mailer = config.mail && (await openMailer(config.mail));
  const connections = new AsyncDisposableStack();
  connections.defer(() => egress.close());
  connections.defer(() => mailer?.close());
  const background = createBackgroundTasks((what, error) =>
    logger.error({ err: error }, `${what} failed`),
  );

  return {
    options,
    config,
    secrets,
    logger,
    clock,
    keyring,
    box,
    resources,
    connections,
    db,
    bus,
    changes: createChanges(bus),
    tracing,
    egress,
    ...createFetches(egress, tracing),
    background,
    mailer,
    processId: uuidv7(),
    newId: uuidv7,
    clientInfo: { name: "Gatehouse", version },
    redirectUri: `${config.publicUrl}/oauth/callback`,
    profiles: createProfiles(options.profiles ?? knownProviders),
    signAssertion: createAssertionSigner({ clock, randomToken: () => randomToken(16) }),
    crypto: {
      randomToken: () => randomToken(32),
      sha256,
      apiTokens: { makeSecret: makeApiToken, isSecret: isApiToken, hash: sha256, shownLength },
      webhooks: { makeSecret: makeSigningSecret, sign: signWebhook },
    },
    /** How often caches are compared with the database; absent: a second. */
    polled: options.pollMs === undefined ? {} : { pollMs: options.pollMs },

    sleep: (ms: number, signal?: AbortSignal) => delay(ms, undefined, { signal }),
    isHearing: () => bus.isHearing(),
    /** Listens to the notifications of one kind. The listener gets the id that is published after the colon, or null after notifications may have been lost. */
    onTopic: (kind: string) => (listener: (id: string | null) => void) =>
      bus.listen(kind, (topic) => listener(topic && topic.slice(kind.length + 1))),
    /** Sends an email in the background, if the configuration names a mail server. */
    sendMail: (what: string, write: () => Promise<Mail> | Mail) =>
      background.start(what, async () => mailer?.send(await write())),
    warnOfRestore,
  };
}

/** The guarded fetch, with the limits of what it is for. */
function createFetches(egress: Egress, tracing: Tracing | null) {
  return {
    fetchFor: (scope: { serverUrl: string }) => egress.fetchFor(scope),

    /** For MCP requests: the caller's timeout ends them, so that the server learns of it. The limits of the guard are longer than any of them. */
    mcpFetchFor({ serverUrl }: { serverUrl: string }) {
      const afterwardsMs = longestTimeoutMs + 10_000;
      const fetch = egress.fetchFor({
        serverUrl,
        limits: {
          headersTimeoutMs: afterwardsMs,
          bodyIdleTimeoutMs: afterwardsMs,
          totalDeadlineMs: afterwardsMs,
          longEventStreams: true,
        },
      });
      return tracing ? tracing.propagate(fetch) : fetch;
    },

    /** For the server stream of a session, which lasts as long as the session: each event has its own limit. */
    streamFetchFor: ({ serverUrl }: { serverUrl: string }) =>
      egress.fetchFor({
        serverUrl,
        limits: { maxResponseBytes: Infinity, longEventStreams: true },
      }),
  };
}

/** Loaded only where mail is configured. */
async function openMailer(mail: NonNullable<Config["mail"]>): Promise<Mailer> {
  const { createMailer } = await import("#mail/mailer.ts");
  return createMailer(mail);
}

/** Loaded only where traces are exported. */
async function openTracing({ traceEndpoint }: Config): Promise<Tracing | null> {
  if (traceEndpoint === null) return null;
  const { createTracing } = await import("./tracing.ts");
  return createTracing({ endpoint: traceEndpoint, version });
}

/** The composition root: opens the platform and the stores, then the services, then GraphQL and HTTP. */
import type { Database } from "@gatehouse/prisma";
import { joinCluster } from "#cluster/join-cluster.ts";
import type { Bus } from "#events/bus.ts";
import { openOwnerLinks } from "#process/owner-links.ts";
import { createMetrics } from "#services/operations/metrics.ts";
import { openStores } from "#storage/stores.ts";
import { createGraphQLApp } from "./graphql-app.ts";
import { createHttpApp } from "./http-app.ts";
import { openPlatform, type Platform, type PlatformOptions } from "./platform.ts";
import { createServices } from "./services.ts";

export interface AppOptions extends PlatformOptions {
  /** No other process can be using this database, whatever a killed process left in it. */
  isAlone?: boolean;
  /** The folder of the built web app; null: not served. */
  webRoot?: string | null;
  /** How long tool calls may continue while the app closes, in milliseconds; 1,500 if left out. */
  closeGraceMs?: number;
  /** How often the background looks for tokens to refresh, in milliseconds; null: never, for tests that count token requests. */
  refreshEveryMs?: number | null;
  /** For benchmarks, which append events as the use cases do. */
  onOpened?(inside: AppInside): void;
}

/** What the use cases append events with. */
export interface AppInside {
  db: Database;
  bus: Bus;
}

export interface App {
  /** Rejects with the system's error when the port is not available. */
  listen(): Promise<{ url: string }>;
  /** A link for the operator to create the first account; null where sign-up is open or an account exists. */
  createFirstOwnerLink(): Promise<string | null>;
  /** Finishes what is running, then releases everything. */
  close(): Promise<void>;
}

const defaultCloseGraceMs = 1_500;
/** How long responses may take after what they waited for has ended, in milliseconds. */
const responseGraceMs = 1_000;
/** The shortest time for background tasks, in milliseconds, however long the tool calls took. */
const leastBackgroundGraceMs = 500;

export async function createApp(options: AppOptions): Promise<App> {
  const platform = await openPlatform(options);
  const { config, db, bus, logger } = platform;
  options.onOpened?.({ db, bus });
  const stores = await openStores({
    ...platform,
    monotonicMs: platform.clock.monotonicMs,
    log: (message, details) => logger.warn(details, message),
  });
  const sandbox = config.sandbox.enabled ? await openSandbox(platform) : null;
  const metrics = createMetrics({
    db,
    countSubscribers: () => services.tails.countReaders(),
    countRunning: () => services.running.ids().length,
  });
  const services = createServices(platform, stores, { sandbox, metrics });
  const ownerLinks = openOwnerLinks(db, config.publicUrl);
  const { http, viewers } = createHttpApp(platform, services, {
    graphql: createGraphQLApp(platform, services, metrics),
    metrics,
    ownerLinks,
    webRoot: options.webRoot ?? null,
    closeTimeoutMs: responseGraceMs,
  });
  const tasks = new DisposableStack();
  let deliveries: AsyncDisposable | null = null;

  return {
    async listen() {
      const membership = await joinCluster({
        ...platform,
        publicUrl: config.publicUrl,
        isAlone: options.isAlone ?? false,
        encryptionKeys: options.secrets.encryptionKeys,
        readEncryptionKeys: options.secrets.readEncryptionKeys,
        log: (level, message, details) => logger[level](details, message),
      });
      platform.resources.defer(() => membership.leave());
      await http.listen();
      const onError = (error: unknown) => logger.warn({ err: error }, "a regular task failed");
      // Executions can be canceled as long as one is running.
      for (const task of services.tool.startTasks(onError)) platform.connections.use(task);
      for (const task of services.operations.startTasks(onError, options.refreshEveryMs))
        tasks.use(task);
      deliveries = services.startDeliveries(onError);
      return { url: config.publicUrl };
    },

    createFirstOwnerLink: async () => (config.signUp === "open" ? null : ownerLinks.createFirst()),

    async close() {
      const closeGraceMs = options.closeGraceMs ?? defaultCloseGraceMs;
      const until = performance.now() + closeGraceMs;
      tasks.dispose();
      services.catalogs[Symbol.dispose]();
      // First new work is refused. What runs has the grace period, and callers that wait for it get a response. Only then connections end.
      http.refuseNew();
      const delivered = deliveries?.[Symbol.asyncDispose]();
      await Promise.all([
        services.running.close(closeGraceMs).then(() => http.finishRunning(responseGraceMs)),
        http.finishRunning(closeGraceMs + responseGraceMs),
      ]);
      await http.close();
      viewers[Symbol.dispose]();
      await delivered;
      const graceMs = Math.max(until - performance.now(), leastBackgroundGraceMs);
      await Promise.all([
        platform.background.close(graceMs),
        services.running.close(0).then(() => stores.executionWriter.close()),
      ]);
      await platform.connections.disposeAsync();
      // A callback whose token request was still running fails now, and records that.
      await http.finishRunning(responseGraceMs);
      await platform.resources.disposeAsync();
    },
  };
}

/** Loaded only where it runs: an authorization server and both MCP SDKs are a third of all code. */
async function openSandbox({ config, logger, connections }: Platform) {
  const { startSandbox } = await import("#sandbox/sandbox.ts");
  const { host, port } = config.sandbox;
  const log = (message: string) => logger.debug({ sandbox: true }, message);
  const sandbox = await startSandbox({ host, port, log });
  connections.defer(() => sandbox.close());
  return sandbox;
}

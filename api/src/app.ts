/** The composition root: builds every adapter and wires them; the only file that knows all rooms. */
import { setTimeout as delay } from "node:timers/promises";
import { openDatabase, type Transaction } from "@gatehouse/prisma";
import { migrationsAreApplied } from "@gatehouse/prisma/migrate";
import { pino } from "pino";
import { v7 as uuidv7 } from "uuid";
import type { Config } from "./config.ts";
import { parseKeyring } from "./crypto/keyring.ts";
import { createSealedBox } from "./crypto/sealed-box.ts";
import { randomToken, sha256 } from "./crypto/tokens.ts";
import { createEgress } from "./egress/egress.ts";
import { openBus } from "./events/bus.ts";
import { appendEvent } from "./events/log.ts";
import { topics } from "./events/topics.ts";
import { encodeGlobalId, readId } from "./graphql/global-id.ts";
import { createGraphQL } from "./graphql/yoga.ts";
import { createAuth } from "./http/auth.ts";
import { createHttpServer } from "./http/server.ts";
import { createViewerResolver } from "./http/viewer.ts";
import { createDiscoveryCache } from "./oauth/discovery-cache.ts";
import { buildMetadataDocument } from "./oauth/metadata-document.ts";
import { createRefresher } from "./oauth/refresher.ts";
import { createAccess } from "./services/access.ts";
import { createAccounts } from "./services/accounts.ts";
import { createBackground } from "./services/background.ts";
import { type CallbackAnswer, createCallback } from "./services/callback.ts";
import { createCatalogs } from "./services/catalogs.ts";
import { createClients } from "./services/clients.ts";
import { createConsent } from "./services/consent.ts";
import { createExecutions } from "./services/executions.ts";
import { createFlowDescriber } from "./services/describe-flow.ts";
import { createDetector } from "./services/detection.ts";
import { startHousekeeping } from "./services/housekeeping.ts";
import { createLive } from "./services/live.ts";
import { createRejections } from "./services/rejections.ts";
import { createRevocation } from "./services/revocation.ts";
import { createSandboxServers } from "./services/sandbox-servers.ts";
import { createServers } from "./services/servers.ts";
import { startSuspensionProbes } from "./services/suspension-probes.ts";
import { createToolSessions } from "./services/tool-session.ts";
import { createWorkspaces } from "./services/workspaces.ts";
import { checkCanary } from "./storage/canary.ts";
import { createClientStore } from "./storage/client-store.ts";
import { createExecutionStore } from "./storage/execution-store.ts";
import { createFlowStore } from "./storage/flow-store.ts";
import { createGrantLifecycle } from "./storage/grant-lifecycle.ts";
import { createGrantStore, type StateChange } from "./storage/grant-store.ts";
import { createServerSecrets } from "./storage/server-secrets.ts";

export interface AppOptions {
  config: Config;
  databaseUrl: string;
  secrets: { encryptionKeys: string; authSecret: string };
  /** A line of the log, as JSON. */
  log(line: string): void;
  /** The folder of the built web app; null: not served. */
  webRoot?: string | null;
}

export interface App {
  /** Rejects with the system's error when the port cannot be had. */
  listen(): Promise<{ url: string }>;
  /** Finishes what runs, then lets go of everything. */
  close(): Promise<void>;
}

const version = "0.1.0";
/** How long requests, and then what runs behind answers, may go on once the app is closing, in milliseconds. */
const closeGraceMs = 1_500;
const discoveryTtlMs = 10 * 60_000;

export async function createApp(options: AppOptions): Promise<App> {
  const { config, databaseUrl } = options;
  const logger = pino(
    {
      level: config.logLevel,
      base: undefined,
      redact: ["*.authorization", "*.cookie", "*.accessToken", "*.refreshToken", "*.clientSecret"],
    },
    { write: (line: string) => options.log(line.trimEnd()) },
  );
  const box = createSealedBox(parseKeyring(options.secrets.encryptionKeys));
  const db = openDatabase(databaseUrl);
  await checkCanary(db, box);
  const bus = await openBus(databaseUrl);
  const clock = { monotonicMs: () => performance.now(), now: () => new Date() };
  const clientInfo = { name: "Gatehouse", version };
  const redirectUri = `${config.publicUrl}/oauth/callback`;
  const metadataDocumentUrl = config.clientMetadataUrl;

  const egress = createEgress({
    allowLoopback: config.isLoopback,
    allowedPrivateNetworks: config.allowedPrivateNetworks,
    allowedHosts: config.allowedMcpHosts,
  });
  const fetchFor = (scope: { serverUrl: string }) => egress.fetchFor(scope);
  /** For MCP requests: the caller's timeout ends them, so that the server learns of it; the guard's own comes after. */
  const mcpFetchFor = ({ serverUrl, timeoutMs }: { serverUrl: string; timeoutMs: number }) => {
    const afterwardsMs = timeoutMs + 10_000;
    return egress.fetchFor({
      serverUrl,
      limits: {
        headersTimeoutMs: afterwardsMs,
        bodyIdleTimeoutMs: afterwardsMs,
        totalDeadlineMs: afterwardsMs,
        longEventStreams: true,
      },
    });
  };
  const background = createBackground((what, error) =>
    logger.error({ err: error }, `${what} failed`),
  );

  // ---- storage
  const appendStateChange = (tx: Transaction, change: StateChange) =>
    appendEvent(tx, {
      workspaceId: change.workspaceId,
      type: change.state === "REAUTH_REQUIRED" ? "REAUTH_REQUIRED" : "OAUTH_STATE_CHANGED",
      actorId: change.actorId,
      serverId: change.serverId,
      userId: change.ownerId === change.workspaceId ? null : change.ownerId,
      payload: { previousState: change.previousState, state: change.state, reason: change.reason },
    });
  const publishFlow = (flowId: string) => bus.publish(topics.flow(flowId));
  const grantStore = createGrantStore({
    db,
    box,
    appendStateChange,
    publish: (grantId, workspaceId) =>
      bus.publish(topics.grant(grantId), ...(workspaceId ? [topics.workspace(workspaceId)] : [])),
    async waitForChange(grantId, timeoutMs) {
      using watch = bus.watch(topics.grant(grantId));
      await watch.next(timeoutMs);
    },
  });
  const grants = createGrantLifecycle({
    db,
    box,
    newId: uuidv7,
    appendStateChange,
    publish: (grantId, workspaceId) =>
      bus.publish(topics.grant(grantId), topics.workspace(workspaceId)),
  });
  const flows = createFlowStore({ db, box, publish: publishFlow });
  const clientStore = createClientStore({ db, box, newId: uuidv7 });
  const secrets = createServerSecrets(box);
  const executionStore = createExecutionStore({
    db,
    box,
    newId: uuidv7,
    publish: (id) => bus.publish(topics.execution(id)),
  });

  // ---- use cases
  const access = createAccess(db);
  const workspaces = createWorkspaces(db);
  const revocation = createRevocation({
    db,
    fetchFor,
    background,
    log: (message, details) => logger.info(details, message),
  });
  const refresher = createRefresher({
    grants: grantStore,
    async fetchFor(serverId, beforeSend) {
      const { url } = await db.mcpServer.findUniqueOrThrow({
        where: { id: serverId },
        select: { url: true },
      });
      return egress.fetchFor({ serverUrl: url, beforeSend });
    },
    clock,
    sleep: (ms, signal) => delay(ms, undefined, { signal }),
    async revokeLater(grant, tokens) {
      revocation.revokeLater([
        { ...grant, accessToken: tokens.accessToken, refreshToken: tokens.refreshToken },
      ]);
    },
    onSettled: (report) => logger.info({ ...report }, "token request"),
  });
  const detection = createDetector({
    access,
    fetchFor,
    findUrlFault: (url) => egress.checkUrl(url),
    cache: createDiscoveryCache({ clock, ttlMs: discoveryTtlMs }),
    clock,
    clientInfo,
    redirectUri,
    metadataDocumentUrl,
  });
  const servers = createServers({
    db,
    access,
    secrets,
    grants,
    flows,
    detector: detection,
    revocation,
    newId: uuidv7,
    publishWorkspace: (workspaceId) => bus.publish(topics.workspace(workspaceId)),
    publishFlows: (ids) => bus.publish(...ids.map(topics.flow)),
  });
  const accounts = createAccounts({
    db,
    secrets,
    refresher,
    grants,
    detector: detection,
    rejections: createRejections(clock),
  });
  const openSession = createToolSessions({ accounts, fetchFor: mcpFetchFor, clientInfo });
  const catalogs = createCatalogs({ db, access, accounts, openSession, clock });
  const executions = createExecutions({
    access,
    accounts,
    catalogs,
    openSession,
    store: executionStore,
    background,
    log: (message, details) => logger.warn(details, message),
  });
  const clients = createClients({
    store: clientStore,
    secrets,
    redirectUri,
    publicUrl: config.publicUrl,
    metadataDocumentUrl,
  });
  const shared = {
    db,
    access,
    flows,
    grants,
    revocation,
    fetchFor,
    clock,
    hashState: sha256,
  };
  const consent = createConsent({
    ...shared,
    clients,
    detector: detection,
    refresher,
    randomToken: () => randomToken(32),
    redirectUri,
  });
  const callback = createCallback({
    ...shared,
    clients: clientStore,
    catalogs,
    background,
    publishFlow,
  });
  const live = createLive({
    db,
    bus,
    access,
    findFlow: (caller, id) => consent.findFlow(caller, id),
    findExecution: (caller, id) => executions.find(caller, id),
  });

  // ---- the sandbox, and the two ways in
  const sandbox = config.sandbox.enabled ? await openSandbox(config, logger) : null;
  const sandboxServers = createSandboxServers({ db, servers, sandbox });
  const graphql = createGraphQL({
    db,
    services: {
      workspaces,
      servers,
      detection,
      consent,
      catalogs,
      executions,
      live,
      sandbox: sandboxServers.description,
      addSandboxServers: sandboxServers.add,
    },
    logError: (error, requestId) =>
      logger.error({ err: error, requestId }, "a GraphQL operation failed unexpectedly"),
  });
  const describeFlow = createFlowDescriber({
    db,
    flows,
    encodeServerId: (id) => encodeGlobalId("McpServer", id),
  });
  const auth = createAuth({
    database: db,
    secret: options.secrets.authSecret,
    publicUrl: config.publicUrl,
    secureCookies: config.secureCookies,
    signUpOpen: config.signUp === "open",
    ensureWorkspace: (user) => workspaces.ensureOwn(user),
    logger,
  });
  const http = createHttpServer({
    host: config.host,
    port: config.port,
    publicUrl: config.publicUrl,
    allowedHosts: config.allowedHosts,
    webRoot: options.webRoot ?? null,
    clientMetadata: metadataDocumentUrl
      ? buildMetadataDocument({
          url: metadataDocumentUrl,
          publicUrl: config.publicUrl,
          redirectUri,
        })
      : null,
    auth,
    viewers: createViewerResolver({ auth }),
    graphql,
    oauth: {
      finishCallback: async (request) => nameFlow(await callback.finish(request)),
      resumeCallback: async (request) => nameFlow(await callback.resume(request)),
      async describeFlow(globalId, viewer) {
        const flowId = readId(globalId, "OAuthFlow");
        return flowId ? describeFlow(flowId, viewer) : null;
      },
    },
    isReady: () =>
      migrationsAreApplied({
        query: async (sql) => ({ rows: await db.$queryRawUnsafe(sql) }),
      }).catch(() => false),
    logger,
    limits: { closeTimeoutMs: closeGraceMs },
  });

  const timers: Disposable[] = [];

  return {
    async listen() {
      await http.listen();
      const onError = (error: unknown) => logger.warn({ err: error }, "a regular task failed");
      timers.push(
        startHousekeeping(db, onError),
        startSuspensionProbes({ db, catalogs, clock, onError }),
      );
      return { url: config.publicUrl };
    },
    async close() {
      for (const timer of timers) timer[Symbol.dispose]();
      await http.close();
      await background.close(closeGraceMs);
      await refresher.close();
      await sandbox?.close();
      await egress.close();
      await bus.close();
      await db.$disconnect();
    },
  };
}

/** Addresses carry the attempt's global id, as the API knows it. */
function nameFlow(answer: CallbackAnswer): CallbackAnswer {
  return answer.kind === "finished"
    ? { ...answer, flowId: encodeGlobalId("OAuthFlow", answer.flowId) }
    : answer;
}

/** Loaded where it runs alone: an authorization server and both MCP SDKs are a third of all code. */
async function openSandbox(config: Config, logger: pino.Logger) {
  const { startSandbox } = await import("./sandbox/sandbox.ts");
  const { host, port } = config.sandbox;
  return startSandbox({ host, port, log: (message) => logger.debug({ sandbox: true }, message) });
}

/** The composition root: builds every adapter and wires them; the only file that knows all rooms. */
import { setTimeout as delay } from "node:timers/promises";
import { type Database, openDatabase, type Transaction } from "@gatehouse/prisma";
import { migrationsAreApplied } from "@gatehouse/prisma/migrate";
import { pino } from "pino";
import { v7 as uuidv7 } from "uuid";
import { joinCluster, type Membership } from "#cluster/join-cluster.ts";
import type { Config } from "#config/config.ts";
import { parseKeyring } from "#crypto/keyring.ts";
import { createLiveKeyring } from "#crypto/live-keyring.ts";
import { createSealedBox } from "#crypto/sealed-box.ts";
import { isApiToken, makeApiToken, shownLength } from "#crypto/api-token.ts";
import { randomToken, sha256 } from "#crypto/tokens.ts";
import { makeSigningSecret, signWebhook } from "#crypto/webhook-signature.ts";
import { createEgress } from "#egress/egress.ts";
import { type Bus, openBus } from "#events/bus.ts";
import { appendEvent, appendingEvent, readHeads, readPage, renewEpoch } from "#events/log.ts";
import { doRegularly } from "#events/regularly.ts";
import { createChanges } from "#events/changes.ts";
import { openLogConnections } from "#events/log-connections.ts";
import { createTails } from "#events/tail.ts";
import { topics } from "#events/topics.ts";
import { within } from "#async/deadline.ts";
import { encodeGlobalId, readId } from "#graphql/global-id.ts";
import { printGatehouseSchema } from "#graphql/printed-schema.ts";
import { createGraphQL } from "#graphql/yoga.ts";
import { createAuth } from "#http/auth.ts";
import { isLoopbackAddress } from "#http/client-address.ts";
import { createHttpServer } from "#http/server.ts";
import { createViewerResolver } from "#http/viewer.ts";
import { createAssertionSigner } from "#oauth/client-assertion.ts";
import { createDiscoveryCache } from "#oauth/discovery-cache.ts";
import { knownProviders } from "#oauth/known-providers.ts";
import { buildMetadataDocument } from "#oauth/metadata-document.ts";
import type { RefresherOptions } from "#oauth/refresh-flight.ts";
import { createProfiles, type ProviderProfile } from "#oauth/provider-profiles.ts";
import { createRefresher } from "#oauth/refresher.ts";
import { createSessionPool } from "#mcp/pool/session-pool.ts";
import type { Mail, Mailer } from "#mail/mailer.ts";
import type { Secrets } from "#config/secret-files.ts";
import { createAccess } from "#services/access/access.ts";
import { createAccountNeeds } from "#services/grant/accounts-needing-consent.ts";
import { createAccounts } from "#services/grant/credentials.ts";
import { createAuthorizationRequired } from "#services/grant/authorization-required.ts";
import { createAuthorizationServerMoves } from "#services/grant/issuer-changes.ts";
import { createApiTokens } from "#services/workspace/api-tokens.ts";
import { createBackground } from "#async/background-tasks.ts";
import { createCallContexts } from "#services/tool/call-contexts.ts";
import { createCallRows, readConsent } from "#services/cache/call-caches.ts";
import { type CallbackAnswer, createCallback } from "#services/consent/finish-consent.ts";
import { createCatalogs } from "#services/catalog/catalogs.ts";
import { createClientCredentials } from "#services/consent/client-credentials.ts";
import { createClients } from "#services/consent/client-registration.ts";
import { createConnection } from "#services/consent/store-grant.ts";
import { createConsent } from "#services/consent/start-consent.ts";
import { countCalls } from "#services/tool/call-metrics.ts";
import { createFlowDescriber } from "#services/consent/flow-page.ts";
import { createDelayedRuns, startTurns } from "#async/interval.ts";
import { createDeletion } from "#services/server/server-deletion.ts";
import { createDetector } from "#services/discovery/detection.ts";
import { createDiagnosis } from "#services/discovery/diagnosis.ts";
import { startHousekeeping } from "#services/operations/housekeeping.ts";
import { createExports } from "#services/event/exports.ts";
import { createLive } from "#services/event/subscriptions.ts";
import { readLivingCredentials } from "#services/workspace/session-liveness.ts";
import { openOwnerLinks } from "#process/owner-links.ts";
import { createLiveRoles, readRoles } from "#services/event/role-watch.ts";
import { watchLogHistory } from "#services/event/epoch-watch.ts";
import { createInvitationAcceptance } from "#services/workspace/invitation-acceptance.ts";
import { createInvitations } from "#services/workspace/invitations.ts";
import {
  writeInvitation,
  writePasswordReset,
  writeSignUpNotice,
} from "#services/workspace/mail-templates.ts";
import { createMailLimits } from "#services/access/mail-limits.ts";
import { createOutboundLimits } from "#services/access/outbound-limits.ts";
import { createMemberRoles } from "#services/workspace/member-roles.ts";
import { createMembers, type MemberEvent } from "#services/workspace/members.ts";
import { createAttemptLimits } from "#services/access/attempt-limits.ts";
import { createMetrics } from "#services/operations/metrics.ts";
import { createRateLimiter } from "#services/access/rate-limit.ts";
import { createReachability } from "#services/session/reachability.ts";
import { createRejections } from "#services/grant/token-rejections.ts";
import { startRenewals } from "#services/grant/background-refresh.ts";
import { createRevocation } from "#services/grant/revocation.ts";
import { createSandboxServers } from "#services/server/sandbox-servers.ts";
import { createSelfConnection } from "#services/consent/client-credentials-trigger.ts";
import { createServers } from "#services/server/servers.ts";
import { createSimulation } from "#services/consent/failure-simulation.ts";
import { createStatistics } from "#services/operations/statistics.ts";
import { startSuspensionProbes } from "#services/grant/suspension-retries.ts";
import { createNewToolPolicies } from "#services/catalog/new-tool-policy.ts";
import { createToolPolicies } from "#services/catalog/tool-policies.ts";
import { createServerReading } from "#services/tool/read-resources.ts";
import { createSessionEvictions } from "#services/session/session-invalidation.ts";
import { createToolSessions } from "#services/session/mcp-sessions.ts";
import { createStoredCatalogs } from "#services/catalog/stored-catalogs.ts";
import { createWorkspaceEvents } from "#services/event/workspace-events.ts";
import { createWorkspaceDeletion } from "#services/workspace/workspace-deletion.ts";
import { createWorkspaces } from "#services/workspace/workspaces.ts";
import { startWebhookDeliveries } from "#services/webhook/webhook-deliveries.ts";
import { createWebhookDescriber } from "#services/webhook/webhook-message.ts";
import { createWebhookSender } from "#services/webhook/webhook-sender.ts";
import { createWebhooks } from "#services/webhook/webhooks.ts";
import { createCallRowStore } from "#storage/call-row-store.ts";
import { checkCanary } from "#storage/canary.ts";
import { createClientStore } from "#storage/client-store.ts";
import { renewEpochs } from "#storage/log-epoch.ts";
import { createFlowStore } from "#storage/flow-store.ts";
import { createGrantEnding } from "#storage/grant-ending.ts";
import { createGrantLifecycle } from "#storage/grant-lifecycle.ts";
import { createGrantMove } from "#storage/grant-move.ts";
import { createGrantStore, type StateChange } from "#storage/grant-store.ts";
import { createRegistrationStore } from "#storage/registration-store.ts";
import { createRevocationStore } from "#storage/revocation-store.ts";
import { createWebhookStore } from "#storage/webhook-store.ts";
import { createServerSecrets } from "#storage/server-secrets.ts";
import { openToolRuns } from "./tool-runs.ts";
import type { Tracing } from "./tracing.ts";
import { traceCalls, traceRequests } from "./traced.ts";

export interface AppOptions {
  config: Config;
  databaseUrl: string;
  secrets: Secrets;
  /** Nobody else can be using this database, whatever a killed process left in it. */
  isAlone?: boolean;
  /** A line of the log, as JSON. */
  log(line: string): void;
  /** The folder of the built web app; null: not served. */
  webRoot?: string | null;
  /** Absent: the known providers. */
  profiles?: readonly ProviderProfile[];
  /** For tests of several processes: shorter limits, and a word at named points of a refresh. */
  refresh?: Pick<RefresherOptions, "limits" | "onStage">;
  /** How long calls may go on once the app is closing, in milliseconds; 1,500 if left out. */
  closeGraceMs?: number;
  /** For tests: how long the deletion of a server can be undone, in milliseconds. */
  undoMs?: number;
  /** For tests: to tell, or keep from being told, what has changed. */
  openBus?(databaseUrl: string): Promise<Bus>;
  /** For tests: how often what calls go by is looked at behind the word of its changes, in milliseconds; a second if left out. */
  pollMs?: number;
  /** How often the background looks for grants to renew; null: never, for tests that count token requests. */
  renewEveryMs?: number | null;
  /** For benches, which append events as the app's own use cases do. */
  onOpened?(inside: AppInside): void;
}

/** What the use cases append events with. */
export interface AppInside {
  db: Database;
  bus: Bus;
}

export interface App {
  /** Rejects with the system's error when the port cannot be had. */
  listen(): Promise<{ url: string }>;
  /** A link for the operator to create the first account; null where sign-up is open or an account exists. */
  createFirstOwnerLink(): Promise<string | null>;
  /** Finishes what runs, then lets go of everything. */
  close(): Promise<void>;
}

const version = "0.1.0";
/** How long calls may go on once the app is closing, in milliseconds. */
const defaultCloseGraceMs = 1_500;
/** How long responses may take once what they waited for has ended, in milliseconds. */
const answerGraceMs = 1_000;
/** And what runs behind answers, however long the calls took. */
const leastBackgroundGraceMs = 500;
/** A receiver answers at once and works afterwards; what it says beyond its status is of no interest. */
const webhookLimits = { totalDeadlineMs: 15_000, headersTimeoutMs: 15_000 };
/** What subscribers wait for is read anew after so long without an answer. */
const liveReadTimeoutMs = 10_000;
const discoveryTtlMs = 10 * 60_000;
/** How many operations of one user may contact other servers at once, besides calls of tools. */
const outboundOperationsAtOnce = 16;
/** The longest timeout that a call can ask for. */
const longestTimeoutMs = 10 * 60_000;
/** How long the deletion of a server can be undone, in milliseconds. */
const undoMs = 10_000;

export async function createApp(options: AppOptions): Promise<App> {
  const { config, databaseUrl, closeGraceMs = defaultCloseGraceMs } = options;
  const logger = pino(
    {
      level: config.logLevel,
      base: undefined,
      redact: [
        "*.authorization",
        "*.cookie",
        "*.accessToken",
        "*.refreshToken",
        "*.clientSecret",
        "*.privateKey",
      ],
    },
    { write: (line: string) => options.log(line.trimEnd()) },
  );
  const keyring = createLiveKeyring(parseKeyring(options.secrets.encryptionKeys), () =>
    performance.now(),
  );
  const box = createSealedBox(keyring);
  const db = openDatabase(databaseUrl);
  await checkCanary(db, box);
  if (await renewEpochs(db)) logger.warn("the database was restored: older cursors are refused");
  const tracing = await openTracing(config);
  const bus = await (options.openBus ?? openBus)(databaseUrl);
  options.onOpened?.({ db, bus });
  const clock = { monotonicMs: () => performance.now(), now: () => new Date() };
  const signAssertion = createAssertionSigner({ clock, randomToken: () => randomToken(16) });
  const clientInfo = { name: "Gatehouse", version };
  const redirectUri = `${config.publicUrl}/oauth/callback`;
  const metadataDocumentUrl = config.clientMetadataUrl;

  const egress = createEgress({
    allowLoopback: config.isLoopback,
    allowedPrivateNetworks: config.allowedPrivateNetworks,
    allowedHosts: config.allowedMcpHosts,
  });
  const fetchFor = (scope: { serverUrl: string }) => egress.fetchFor(scope);
  /** For MCP requests: the caller's timeout ends them, so that the server learns of it; the guard's own comes after any of them. */
  const mcpFetchFor = ({ serverUrl }: { serverUrl: string }) => {
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
  };
  /** For streams that stand as long as a session: their events are bounded one by one. */
  const streamFetchFor = ({ serverUrl }: { serverUrl: string }) =>
    egress.fetchFor({ serverUrl, limits: { maxResponseBytes: Infinity, longEventStreams: true } });
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
  const changes = createChanges(bus);
  const grantStore = createGrantStore({
    db,
    box,
    appendStateChange,
    appendingEvent,
    publish: changes.grant,
    async waitForChange(grantId, timeoutMs) {
      using watch = bus.watch(topics.grant(grantId));
      await watch.next(timeoutMs);
    },
  });
  const revocationStore = createRevocationStore({
    db,
    box,
    newId: uuidv7,
    appendReceipt: (tx, task, receipt) =>
      appendEvent(tx, {
        workspaceId: task.workspaceId,
        type: "TOKEN_REVOKED",
        actorId: task.actorId,
        serverId: task.serverId,
        userId: task.ownerId === task.workspaceId ? null : task.ownerId,
        payload: { what: task.kind, ...receipt, reason: task.reason },
      }),
    publish: changes.workspace,
  });
  const registrations = createRegistrationStore({ db, box, revocations: revocationStore });
  const ending = createGrantEnding({ box, revocations: revocationStore, appendStateChange });
  const ofGrants = {
    db,
    box,
    ending,
    appendStateChange,
    publish: changes.grant,
  };
  const grants = createGrantLifecycle({
    ...ofGrants,
    revocations: revocationStore,
    newId: uuidv7,
  });
  const grantMove = createGrantMove({ ...ofGrants, revocations: revocationStore });
  const flows = createFlowStore({ db, box, publish: changes.flow });
  const clientStore = createClientStore({ db, box, newId: uuidv7 });
  const secrets = createServerSecrets(box);

  /** What comes after the colon of a topic, as it is published. */
  const onTopic = (kind: string) => (listener: (id: string | null) => void) =>
    bus.listen(kind, (topic) => listener(topic && topic.slice(kind.length + 1)));

  // ---- use cases
  const access = createAccess(db);
  const metrics = createMetrics({
    db,
    countSubscribers: () => tails.countReaders(),
    countRunning: () => toolRuns.running.ids().length,
  });
  const polled = options.pollMs === undefined ? {} : { pollMs: options.pollMs };
  const processId = uuidv7();
  const toolRuns = await openToolRuns({
    db,
    box,
    bus,
    changes,
    access,
    newId: uuidv7,
    processId,
    allowsLoopback: config.isLoopback,
    monotonicMs: clock.monotonicMs,
    log: (message, details) => logger.warn(details, message),
    onFinished: metrics.noteToolRun,
    limits: config.toolCallLimits,
  });
  const callRows = createCallRows({
    store: createCallRowStore(db),
    onTopic,
    isHearing: () => bus.isHearing(),
    clock,
    ...polled,
  });
  const callContexts = createCallContexts({ access, rows: callRows });
  const appendMemberEvent = (tx: Transaction, { userId, change, role, ...event }: MemberEvent) =>
    appendEvent(tx, {
      ...event,
      type: "MEMBER_CHANGED",
      serverId: null,
      userId: null,
      payload: { userId, change, ...(role && { role }) },
    });
  const { quotas } = config;
  const workspaces = createWorkspaces({
    db,
    access,
    quotas,
    appendMemberEvent,
    appendEvent,
    changes,
  });
  const apiTokens = createApiTokens({
    db,
    access,
    quotas,
    makeSecret: makeApiToken,
    isSecret: isApiToken,
    hash: sha256,
    shownLength,
    appendEvent,
    changes,
    background,
  });
  const revocation = createRevocation({
    db,
    store: revocationStore,
    fetchFor: (scope) => egress.fetchFor(scope),
    signAssertion,
    background,
    clock,
    sleep: (ms, signal) => delay(ms, undefined, { signal }),
    log: (message, details) => logger.info(details, message),
  });
  const profiles = createProfiles(options.profiles ?? knownProviders);
  const refresher = createRefresher({
    ...options.refresh,
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
    signAssertion,
    profiles,
    async revokeLater(grant, { accessToken, refreshToken }) {
      const cause = await revocationStore.readCause(grant);
      await db.$transaction((tx) =>
        revocationStore.addTokens(tx, { ...grant, accessToken, refreshToken }, cause),
      );
      revocation.kick();
    },
    onSettled(report) {
      logger.info({ ...report }, "token request");
      metrics.noteTokenRequest(report);
    },
  });
  const detection = createDetector({
    access,
    fetchFor,
    findUrlFault: (url) => egress.checkUrl(url),
    cache: createDiscoveryCache({ clock, ttlMs: discoveryTtlMs }),
    profiles,
    clock,
    clientInfo,
    redirectUri,
    metadataDocumentUrl,
  });
  const diagnosis = createDiagnosis({
    access,
    detector: detection,
    fetchFor,
    limiter: createRateLimiter(db, { name: "diagnose", burst: 10, perMinute: 10 }),
    clock,
    redirectUri,
    metadataDocumentUrl,
  });
  const servers = createServers({
    db,
    access,
    quotas,
    secrets,
    grants,
    flows,
    detector: detection,
    revocation,
    newId: uuidv7,
    appendEvent,
    changes,
    connectItself: (server, userId) => selfConnection.start(server, userId),
  });
  const leaving = { db, access, flows, grants, revocation, changes };
  const deletion = createDeletion({
    ...leaving,
    quotas,
    changes,
    registrations,
    undoMs: options.undoMs ?? undoMs,
    appendServerEvent: (tx, { fields, ...event }) =>
      appendEvent(tx, { ...event, userId: null, payload: fields ? { fields } : {} }),
    scheduleFinalizing: (inMs) => finalizing.after(inMs),
    onError: (error) => logger.warn({ err: error }, "a deleted server could not be ended"),
  });
  const finalizing = createDelayedRuns(() =>
    background.start("ending of deleted servers", (signal) => deletion.finalizeDue(signal)),
  );
  const members = createMembers({
    ...leaving,
    changes,
    appendMemberEvent,
  });
  const joining = { db, access, appendMemberEvent, changes };
  const attemptLimits = createAttemptLimits(db, {
    exemptsLoopback: config.isLoopback,
    isLoopback: isLoopbackAddress,
  });
  const invitationAcceptance = createInvitationAcceptance({
    ...joining,
    hash: sha256,
    limitAddress: attemptLimits.invitationFrom,
    limiter: createRateLimiter(db, { name: "invitation", burst: 30, perMinute: 30 }),
  });
  const mailer = config.mail && (await openMailer(config.mail));
  const mailLimits = createMailLimits(db);
  const sendMail = (what: string, write: () => Promise<Mail> | Mail) =>
    background.start(what, async () => mailer?.send(await write()));
  const linkTo = (token: string) => `${config.publicUrl}/invite/${token}`;
  const invitations = {
    ...createInvitations({
      db,
      access,
      appendEvent,
      changes,
      quotas,
      mailLimits: mailer && mailLimits,
      newId: uuidv7,
      makeToken: () => randomToken(32),
      hash: sha256,
      sendLink: (email, token, { inviterId, workspaceId }) =>
        sendMail("mailing of an invitation", async () => {
          const [inviter, workspace] = await Promise.all([
            db.user.findUniqueOrThrow({ where: { id: inviterId } }),
            db.workspace.findUniqueOrThrow({ where: { id: workspaceId } }),
          ]);
          const names = { inviter: inviter.name, workspace: workspace.name };
          return writeInvitation({ email, ...names, link: linkTo(token) });
        }),
    }),
    ...invitationAcceptance,
    linkTo,
  };
  const authorizationRequired = createAuthorizationRequired({
    db,
    appendEvent,
    appendStateChange,
    changes,
  });
  const accounts = createAccounts({
    authorizationRequired,
    db,
    secrets,
    refresher,
    grants,
    detector: detection,
    rejections: createRejections(clock),
    moves: createAuthorizationServerMoves({
      detector: detection,
      grants: grantMove,
      kickRevocation: () => revocation.kick(),
      clock,
    }),
    rows: callRows,
    background,
    clock,
    connectItself: (server) => selfConnection.attempt(server),
  });
  const pool = createSessionPool();
  const evictions = createSessionEvictions({
    db,
    pool,
    onTopic,
    onError: (error) => logger.warn({ err: error }, "pooled sessions could not be looked at"),
  });
  const reachability = createReachability({ db, background, clock, changes });
  const openUnwatchedSession = createToolSessions({
    pool,
    accounts,
    fetchFor: mcpFetchFor,
    streamFetchFor,
    clientInfo,
    watchAccount: (account) => evictions.watchAccount(account),
    consentOf: ({ serverId, ownerId }) => readConsent(callRows, serverId, ownerId),
  });
  const openSession = reachability.watch(openUnwatchedSession);
  const catalogs = createCatalogs({
    db,
    access,
    accounts,
    // It stores more than whether the server answered: also why it has no list.
    openSession: openUnwatchedSession,
    reachability,
    stored: createStoredCatalogs({ db, appendEvent, changes }),
    background,
    clock,
  });
  pool.onListChanged((change) => catalogs.noteListChanged(change));
  const toolPolicies = createToolPolicies({
    db,
    access,
    appendEvent,
    changes,
  });
  const newToolPolicies = createNewToolPolicies({
    db,
    access,
    appendEvent,
    changes,
  });
  const reading = createServerReading({
    access,
    accounts,
    catalogs,
    openSession,
    limits: toolRuns.limits,
  });
  const executions = toolRuns.createExecutions({
    contexts: callContexts,
    accounts,
    catalogs,
    openSession,
  });
  const clients = createClients({
    store: clientStore,
    secrets,
    redirectUri,
    publicUrl: config.publicUrl,
    metadataDocumentUrl,
    clock,
    sleep: (ms, signal) => delay(ms, undefined, { signal }),
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
  const retireRegistrations = (serverId: string | null) =>
    background.start("retirement of registrations", async () => {
      if ((await registrations.retireUnused(serverId)) > 0) revocation.kick();
    });
  const connection = createConnection({
    ...shared,
    catalogs,
    background,
    changes,
    retireRegistrations,
  });
  const consent = createConsent({
    ...shared,
    clients,
    clientCredentials: createClientCredentials({
      flows,
      clients: clientStore,
      connection,
      signAssertion,
    }),
    detector: detection,
    refresher,
    limiter: createRateLimiter(db, { name: "start-oauth", burst: 60, perMinute: 60 }),
    randomToken: () => randomToken(32),
    redirectUri,
    changes,
  });
  const selfConnection = createSelfConnection({ db, consent, background, clock });
  const callback = createCallback({
    ...shared,
    clients: clientStore,
    connection,
    signAssertion,
    profiles,
    background,
    randomToken: () => randomToken(32),
  });
  const warnOfRestoring = () => logger.warn("the database was restored: older cursors are refused");
  const soon = <T>(reading: Promise<T>) => within(liveReadTimeoutMs, reading);
  const logConnections = openLogConnections(databaseUrl, liveReadTimeoutMs);
  const tails = createTails({
    readPage: (workspaceId, after, most) =>
      soon(readPage(logConnections.run, workspaceId, after, most)),
    readHeads: (workspaceIds) => soon(readHeads(db, workspaceIds)),
    onGrown: onTopic("workspace"),
    onRead: (events) =>
      metrics.noteEventsRead(events.map(({ occurredAt }) => Date.now() - occurredAt.getTime())),
    async endEpoch(workspaceId, epoch) {
      await renewEpoch(db, workspaceId, epoch);
      warnOfRestoring();
    },
  });
  const roles = createLiveRoles({
    readRoles: (workspaceIds) => soon(readRoles(db, workspaceIds)),
    onChanged: onTopic("members"),
    isHearing: () => bus.isHearing(),
    clock,
  });
  const history = watchLogHistory({
    onReconnected: (listener) =>
      onTopic("workspace")((id) => {
        if (id === null) listener();
      }),
    renewEpochs: () => renewEpochs(db),
    onRenewed: warnOfRestoring,
  });
  const events = createWorkspaceEvents({ db, tails, roles, access });
  const live = createLive({
    bus,
    access,
    events,
    findFlow: (caller, id) => consent.findFlow(caller, id),
    findExecution: (caller, id) => toolRuns.history.find(caller, id),
    findElicitation: async (caller, id) =>
      (await toolRuns.elicitations.findPendingOf(caller, [id]))[0] ?? null,
  });

  const webhookStore = createWebhookStore({ db, box, newId: uuidv7 });
  const sendWebhook = createWebhookSender({
    fetchFor: (url) => egress.fetchFor({ serverUrl: url, limits: webhookLimits }),
    sign: signWebhook,
    clock,
  });
  const describeEvent = createWebhookDescriber({ encodeId: encodeGlobalId });
  const webhooks = createWebhooks({
    db,
    access,
    quotas,
    store: webhookStore,
    send: sendWebhook,
    describe: describeEvent,
    findUrlFault: (url) => egress.checkUrl(url),
    makeSecret: makeSigningSecret,
    newId: uuidv7,
    kick: changes.workspace,
    appendEvent,
  });

  // ---- the sandbox, and the two ways in
  const sandbox = config.sandbox.enabled ? await openSandbox(config, logger) : null;
  const sandboxServers = createSandboxServers({ db, servers, sandbox });
  const simulation = createSimulation({
    db,
    access,
    grants,
    grantStore,
    grantMove,
    revocation,
    changes,
    sandboxUrls: sandbox && [sandbox.notesUrl, sandbox.weatherUrl],
  });
  const graphql = createGraphQL({
    isOpen: config.isLoopback,
    limits: config.operationLimits,
    db,
    services: {
      outbound: createOutboundLimits({
        rate: {
          burst: config.outboundOperationsPerMinute,
          perMinute: config.outboundOperationsPerMinute,
        },
        atOnce: outboundOperationsAtOnce,
        monotonicMs: clock.monotonicMs,
      }),
      workspaces,
      workspaceDeletion: createWorkspaceDeletion({
        ...leaving,
        workspaces,
        registrations,
        changes,
      }),
      servers,
      deletion,
      members,
      memberRoles: createMemberRoles(joining),
      invitations,
      detection,
      diagnosis,
      consent,
      simulation,
      catalogs,
      executions: {
        ...toolRuns.history,
        ...toolRuns.cancelling,
        execute: traceCalls(
          tracing,
          countCalls(executions.execute, {
            note: metrics.noteCall,
            monotonicMs: clock.monotonicMs,
          }),
        ),
      },
      elicitations: toolRuns.elicitations,
      toolPolicies,
      newToolPolicies,
      reading,
      live,
      events,
      statistics: createStatistics({ db, access }),
      accountNeeds: createAccountNeeds({ db, access }),
      apiTokens,
      webhooks,
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
  const ownerLinks = openOwnerLinks(db, config.publicUrl);
  const auth = createAuth({
    database: db,
    attemptLimits,
    secret: options.secrets.authSecret,
    publicUrl: config.publicUrl,
    secureCookies: config.secureCookies,
    signUpOpen: config.signUp === "open",
    invitations: {
      admits: invitationAcceptance.admits,
      async use(token, { id: userId }) {
        const { kind } = await invitationAcceptance.accept({ userId }, token);
        return kind === "accepted";
      },
    },
    ownerLinks: {
      admits: ownerLinks.admits,
      use: (token, { email }) => ownerLinks.use(token, email),
    },
    ensureWorkspace: (user) => workspaces.ensureOwn(user),
    // Behind the hash, which no server is sent, ours neither.
    sendPasswordReset: mailer
      ? (email, token) =>
          background.start("email with a link to reset a password", async () => {
            if (await mailLimits.allowsPasswordReset(email.toLowerCase()))
              await mailer.send(
                writePasswordReset(email, `${config.publicUrl}/reset-password#${token}`),
              );
          })
      : null,
    sendSignUpNotice: mailer
      ? (email) => sendMail("mailing of a notice", () => writeSignUpNotice(email, config.publicUrl))
      : null,
    onSessionEnded: changes.endedCredential,
    logger,
  });
  const viewers = createViewerResolver({
    auth,
    async readApiToken(token) {
      const bearer = await apiTokens.read(token);
      if (!bearer) return null;
      const { user, expiresAt, ...apiToken } = bearer;
      const { id: userId, name, email } = user;
      return { userId, name, email, credentialId: apiToken.id, expiresAt, apiToken };
    },
    onEnded: onTopic("ended"),
    onMembersChanged: onTopic("members"),
    isHearing: () => bus.isHearing(),
    doRegularly,
    ...polled,
    readLiving: (viewers) => soon(readLivingCredentials(db, viewers)),
    watchRight({ userId, apiToken }, onLost) {
      if (!apiToken) return () => {};
      const watch = roles.watch({ workspaceId: apiToken.workspaceId, userId }, onLost);
      return () => watch[Symbol.dispose]();
    },
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
    signInOptions: { passwordReset: mailer !== null },
    viewers,
    graphql: traceRequests(tracing, graphql),
    exports: createExports({
      db,
      events,
      history: toolRuns.history,
      encodeId: encodeGlobalId,
      describe: describeEvent,
    }),
    printSchema: printGatehouseSchema,
    oauth: {
      finishCallback: async (request) => nameFlow(await callback.finish(request)),
      resumeCallback: async (request) => nameFlow(await callback.resume(request)),
      async describeFlow(globalId, viewer) {
        const flowId = readId(globalId, "OAuthFlow");
        return flowId ? describeFlow(flowId, viewer) : null;
      },
    },
    attemptLimits,
    trustProxy: config.trustProxy,
    metricsToken: config.metricsToken,
    readMetrics: () => metrics.render(),
    isReady: () =>
      migrationsAreApplied({
        query: async (sql) => ({ rows: await db.$queryRawUnsafe(sql) }),
      }).catch(() => false),
    logger,
    limits: { closeTimeoutMs: answerGraceMs },
  });

  const timers: Disposable[] = [];
  let membership: Membership | null = null;
  let deliveries: AsyncDisposable | null = null;

  return {
    async listen() {
      membership = await joinCluster({
        db,
        bus,
        keyring,
        processId,
        publicUrl: config.publicUrl,
        isAlone: options.isAlone ?? false,
        encryptionKeys: options.secrets.encryptionKeys,
        readEncryptionKeys: options.secrets.readEncryptionKeys,
        log: (level, message, details) => logger[level](details, message),
      });
      await http.listen();
      const onError = (error: unknown) => logger.warn({ err: error }, "a regular task failed");
      toolRuns.start(onError);
      timers.push(
        startHousekeeping(db, config, onError),
        startSuspensionProbes({ db, catalogs, clock, onError }),
        startTurns(() => revocation.kick(), 5_000),
        startTurns(() => pool.sweep(), 15_000),
        startTurns(finalizing.now, 5_000),
        startTurns(() => retireRegistrations(null), 60_000),
        finalizing,
      );
      const { renewEveryMs } = options;
      if (renewEveryMs !== null)
        timers.push(
          startRenewals({
            db,
            refresher,
            clock,
            random: Math.random,
            onError,
            ...(renewEveryMs === undefined ? {} : { everyMs: renewEveryMs }),
          }),
        );
      deliveries = startWebhookDeliveries({
        db,
        store: webhookStore,
        send: sendWebhook,
        describe: describeEvent,
        onEvents: onTopic("workspace"),
        onError,
        random: Math.random,
      });
      return { url: config.publicUrl };
    },
    createFirstOwnerLink: async () => (config.signUp === "open" ? null : ownerLinks.createFirst()),
    async close() {
      const until = performance.now() + closeGraceMs;
      for (const timer of timers) timer[Symbol.dispose]();
      catalogs[Symbol.dispose]();
      // New work is refused, what runs has the grace period, whoever waits for the rest is answered, and only then connections end.
      http.refuseNew();
      const delivered = deliveries?.[Symbol.asyncDispose]();
      const runs = toolRuns.finishRuns(closeGraceMs);
      await Promise.all([
        runs.then(() => http.finishRunning(answerGraceMs)),
        http.finishRunning(closeGraceMs + answerGraceMs),
      ]);
      await http.close();
      tails.close();
      roles.close();
      callRows.close();
      viewers[Symbol.dispose]();
      history[Symbol.dispose]();
      await delivered;
      const graceMs = Math.max(until - performance.now(), leastBackgroundGraceMs);
      await Promise.all([background.close(graceMs), toolRuns.close()]);
      evictions[Symbol.dispose]();
      await pool.close();
      await refresher.close();
      await sandbox?.close();
      mailer?.close();
      await egress.close();
      // A callback that was still being exchanged fails now, and records that.
      await http.finishRunning(answerGraceMs);
      await tracing?.close();
      await membership?.leave();
      await bus.close();
      await logConnections.close();
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

/** Loaded where it is wanted alone. */
async function openMailer(mail: NonNullable<Config["mail"]>): Promise<Mailer> {
  const { createMailer } = await import("#mail/mailer.ts");
  return createMailer(mail);
}

/** Loaded where it is wanted alone. */
async function openTracing({ traceEndpoint }: Config): Promise<Tracing | null> {
  if (traceEndpoint === null) return null;
  const { createTracing } = await import("./tracing.ts");
  return createTracing({ endpoint: traceEndpoint, version });
}

/** Loaded where it runs alone: an authorization server and both MCP SDKs are a third of all code. */
async function openSandbox(config: Config, logger: pino.Logger) {
  const { startSandbox } = await import("#sandbox/sandbox.ts");
  const { host, port } = config.sandbox;
  return startSandbox({ host, port, log: (message) => logger.debug({ sandbox: true }, message) });
}

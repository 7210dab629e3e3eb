/** Creates the HTTP server: who a request is from, and the routes. */
import { migrationsAreApplied } from "@gatehouse/prisma/migrate";
import { doRegularly } from "#events/regularly.ts";
import { encodeGlobalId, readId } from "#graphql/global-id.ts";
import { printGatehouseSchema } from "#graphql/printed-schema.ts";
import { createAuth } from "#http/auth.ts";
import type { GraphQLHandler } from "#http/graphql-handler.ts";
import { createHttpServer } from "#http/server.ts";
import { createViewerResolver } from "#http/viewer.ts";
import { buildMetadataDocument } from "#oauth/metadata-document.ts";
import type { Platform } from "#platform.ts";
import type { openOwnerLinks } from "#process/owner-links.ts";
import type { CallbackAnswer } from "#services/consent/finish-consent.ts";
import type { Metrics } from "#services/operations/metrics.ts";
import { writePasswordReset, writeSignUpNotice } from "#services/workspace/mail-templates.ts";
import { readLiveCredentials } from "#services/workspace/session-liveness.ts";
import type { Services } from "./services.ts";
import { traceRequests } from "./trace-graphql.ts";

export interface HttpAppDeps {
  graphql: GraphQLHandler;
  metrics: Metrics;
  ownerLinks: ReturnType<typeof openOwnerLinks>;
  /** The folder of the built web app; null: not served. */
  webRoot: string | null;
  /** How long responses may take after what they waited for has ended, in milliseconds. */
  closeTimeoutMs: number;
}

export function createHttpApp(platform: Platform, services: Services, deps: HttpAppDeps) {
  const { config, db, logger, mailer } = platform;
  const { callback, describeFlow, attemptLimits } = services;
  const auth = createSignIn(platform, services, deps.ownerLinks);
  const viewers = createViewers(platform, services, auth);
  const http = createHttpServer({
    host: config.host,
    port: config.port,
    publicUrl: config.publicUrl,
    allowedHosts: config.allowedHosts,
    webRoot: deps.webRoot,
    clientMetadata: config.clientMetadataUrl
      ? buildMetadataDocument({
          url: config.clientMetadataUrl,
          publicUrl: config.publicUrl,
          redirectUri: platform.redirectUri,
        })
      : null,
    auth,
    signInOptions: { passwordReset: mailer !== null },
    viewers,
    graphql: traceRequests(platform.tracing, deps.graphql),
    exports: services.exports,
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
    readMetrics: () => deps.metrics.render(),
    isReady: () =>
      migrationsAreApplied({
        query: async (sql) => ({ rows: await db.$queryRawUnsafe(sql) }),
      }).catch(() => false),
    logger,
    limits: { closeTimeoutMs: deps.closeTimeoutMs },
  });
  return { http, viewers };
}

function createSignIn(
  platform: Platform,
  services: Services,
  ownerLinks: HttpAppDeps["ownerLinks"],
) {
  const { config, db, mailer, background, sendMail, changes } = platform;
  const { invitationAcceptance, workspaces, mailLimits } = services;
  return createAuth({
    database: db,
    attemptLimits: services.attemptLimits,
    secret: platform.secrets.authSecret,
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
    // The token follows the `#`: no server receives this part of an address, not even Gatehouse.
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
    logger: platform.logger,
  });
}

function createViewers(
  { db, isHearing, onTopic, polled }: Platform,
  { apiTokens, roles, readForSubscribers }: Services,
  auth: ReturnType<typeof createAuth>,
) {
  return createViewerResolver({
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
    isHearing,
    doRegularly,
    ...polled,
    readLive: (viewers) => readForSubscribers(readLiveCredentials(db, viewers)),
    watchRight({ userId, apiToken }, onLost) {
      if (!apiToken) return () => {};
      const watch = roles.watch({ workspaceId: apiToken.workspaceId, userId }, onLost);
      return () => watch[Symbol.dispose]();
    },
  });
}

/** Replaces the id of the attempt with its global id, which addresses contain. */
function nameFlow(answer: CallbackAnswer): CallbackAnswer {
  return answer.kind === "finished"
    ? { ...answer, flowId: encodeGlobalId("OAuthFlow", answer.flowId) }
    : answer;
}

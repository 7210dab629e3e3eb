import type { Database, McpServer } from "@gatehouse/prisma";
import type { Credentials, Refusal } from "#mcp/connection/session.ts";
import { findBearerChallenge } from "#oauth/challenge.ts";
import type { Refresher } from "#oauth/refresher.ts";
import { splitScopes, unionScopes } from "#oauth/scopes.ts";
import { nextState, type OAuthEvent, type OAuthReason } from "#oauth/state.ts";
import { isExhausted } from "#oauth/step-up.ts";
import type { GrantLifecycle } from "#storage/grant-lifecycle.ts";
import type { ServerSecrets } from "#storage/server-secrets.ts";
import type { AuthorizationRequired } from "./authorization-required.ts";
import type { IssuerChanges } from "./issuer-changes.ts";
import type { BackgroundTasks } from "#async/background-tasks.ts";
import type { CallCaches } from "../cache/call-caches.ts";
import { keyOfAccount } from "../cache/account-key.ts";
import { connectsItself } from "./connects-itself.ts";
import type { Detector } from "../discovery/detection.ts";
import type { TokenRejections } from "./token-rejections.ts";
import { boundless, changedMeanwhile, insatiable, moved, type Stop } from "./refusal.ts";
import {
  createAccessTokenCache,
  type ReadToken,
  type SentToken,
} from "../cache/access-token-cache.ts";

/** Provides the credentials for the calls of one owner at one server. */
export interface Accounts {
  /** Returns credentials for the settings of `server` as they were read. After the settings change, they provide no more headers. */
  credentials(server: McpServer, ownerId: string): Credentials;
  /**
   * Called after the server accepted a call. Clears TOKEN_REJECTED. Returns synchronously if the account is known not to have this
   * reason.
   */
  accepted(server: McpServer, ownerId: string): void | Promise<void>;
  /** Returns null if the account can be used; synchronously if its token is cached. */
  reasonNotToCall(
    server: McpServer,
    ownerId: string,
  ): OAuthReason | null | Promise<OAuthReason | null>;
}

export interface AccountsDeps {
  db: Database;
  secrets: ServerSecrets;
  refresher: Refresher;
  grants: GrantLifecycle;
  detector: Detector;
  authorizationRequired: AuthorizationRequired;
  rejections: TokenRejections;
  moves: IssuerChanges;
  rows: Pick<CallCaches, "servers" | "grants">;
  background: Pick<BackgroundTasks, "start">;
  clock: { monotonicMs(): number };
  /** Starts connecting an account with client credentials if none is connected. Resolves when the attempt has ended, with either result. */
  connectItself(server: McpServer): Promise<void>;
}

const dayMs = 24 * 60 * 60_000;

/** The number of consecutive failures after which it is checked whether the MCP server still uses the same authorization server. */
const doubtfulFailures = 3;

/** The maximum number of scopes in a step-up. They are named by the server, so their number must be limited. */
const maxChallengedScopes = 100;

export function createAccounts(deps: AccountsDeps): Accounts {
  const { db, refresher, rows } = deps;
  const memory = createAccessTokenCache(rows, deps.clock);
  /** Grant rows for which the use has already been recorded. */
  const noted = new WeakSet<object>();

  function findGrant(server: McpServer, ownerId: string) {
    return db.oAuthGrant.findUnique({
      where: { serverId_ownerId: { serverId: server.id, ownerId } },
      select: {
        id: true,
        state: true,
        reason: true,
        version: true,
        connectedAt: true,
        stepUps: true,
        challengedScopes: true,
        issuer: true,
        refreshFailures: true,
        lastUsedAt: true,
      },
    });
  }

  /**
   * Records the use of a grant once per day, because unused grants are not refreshed in the background. Runs in the background, so that
   * calls neither wait for it nor fail because of it.
   */
  function noteUse(grant: { id: string; lastUsedAt: Date | null }): void {
    const { id, lastUsedAt } = grant;
    if (noted.has(grant) || (lastUsedAt && Date.now() - lastUsedAt.getTime() < dayMs)) return;
    noted.add(grant);
    deps.background.start("note of an account's use", async () => {
      await db.$executeRaw`
        UPDATE "OAuthGrant" SET "lastUsedAt" = clock_timestamp()
        WHERE "id" = ${id}::uuid AND ("lastUsedAt" IS NULL OR "lastUsedAt" < clock_timestamp() - interval '23 hours')`;
    });
  }

  /** Changes the state of a grant according to the transition table, if the event still applies to the current grant. */
  async function apply(
    server: McpServer,
    ownerId: string,
    event: OAuthEvent,
    version: number | null,
  ): Promise<"applied" | "superseded"> {
    const grant = await findGrant(server, ownerId);
    if (!grant || grant.state === "DISCONNECTED") return "superseded";
    if (version !== null && grant.version !== version) return "superseded";
    const next = nextState(grant.state, grant.reason, event);
    if (next.state === grant.state && next.reason === grant.reason) return "applied";
    if (next.state !== "CONNECTED" && next.state !== "REAUTH_REQUIRED") return "applied";
    const { state, reason } = grant;
    const changed = await deps.grants.changeState(
      grant.id,
      { state, reason, version: grant.version },
      next,
    );
    return changed ? "applied" : "superseded";
  }

  /** Returns a valid token, regardless of the server's settings. */
  async function askForToken(
    server: McpServer,
    ownerId: string,
    rejected?: string,
  ): Promise<ReadToken | Stop> {
    let grant = await findGrant(server, ownerId);
    if (connectsItself(server, grant)) {
      await deps.connectItself(server);
      grant = await findGrant(server, ownerId);
    }
    if (!grant || grant.state === "DISCONNECTED")
      return { kind: "reauth", reason: grant?.reason ?? "NOT_CONNECTED" };
    noteUse(grant);
    const answer = await refresher.accessToken(
      grant.id,
      rejected === undefined ? {} : { rejected },
    );
    switch (answer.kind) {
      case "token":
        return {
          token: answer.accessToken,
          version: answer.version,
          grantId: grant.id,
          expiresInMs: answer.expiresInMs,
        };
      case "dead":
        return { kind: "reauth", reason: answer.reason };
      case "gone":
        return { kind: "reauth", reason: "NOT_CONNECTED" };
      case "transient":
        return { kind: "transient", message: answer.detail };
    }
  }

  /** Returns a token that may be sent to `server` with the settings that were read. */
  async function readToken(
    server: McpServer,
    ownerId: string,
    rejected?: string,
  ): Promise<SentToken | Stop> {
    const prepared = await memory.prepare(server, ownerId);
    const answer = await askForToken(server, ownerId, rejected);
    if ("kind" in answer) return answer;
    // Checked after the token was read. A change of the settings ends earlier grants first, so a token that was read under unchanged
    // settings belongs to them and is never sent to an outdated URL.
    const settings = await db.mcpServer.findUnique({
      where: { id: server.id },
      select: { configVersion: true, deletedAt: true },
    });
    if (settings?.configVersion !== server.configVersion || settings.deletedAt !== null)
      return changedMeanwhile;
    prepared.keep(answer);
    return answer;
  }

  /** Returns the cached token, or null if it must be read. */
  function recallToken(server: McpServer, ownerId: string): SentToken | null {
    const known = memory.recall(server, ownerId);
    if (!known) return null;
    noteUse(known.grant);
    return known.sent;
  }

  /** Handles 403 `insufficient_scope`: the token is valid but lacks scopes, unless a newer token has replaced it. */
  async function scopeInsufficient(
    server: McpServer,
    ownerId: string,
    version: number,
    scope: string | null | undefined,
  ): Promise<Stop> {
    memory.forget(server, ownerId);
    const grant = await findGrant(server, ownerId);
    if (grant?.version !== version) return changedMeanwhile;
    const challenged = splitScopes(scope);
    if (isExhausted(grant.stepUps, challenged)) return insatiable(challenged);
    if (unionScopes(grant.challengedScopes, challenged).length > maxChallengedScopes)
      return boundless;
    // Stored before the user is notified, because the user may consent immediately. A single statement, because concurrent calls may
    // require further scopes. Sorted, so that equal sets have equal names.
    await db.$executeRaw`
      UPDATE "OAuthGrant" SET "challengedScopes" = ARRAY(
        SELECT DISTINCT s COLLATE "C" AS "scope" FROM unnest(coalesce("challengedScopes", '{}') || ${challenged}::text[]) AS s ORDER BY "scope")
      WHERE "id" = ${grant.id}::uuid AND "version" = ${version}`;
    if ((await apply(server, ownerId, { type: "scopeInsufficient" }, version)) === "superseded")
      return changedMeanwhile;
    return { kind: "reauth", reason: "INSUFFICIENT_SCOPE" };
  }

  /**
   * Handles a 401 or 403 for a token: refreshes it once, detects insufficient scopes, and suspends the account if the server rejects every
   * token.
   */
  async function tokenRefused(
    server: McpServer,
    ownerId: string,
    refusal: Refusal,
    sent: SentToken | null,
  ): Promise<"retry" | Stop> {
    const challenge = refusal.wwwAuthenticate
      ? findBearerChallenge(new Headers({ "www-authenticate": refusal.wwwAuthenticate }))
      : null;
    if (refusal.status === 403)
      return challenge?.error === "insufficient_scope" && sent
        ? scopeInsufficient(server, ownerId, sent.version, challenge.scope)
        : {
            kind: "forbidden",
            message: "The server does not allow this call to the connected account.",
          };
    memory.forget(server, ownerId);
    const renewed = await readToken(server, ownerId, sent?.token);
    if (!("kind" in renewed) && renewed.token !== sent?.token && refusal.mayRetry) return "retry";
    if ("kind" in renewed && renewed.kind !== "transient") return renewed;
    const grant = await findGrant(server, ownerId);
    // The newest token was rejected, or no newer one can be obtained. The MCP server may now require a different authorization server.
    if (grant && (await deps.moves.check(server, grant, challenge))) return moved;
    if ("kind" in renewed) return renewed;
    if (!deps.rejections.note(renewed.grantId, grant?.connectedAt?.toISOString() ?? ""))
      return {
        kind: "transient",
        message: "The server refuses a token that was issued a moment ago.",
      };
    await apply(server, ownerId, { type: "tokenRejected" }, renewed.version);
    return { kind: "reauth", reason: "TOKEN_REJECTED" };
  }

  /**
   * Whether the MCP server uses a different authorization server by now. Checked after repeated refresh failures too: without a token no
   * request is sent, so no rejection can reveal the change.
   */
  async function isStranded(server: McpServer, ownerId: string, { kind }: Stop): Promise<boolean> {
    if (kind !== "transient") return false;
    const grant = await findGrant(server, ownerId);
    if (!grant || grant.refreshFailures < doubtfulFailures) return false;
    return deps.moves.check(server, grant, null);
  }

  /** Handles a server that now requires OAuth, after it was open or used headers. */
  async function headersRefused(server: McpServer, ownerId: string): Promise<Stop> {
    if (server.authType === "HEADERS") return { kind: "headers-rejected" };
    const { authType } = await deps.detector.detect(server.url);
    if (authType !== "OAUTH") return { kind: "headers-rejected" };
    await deps.authorizationRequired.note(server, ownerId);
    const grant = await findGrant(server, ownerId);
    return grant?.state === "CONNECTED"
      ? changedMeanwhile
      : { kind: "reauth", reason: grant?.reason ?? "NOT_CONNECTED" };
  }

  async function liftSuspension(server: McpServer, ownerId: string): Promise<void> {
    const grant = await findGrant(server, ownerId);
    if (!grant) return;
    deps.rejections.forget(grant.id);
    if (grant.reason === "TOKEN_REJECTED")
      await apply(server, ownerId, { type: "tokenAccepted" }, grant.version);
  }

  async function findReason(server: McpServer, ownerId: string): Promise<OAuthReason | null> {
    const answer = await askForToken(server, ownerId);
    return "kind" in answer && answer.kind === "reauth" ? answer.reason : null;
  }

  return {
    credentials(server, ownerId) {
      const configured = deps.secrets.openHeaders(server);
      return {
        async headers() {
          if (server.authType !== "OAUTH") return { kind: "headers", headers: configured };
          const answer = recallToken(server, ownerId) ?? (await readToken(server, ownerId));
          if ("kind" in answer)
            return {
              kind: "unavailable",
              cause: (await isStranded(server, ownerId, answer)) ? moved : answer,
            };
          return {
            kind: "headers",
            headers: { ...configured, authorization: `Bearer ${answer.token}` },
            receipt: answer,
          };
        },
        async refused(refusal) {
          const sent = (refusal.receipt as SentToken | undefined) ?? null;
          const verdict =
            server.authType === "OAUTH"
              ? await tokenRefused(server, ownerId, refusal, sent)
              : await headersRefused(server, ownerId);
          return verdict === "retry" ? "retry" : { stop: { ...verdict, answered: true } };
        },
      };
    },

    accepted(server, ownerId) {
      if (server.authType !== "OAUTH") return;
      const known = rows.grants.recall(keyOfAccount(server.id, ownerId));
      if (!known || known.reason === "TOKEN_REJECTED") return liftSuspension(server, ownerId);
      deps.rejections.forget(known.id);
    },

    reasonNotToCall(server, ownerId) {
      if (server.authType !== "OAUTH" || recallToken(server, ownerId)) return null;
      return findReason(server, ownerId);
    },
  };
}

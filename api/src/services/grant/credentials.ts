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
import type { AuthorizationServerMoves } from "./issuer-changes.ts";
import type { Background } from "#async/background-tasks.ts";
import type { CallRows } from "../cache/call-caches.ts";
import { keyOfAccount } from "../cache/account-key.ts";
import { connectsItself } from "./connects-itself.ts";
import type { Detector } from "../discovery/detection.ts";
import type { Rejections } from "./token-rejections.ts";
import { boundless, changedMeanwhile, insatiable, moved, type Stop } from "./refusal.ts";
import { createTokenMemory, type ReadToken, type SentToken } from "../cache/access-token-cache.ts";

/** What the calls of one owner at one server go out with. */
export interface Accounts {
  /** For the settings of `server` as they were read: once they change, nothing more goes out with them. */
  credentials(server: McpServer, ownerId: string): Credentials;
  /** After a call that the server took: lifts TOKEN_REJECTED. At once, without a promise, where that is known not to be the matter. */
  accepted(server: McpServer, ownerId: string): void | Promise<void>;
  /** Null: the account is usable, which is said at once where its token is remembered. */
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
  rejections: Rejections;
  moves: AuthorizationServerMoves;
  rows: Pick<CallRows, "servers" | "grants">;
  background: Pick<Background, "start">;
  clock: { monotonicMs(): number };
  /** Where client credentials are set and nothing is connected; returns when that is over, whatever came of it. */
  connectItself(server: McpServer): Promise<void>;
}

const dayMs = 24 * 60 * 60_000;

/** After so many failures in a row it is worth asking whether the authorization server is still the server's. */
const doubtfulFailures = 3;

/** Strangers name them: a consent can be about so many, and a row holds no more. */
const maxChallengedScopes = 100;

export function createAccounts(deps: AccountsDeps): Accounts {
  const { db, refresher, rows } = deps;
  const memory = createTokenMemory(rows, deps.clock);
  /** Grants as they were read, whose use is written down. */
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

  /** To the day; for the renewals, which leave alone what nobody uses. A call neither waits nor fails for it. */
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

  /** Moves a grant by the one transition table, if it is still the one that the event is about. */
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

  /** A token that is good now, under whatever settings. */
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

  /** One that may be sent to `server` as its settings were read. */
  async function readToken(
    server: McpServer,
    ownerId: string,
    rejected?: string,
  ): Promise<SentToken | Stop> {
    const prepared = await memory.prepare(server, ownerId);
    const answer = await askForToken(server, ownerId, rejected);
    if ("kind" in answer) return answer;
    // Asked after the token was read: a change of settings ends the grants before it, so a token that was read under
    // unchanged settings belongs to them, and never goes to the address of old ones.
    const settings = await db.mcpServer.findUnique({
      where: { id: server.id },
      select: { configVersion: true, deletedAt: true },
    });
    if (settings?.configVersion !== server.configVersion || settings.deletedAt !== null)
      return changedMeanwhile;
    prepared.keep(answer);
    return answer;
  }

  /** The same where it is remembered; null: it has to be read. */
  function recallToken(server: McpServer, ownerId: string): SentToken | null {
    const known = memory.recall(server, ownerId);
    if (!known) return null;
    noteUse(known.grant);
    return known.sent;
  }

  /** 403 `insufficient_scope`: the token is genuine and too narrow, unless a newer one has taken its place. */
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
    // Before anybody is told, for they may consent at once; in one statement, for others may be challenged for more. In an order of
    // its own, so that it is one name for one set.
    await db.$executeRaw`
      UPDATE "OAuthGrant" SET "challengedScopes" = ARRAY(
        SELECT DISTINCT s COLLATE "C" AS "scope" FROM unnest(coalesce("challengedScopes", '{}') || ${challenged}::text[]) AS s ORDER BY "scope")
      WHERE "id" = ${grant.id}::uuid AND "version" = ${version}`;
    if ((await apply(server, ownerId, { type: "scopeInsufficient" }, version)) === "superseded")
      return changedMeanwhile;
    return { kind: "reauth", reason: "INSUFFICIENT_SCOPE" };
  }

  /** A 401 or 403 to a token: renew it once, tell a narrow one, give up on a server that refuses every one. */
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
    // The newest token is refused, or there is no newer one to be had: another authorization server may be asked for by now.
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

  /** No token is to be had of an authorization server that is gone, so that nothing goes out which the server could refuse. */
  async function isStranded(server: McpServer, ownerId: string, { kind }: Stop): Promise<boolean> {
    if (kind !== "transient") return false;
    const grant = await findGrant(server, ownerId);
    if (!grant || grant.refreshFailures < doubtfulFailures) return false;
    return deps.moves.check(server, grant, null);
  }

  /** A server that was open, or took a key, and now wants more. */
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

import type { Database, McpServer } from "@gatehouse/prisma";
import type { Credentials } from "../mcp/session.ts";
import { findBearerChallenge } from "../oauth/challenge.ts";
import { type Refresher } from "../oauth/refresher.ts";
import { splitScopes } from "../oauth/scopes.ts";
import { nextState, type OAuthEvent, type OAuthReason } from "../oauth/state.ts";
import type { GrantLifecycle } from "../storage/grant-lifecycle.ts";
import type { ServerSecrets } from "../storage/server-secrets.ts";
import type { Detector } from "./detection.ts";

/** Why a request got no credentials that the server accepts. */
export type Stop =
  | { kind: "reauth"; reason: OAuthReason }
  /** Configured headers were refused. */
  | { kind: "headers-rejected" }
  /** The server said no to this call, whoever asks. */
  | { kind: "forbidden"; message: string }
  | { kind: "transient"; message: string };

/** What the calls of one owner at one server go out with. */
export interface Accounts {
  credentials(server: McpServer, ownerId: string): Credentials;
  /** After a call that the server took: lifts TOKEN_REJECTED. */
  accepted(server: McpServer, ownerId: string): Promise<void>;
  /** Null: the account is usable. */
  reasonNotToCall(server: McpServer, ownerId: string): Promise<OAuthReason | null>;
}

export interface AccountsDeps {
  db: Database;
  secrets: ServerSecrets;
  refresher: Refresher;
  grants: GrantLifecycle;
  detector: Detector;
}

/** Fresh tokens refused so often in a row mean that the server, not the token, is in trouble. */
const rejectionsUntilSuspended = 3;

export function createAccounts(deps: AccountsDeps): Accounts {
  const { db, refresher } = deps;
  const rejections = new Map<string, number>();

  function findGrant(server: McpServer, ownerId: string) {
    return db.oAuthGrant.findUnique({
      where: { serverId_ownerId: { serverId: server.id, ownerId } },
      select: { id: true, state: true, reason: true },
    });
  }

  /** Moves a grant by the one transition table. */
  async function apply(server: McpServer, ownerId: string, event: OAuthEvent): Promise<void> {
    const grant = await findGrant(server, ownerId);
    if (!grant || grant.state === "DISCONNECTED") return;
    const next = nextState(grant.state, grant.reason, event);
    if (next.state === grant.state && next.reason === grant.reason) return;
    if (next.state === "CONNECTED" || next.state === "REAUTH_REQUIRED")
      await deps.grants.changeState(grant.id, { state: grant.state, reason: grant.reason }, next);
  }

  async function readToken(
    server: McpServer,
    ownerId: string,
    rejected?: string,
  ): Promise<{ token: string; grantId: string } | Stop> {
    const grant = await findGrant(server, ownerId);
    if (!grant || grant.state === "DISCONNECTED")
      return { kind: "reauth", reason: grant?.reason ?? "NOT_CONNECTED" };
    const answer = await refresher.accessToken(
      grant.id,
      rejected === undefined ? {} : { rejected },
    );
    switch (answer.kind) {
      case "token":
        return { token: answer.accessToken, grantId: grant.id };
      case "dead":
        return { kind: "reauth", reason: answer.reason };
      case "gone":
        return { kind: "reauth", reason: "NOT_CONNECTED" };
      case "transient":
        return { kind: "transient", message: answer.detail };
    }
  }

  /** A 401 or 403 to a token: renew it once, tell a narrow one, give up on a server that refuses every one. */
  async function tokenRefused(
    server: McpServer,
    ownerId: string,
    refusal: Parameters<Credentials["refused"]>[0],
  ): Promise<"retry" | Stop> {
    const challenge = refusal.wwwAuthenticate
      ? findBearerChallenge(new Headers({ "www-authenticate": refusal.wwwAuthenticate }))
      : null;
    if (refusal.status === 403) {
      if (challenge?.error !== "insufficient_scope")
        return {
          kind: "forbidden",
          message: "The server does not allow this call to the connected account.",
        };
      await db.oAuthGrant.updateMany({
        where: { serverId: server.id, ownerId },
        data: { challengedScopes: splitScopes(challenge.scope) },
      });
      await apply(server, ownerId, { type: "scopeInsufficient" });
      return { kind: "reauth", reason: "INSUFFICIENT_SCOPE" };
    }
    const sent = refusal.sentHeaders["authorization"]?.replace(/^Bearer /, "");
    const renewed = await readToken(server, ownerId, sent);
    if ("kind" in renewed) return renewed;
    if (renewed.token !== sent && refusal.mayRetry) return "retry";
    const count = (rejections.get(renewed.grantId) ?? 0) + 1;
    rejections.set(renewed.grantId, count);
    if (count < rejectionsUntilSuspended)
      return {
        kind: "transient",
        message: "The server refuses a token that was issued a moment ago.",
      };
    await apply(server, ownerId, { type: "tokenRejected" });
    return { kind: "reauth", reason: "TOKEN_REJECTED" };
  }

  /** A server that was open, or took a key, and now wants more. */
  async function headersRefused(server: McpServer): Promise<Stop> {
    if (server.authType === "HEADERS") return { kind: "headers-rejected" };
    const { authType } = await deps.detector.detect(server.url);
    if (authType !== "OAUTH") return { kind: "headers-rejected" };
    await db.mcpServer.updateMany({
      where: { id: server.id, configVersion: server.configVersion },
      data: { authType, configVersion: { increment: 1 } },
    });
    return { kind: "reauth", reason: "NOT_CONNECTED" };
  }

  return {
    credentials(server, ownerId) {
      const configured = deps.secrets.openHeaders(server);
      return {
        async headers() {
          if (server.authType !== "OAUTH") return { kind: "headers", headers: configured };
          const answer = await readToken(server, ownerId);
          if ("kind" in answer) return { kind: "unavailable", cause: answer };
          return {
            kind: "headers",
            headers: { ...configured, authorization: `Bearer ${answer.token}` },
          };
        },
        async refused(refusal) {
          const verdict =
            server.authType === "OAUTH"
              ? await tokenRefused(server, ownerId, refusal)
              : await headersRefused(server);
          return verdict === "retry" ? "retry" : { stop: verdict };
        },
      };
    },

    async accepted(server, ownerId) {
      if (server.authType !== "OAUTH") return;
      const grant = await findGrant(server, ownerId);
      if (!grant) return;
      rejections.delete(grant.id);
      if (grant.reason === "TOKEN_REJECTED")
        await apply(server, ownerId, { type: "tokenAccepted" });
    },

    async reasonNotToCall(server, ownerId) {
      if (server.authType !== "OAUTH") return null;
      const answer = await readToken(server, ownerId);
      return "kind" in answer && answer.kind === "reauth" ? answer.reason : null;
    },
  };
}

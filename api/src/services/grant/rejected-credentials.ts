import type { Database, McpServer } from "@gatehouse/prisma";
import type { Refusal } from "#mcp/connection/session.ts";
import { type BearerChallenge, findBearerChallenge } from "#oauth/challenge.ts";
import { splitScopes, unionScopes } from "#oauth/scopes.ts";
import { nextState, type OAuthEvent } from "#oauth/state.ts";
import { isExhausted } from "#oauth/step-up.ts";
import type { GrantLifecycle } from "#storage/grant-lifecycle.ts";
import type { SentToken } from "../cache/access-token-cache.ts";
import type { Detector } from "../discovery/detection.ts";
import type { AccountKeys, OwnHeaders } from "./account-keys.ts";
import type { AccessTokens } from "./access-tokens.ts";
import type { AuthorizationRequired } from "./authorization-required.ts";
import { findGrant } from "./find-grant.ts";
import type { IssuerChanges } from "./issuer-changes.ts";
import { boundless, changedMeanwhile, insatiable, moved, type Stop } from "./refusal.ts";
import type { TokenRejections } from "./token-rejections.ts";

export interface RejectionDeps {
  db: Database;
  grants: GrantLifecycle;
  detector: Detector;
  authorizationRequired: AuthorizationRequired;
  rejections: TokenRejections;
  moves: IssuerChanges;
  keys: AccountKeys;
}

/** The maximum number of scopes in a step-up. They are named by the server, so their number must be limited. */
const maxChallengedScopes = 100;
/** The number of consecutive failed refreshes after which it is checked whether the MCP server still uses the same authorization server. */
export const doubtfulFailures = 3;

/**
 * Handles a 401 or 403 for a token: refreshes it once, detects insufficient scopes, and suspends the account if the server rejects every
 * token.
 */
export async function handleRejectedToken(
  deps: RejectionDeps,
  tokens: AccessTokens,
  server: McpServer,
  ownerId: string,
  refusal: Refusal,
  sent: SentToken | null,
): Promise<"retry" | "new-session" | Stop> {
  const challenge = readChallenge(refusal);
  if (refusal.status === 403) {
    if (challenge?.error !== "insufficient_scope" || !sent)
      return refusal.isSessionDoubtful
        ? "new-session"
        : {
            kind: "forbidden",
            message: "The server does not allow this call to the connected account.",
          };
    tokens.forget(server, ownerId);
    return requireScopes(deps, server, ownerId, sent.version, splitScopes(challenge.scope));
  }
  tokens.forget(server, ownerId);
  const refreshed = await tokens.read(server, ownerId, {
    token: sent?.token ?? "",
    wasAccepted: sent !== null && deps.rejections.wasAccepted(sent.grantId, sent.version),
  });
  if (!("kind" in refreshed) && refreshed.token !== sent?.token && refusal.mayRetry) return "retry";
  if ("kind" in refreshed && refreshed.kind !== "transient") return refreshed;
  if (!("kind" in refreshed) && refusal.isSessionDoubtful) return "new-session";
  const grant = await findGrant(deps.db, server, ownerId);
  // A single refresh without a result says nothing about the rejection (regressions I21).
  if ("kind" in refreshed && (grant?.refreshFailures ?? 0) < doubtfulFailures) return refreshed;
  // The newest token was rejected, or no newer one can be obtained. The MCP server may now require a different authorization server.
  if (grant && (await deps.moves.check(server, grant, challenge))) return moved;
  if ("kind" in refreshed) return refreshed;
  const consent = grant?.connectedAt?.toISOString() ?? "";
  if (!deps.rejections.note(refreshed.grantId, consent, refreshed.version))
    return {
      kind: "transient",
      message: "The server rejected an access token that was issued a moment ago.",
    };
  await applyEvent(deps, server, ownerId, { type: "tokenRejected" }, refreshed.version);
  return { kind: "reauth", reason: "TOKEN_REJECTED" };
}

function readChallenge({ wwwAuthenticate }: Refusal): BearerChallenge | null {
  return wwwAuthenticate
    ? findBearerChallenge(new Headers({ "www-authenticate": wwwAuthenticate }))
    : null;
}

/**
 * Handles 403 `insufficient_scope`: the token is valid but lacks scopes, unless a newer token has replaced it.
 * @param version the version of the grant that the token belongs to
 */
async function requireScopes(
  deps: RejectionDeps,
  server: McpServer,
  ownerId: string,
  version: number,
  challenged: string[],
): Promise<Stop> {
  const grant = await findGrant(deps.db, server, ownerId);
  if (grant?.version !== version) return changedMeanwhile;
  if (isExhausted(grant.stepUps, challenged)) return insatiable(challenged);
  if (unionScopes(grant.challengedScopes, challenged).length > maxChallengedScopes)
    return boundless;
  // Stored before the user is notified, because the user may consent immediately. A single statement, because concurrent calls may
  // require further scopes. Sorted, so that equal sets have equal names.
  await deps.db.$executeRaw`
    UPDATE "OAuthGrant" SET "challengedScopes" = ARRAY(
      SELECT DISTINCT s COLLATE "C" AS "scope" FROM unnest(coalesce("challengedScopes", '{}') || ${challenged}::text[]) AS s ORDER BY "scope")
    WHERE "id" = ${grant.id}::uuid AND "version" = ${version}`;
  const event = { type: "scopeInsufficient" } as const;
  if ((await applyEvent(deps, server, ownerId, event, version)) === "superseded")
    return changedMeanwhile;
  return { kind: "reauth", reason: "INSUFFICIENT_SCOPE" };
}

/**
 * Handles a server that rejects the account's key, or that was open and now requires a key or OAuth.
 * @param own the account's own headers, if the server was known to require a key
 */
export async function handleRejectedHeaders(
  deps: RejectionDeps,
  server: McpServer,
  ownerId: string,
  refusal: Refusal,
  own: OwnHeaders | undefined,
): Promise<"new-session" | Stop> {
  if (refusal.isSessionDoubtful) return "new-session";
  if (server.authType === "HEADERS") {
    await deps.keys.rejected(server, ownerId, own?.version ?? 0);
    return { kind: "headers-rejected" };
  }
  const challenge = readChallenge(refusal);
  const { authType } = await deps.detector.detect(server.url, { rejection: { challenge } });
  if (authType === "HEADERS" && refusal.status === 401)
    await deps.authorizationRequired.noteKey(server, ownerId);
  if (authType !== "OAUTH") return { kind: "headers-rejected" };
  await deps.authorizationRequired.note(server, ownerId);
  const grant = await findGrant(deps.db, server, ownerId);
  return grant?.state === "CONNECTED"
    ? changedMeanwhile
    : { kind: "reauth", reason: grant?.reason ?? "NOT_CONNECTED" };
}

/** Clears TOKEN_REJECTED after the server accepted a token. */
export async function liftSuspension(
  deps: RejectionDeps,
  server: McpServer,
  ownerId: string,
): Promise<void> {
  const grant = await findGrant(deps.db, server, ownerId);
  if (!grant) return;
  deps.rejections.accept(grant.id, grant.version);
  if (grant.reason === "TOKEN_REJECTED")
    await applyEvent(deps, server, ownerId, { type: "tokenAccepted" }, grant.version);
}

/** Changes the state of a grant according to the transition table, if the event still applies to the current grant. */
async function applyEvent(
  { db, grants }: RejectionDeps,
  server: McpServer,
  ownerId: string,
  event: OAuthEvent,
  version: number,
): Promise<"applied" | "superseded"> {
  const grant = await findGrant(db, server, ownerId);
  if (!grant || grant.state === "DISCONNECTED") return "superseded";
  if (grant.version !== version) return "superseded";
  const next = nextState(grant.state, grant.reason, event);
  if (next.state === grant.state && next.reason === grant.reason) return "applied";
  if (next.state !== "CONNECTED" && next.state !== "REAUTH_REQUIRED") return "applied";
  const { state, reason } = grant;
  const changed = await grants.changeState(
    grant.id,
    { state, reason, version: grant.version },
    next,
  );
  return changed ? "applied" : "superseded";
}

import type { Database, McpServer } from "@gatehouse/prisma";
import type { Credentials } from "#mcp/connection/session.ts";
import type { OAuthReason } from "#oauth/state.ts";
import type { ServerSecrets } from "#storage/server-secrets.ts";
import type { SentToken } from "../cache/access-token-cache.ts";
import { mergeOwnHeaders } from "../access/merge-headers.ts";
import { keyOfAccount } from "../cache/account-key.ts";
import type { OwnHeaders } from "./account-keys.ts";
import { type AccessTokens, type AccessTokensDeps, createAccessTokens } from "./access-tokens.ts";
import { findGrant } from "./find-grant.ts";
import type { IssuerChanges } from "./issuer-changes.ts";
import { changedMeanwhile, moved, type Stop } from "./refusal.ts";
import {
  doubtfulFailures,
  handleRejectedHeaders,
  handleRejectedToken,
  liftSuspension,
  type RejectionDeps,
} from "./rejected-credentials.ts";

/** Provides the credentials for the calls of one owner at one server. */
export interface Accounts {
  /** Returns credentials for the settings of `server` as they were read. After the settings change, they provide no more headers. */
  credentials(server: McpServer, ownerId: string): Credentials;
  /**
   * Called after the server accepted a call. Clears TOKEN_REJECTED and KEY_REJECTED. Returns synchronously if the account is known not to
   * have these reasons.
   */
  accepted(server: McpServer, ownerId: string): void | Promise<void>;
  /** Returns null if the account can be used; synchronously if its token is cached. */
  reasonNotToCall(
    server: McpServer,
    ownerId: string,
  ): OAuthReason | null | Promise<OAuthReason | null>;
}

export interface AccountsDeps extends AccessTokensDeps, RejectionDeps {
  secrets: ServerSecrets;
}

export function createAccounts(deps: AccountsDeps): Accounts {
  const tokens = createAccessTokens(deps);

  return {
    credentials(server, ownerId) {
      const configured = deps.secrets.openHeaders(server);
      return {
        async headers() {
          if (server.authType === "HEADERS") {
            const own = await deps.keys.read(server, ownerId);
            if (!own) return { kind: "unavailable", cause: changedMeanwhile };
            const headers = mergeOwnHeaders(configured, own.headers);
            return { kind: "headers", headers, receipt: own };
          }
          if (server.authType !== "OAUTH") return { kind: "headers", headers: configured };
          const answer = tokens.recall(server, ownerId) ?? (await tokens.read(server, ownerId));
          if ("kind" in answer)
            return {
              kind: "unavailable",
              cause: (await isStranded(deps, server, ownerId, answer)) ? moved : answer,
            };
          return {
            kind: "headers",
            headers: { ...configured, authorization: `Bearer ${answer.token}` },
            receipt: answer,
          };
        },
        async refused(refusal) {
          const verdict =
            server.authType === "OAUTH"
              ? await handleRejectedToken(
                  deps,
                  tokens,
                  server,
                  ownerId,
                  refusal,
                  (refusal.receipt as SentToken | undefined) ?? null,
                )
              : await handleRejectedHeaders(
                  deps,
                  server,
                  ownerId,
                  refusal,
                  refusal.receipt as OwnHeaders | undefined,
                );
          return typeof verdict === "string" ? verdict : { stop: { ...verdict, answered: true } };
        },
      };
    },

    accepted(server, ownerId) {
      if (server.authType === "HEADERS") return deps.keys.accepted(server, ownerId);
      if (server.authType !== "OAUTH") return;
      const known = deps.rows.grants.recall(keyOfAccount(server.id, ownerId));
      if (!known || known.reason === "TOKEN_REJECTED") return liftSuspension(deps, server, ownerId);
      deps.rejections.accept(known.id, known.version);
    },

    reasonNotToCall(server, ownerId) {
      if (server.authType !== "OAUTH" || tokens.recall(server, ownerId)) return null;
      return findReason(tokens, server, ownerId);
    },
  };
}

/**
 * Whether the MCP server uses a different authorization server by now. Checked after repeated refresh failures too: without a token no
 * request is sent, so no rejection can reveal the change.
 */
async function isStranded(
  { db, moves }: { db: Database; moves: IssuerChanges },
  server: McpServer,
  ownerId: string,
  { kind }: Stop,
): Promise<boolean> {
  if (kind !== "transient") return false;
  const grant = await findGrant(db, server, ownerId);
  if (!grant || grant.refreshFailures < doubtfulFailures) return false;
  return moves.check(server, grant, null);
}

async function findReason(
  tokens: AccessTokens,
  server: McpServer,
  ownerId: string,
): Promise<OAuthReason | null> {
  const answer = await tokens.ask(server, ownerId);
  return "kind" in answer && answer.kind === "reauth" ? answer.reason : null;
}

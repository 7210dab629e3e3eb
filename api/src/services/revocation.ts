import type { Database } from "@gatehouse/prisma";
import type { Fetch, Grant } from "../oauth/ports.ts";
import { revokeToken } from "../oauth/revocation.ts";
import type { Background } from "./background.ts";

/** Ends tokens at their authorization server, behind the answer. */
export interface Revocation {
  revokeLater(grants: readonly Grant[]): void;
}

/** The client, endpoint and issuer are those that the tokens came from, whatever the settings say now. */
export function createRevocation(deps: {
  db: Database;
  fetchFor(scope: { serverUrl: string }): Fetch;
  background: Background;
  log(message: string, details: object): void;
}): Revocation {
  /** Revoking "by user and client" would end the neighbour's grant too (regressions R18). */
  async function sharesClient({ id, ownerId, issuer, client }: Grant): Promise<boolean> {
    const neighbours = await deps.db.oAuthGrant.count({
      where: {
        id: { not: id },
        ownerId,
        issuer,
        accessToken: { not: null },
        client: { clientId: client.clientId },
      },
    });
    return neighbours > 0;
  }

  async function revoke(grant: Grant, signal: AbortSignal): Promise<void> {
    if (await sharesClient(grant)) {
      deps.log("tokens kept: another grant lives through the same client", {
        issuer: grant.issuer,
        outcome: "KEPT_SHARED",
      });
      return;
    }
    const shared = {
      revocationEndpoint: grant.revocationEndpoint,
      client: grant.client,
      // The resource stands for the MCP server's own URL, which may be gone: it lets loopback servers be reached.
      fetch: deps.fetchFor({ serverUrl: grant.resource ?? grant.issuer }),
      signal,
    };
    // The refresh token first: it is the one that lives on.
    if (grant.refreshToken !== null) {
      const outcome = await revokeToken({
        ...shared,
        token: grant.refreshToken,
        tokenTypeHint: "refresh_token",
      });
      deps.log("refresh token revoked", { issuer: grant.issuer, outcome: outcome.kind });
    }
    const outcome = await revokeToken({
      ...shared,
      token: grant.accessToken,
      tokenTypeHint: "access_token",
    });
    deps.log("access token revoked", { issuer: grant.issuer, outcome: outcome.kind });
  }

  return {
    revokeLater(grants) {
      for (const grant of grants)
        deps.background.start("revocation", (signal) => revoke(grant, signal));
    },
  };
}

import type { McpServer } from "@gatehouse/prisma";
import type { BearerChallenge } from "#oauth/challenge.ts";
import type { GrantMove } from "#storage/grant-move.ts";
import type { Detector } from "../discovery/detection.ts";

/** A grant whose tokens are rejected or cannot be refreshed. */
export interface DoubtfulGrant {
  id: string;
  issuer: string | null;
  version: number;
}

/** Detects that a server is now protected by a different authorization server, which makes the tokens of the previous one useless. */
export interface IssuerChanges {
  /**
   * Returns true if the server has changed its authorization server; the grant then requires consent at the new one. Only metadata that was
   * successfully retrieved counts, so an unavailable server changes nothing (regressions R19). Checks each grant at most once per minute.
   */
  check(
    server: McpServer,
    grant: DoubtfulGrant,
    challenge: BearerChallenge | null,
  ): Promise<boolean>;
}

const intervalMs = 60_000;

export function createIssuerChanges(deps: {
  detector: Pick<Detector, "hasMovedFrom">;
  grants: GrantMove;
  /** Called after a commit that added revocation tasks to the outbox. */
  kickRevocation(): void;
  clock: { monotonicMs(): number };
}): IssuerChanges {
  const looks = new Map<string, { atMs: number; underWay: Promise<boolean> | null }>();

  async function look(
    server: McpServer,
    grant: DoubtfulGrant & { issuer: string },
    challenge: BearerChallenge | null,
  ): Promise<boolean> {
    if (!(await deps.detector.hasMovedFrom(server, grant.issuer, challenge))) return false;
    const isMarked = await deps.grants.markMoved(grant.id, grant.version);
    if (isMarked) deps.kickRevocation();
    return isMarked;
  }

  return {
    async check(server, { id, issuer, version }, challenge) {
      // An issuer set by an admin takes precedence over the server's metadata. With a provider profile the metadata may name a different
      // issuer.
      if (issuer === null || server.oauthAuthorizationServer !== null) return false;
      const nowMs = deps.clock.monotonicMs();
      for (const [key, { atMs }] of looks) if (nowMs - atMs >= intervalMs) looks.delete(key);
      const key = `${id} ${issuer}`;
      const known = looks.get(key);
      if (known) return (await known.underWay) ?? false;
      const underWay = look(server, { id, issuer, version }, challenge);
      const entry: { atMs: number; underWay: Promise<boolean> | null } = { atMs: nowMs, underWay };
      looks.set(key, entry);
      try {
        return await underWay;
      } finally {
        // A newer grant from the same authorization server is not affected by a result for this one.
        entry.underWay = null;
      }
    },
  };
}

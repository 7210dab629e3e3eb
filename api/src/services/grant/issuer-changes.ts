import type { McpServer } from "@gatehouse/prisma";
import type { BearerChallenge } from "#oauth/challenge.ts";
import type { GrantMove } from "#storage/grant-move.ts";
import type { Detector } from "../discovery/detection.ts";

/** A grant whose tokens are refused, or cannot be renewed. */
export interface DoubtfulGrant {
  id: string;
  issuer: string | null;
  version: number;
}

/** Notices that a server is protected by another authorization server now, which no token of the old one will ever please. */
export interface AuthorizationServerMoves {
  /**
   * True: it has moved, and the grant waits for consent there. Only metadata that was really answered says so; a server in trouble
   * changes nothing (regressions R19). At most one look a minute per grant.
   */
  check(
    server: McpServer,
    grant: DoubtfulGrant,
    challenge: BearerChallenge | null,
  ): Promise<boolean>;
}

const intervalMs = 60_000;

export function createAuthorizationServerMoves(deps: {
  detector: Pick<Detector, "hasMovedFrom">;
  grants: GrantMove;
  /** After a commit that put tokens into the outbox. */
  kickRevocation(): void;
  clock: { monotonicMs(): number };
}): AuthorizationServerMoves {
  const looks = new Map<string, { atMs: number; underWay: Promise<boolean> | null }>();

  async function look(
    server: McpServer,
    grant: DoubtfulGrant & { issuer: string },
    challenge: BearerChallenge | null,
  ): Promise<boolean> {
    if (!(await deps.detector.hasMovedFrom(server.url, grant.issuer, challenge))) return false;
    const isMarked = await deps.grants.markMoved(grant.id, grant.version);
    if (isMarked) deps.kickRevocation();
    return isMarked;
  }

  return {
    async check(server, { id, issuer, version }, challenge) {
      // What an admin has set counts, whatever the server says; under a profile its metadata may name another issuer.
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
        // A later grant of the same authorization server is not judged by what was found about this one.
        entry.underWay = null;
      }
    },
  };
}

import type { Database } from "@gatehouse/prisma";

/** What an authorization server refused although its metadata does not exclude it. */
export interface IssuerRefusals {
  /** The parameter `resource` (RFC 8707). */
  resource: boolean;
  /** The scope offline_access. */
  offlineAccess: boolean;
}

/** Remembers refusals per workspace and issuer, so that later requests leave out what was refused. */
export interface IssuerRefusalStore {
  read(workspaceId: string, issuer: string): Promise<IssuerRefusals>;
  note(workspaceId: string, issuer: string, refused: keyof IssuerRefusals): Promise<void>;
}

const none: IssuerRefusals = { resource: false, offlineAccess: false };
/** Later, the authorization server is asked again, because it may have been changed. */
const memoryMs = 30 * 24 * 60 * 60_000;

export function createIssuerRefusalStore(db: Database): IssuerRefusalStore {
  return {
    async read(workspaceId, issuer) {
      const row = await db.issuerRefusal.findFirst({
        where: { workspaceId, issuer, updatedAt: { gt: new Date(Date.now() - memoryMs) } },
        select: { resource: true, offlineAccess: true },
      });
      return row ?? none;
    },
    async note(workspaceId, issuer, refused) {
      await db.issuerRefusal.upsert({
        where: { workspaceId_issuer: { workspaceId, issuer } },
        create: { workspaceId, issuer, [refused]: true },
        update: { [refused]: true },
      });
    },
  };
}

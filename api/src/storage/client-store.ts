import type { ClientRegistrationKind, Database, OAuthClient } from "@gatehouse/prisma";
import type { SealedBox } from "../crypto/sealed-box.ts";
import type { GrantClient } from "../oauth/ports.ts";

export interface NewClient {
  kind: ClientRegistrationKind;
  serverId: string;
  issuer: string;
  redirectUri: string;
  clientId: string;
  clientSecret: string | null;
  clientSecretExpiresAt: Date | null;
  tokenEndpointAuthMethod: string;
  /** RFC 7592. */
  registrationAccessToken: string | null;
  registrationClientUri: string | null;
}

/** Client registrations: each belongs to one server and one issuer, and is used again at every later consent. */
export interface ClientStore {
  /** The registration of a kind that still works; one whose secret runs out within a minute does not. */
  findValid(key: {
    serverId: string;
    issuer: string;
    redirectUri: string;
    kind: ClientRegistrationKind;
  }): Promise<GrantClient | null>;
  find(id: string): Promise<GrantClient | null>;
  /** The authorization server does not know it any more; the next consent registers anew. */
  retire(id: string): Promise<void>;
  add(client: NewClient): Promise<GrantClient>;
}

export function createClientStore(deps: {
  db: Database;
  box: SealedBox;
  newId(): string;
}): ClientStore {
  const { db, box } = deps;
  const context = (column: string, rowId: string) => ({ table: "OAuthClient", column, rowId });
  const open = (row: OAuthClient): GrantClient => ({
    id: row.id,
    clientId: row.clientId,
    clientSecret: row.clientSecret && box.open(row.clientSecret, context("clientSecret", row.id)),
    tokenEndpointAuthMethod: row.tokenEndpointAuthMethod,
  });

  return {
    async findValid(key) {
      const row = await db.oAuthClient.findFirst({
        where: {
          ...key,
          invalidAt: null,
          OR: [
            { clientSecretExpiresAt: null },
            { clientSecretExpiresAt: { gt: new Date(Date.now() + 60_000) } },
          ],
        },
        orderBy: { createdAt: "desc" },
        include: {
          grants: { where: { accessToken: { not: null } }, select: { id: true }, take: 1 },
          flows: { orderBy: { startedAt: "desc" }, select: { consumedAt: true }, take: 1 },
        },
      });
      if (!row) return null;
      // An authorization server that has forgotten a client says so on its own page, to the person alone: nobody comes back. So a
      // dynamic registration that nobody is connected with is used again only if its last attempt came back (regressions R9).
      const provesUseless =
        row.kind === "DYNAMIC" && row.grants.length === 0 && row.flows[0]?.consumedAt === null;
      return provesUseless ? null : open(row);
    },
    async find(id) {
      const row = await db.oAuthClient.findUnique({ where: { id } });
      return row && open(row);
    },
    async retire(id) {
      await db.oAuthClient.update({ where: { id }, data: { invalidAt: new Date() } });
    },
    async add({ clientSecret, registrationAccessToken, ...client }) {
      const id = deps.newId();
      const seal = (column: string, plaintext: string | null) =>
        plaintext === null ? null : box.seal(plaintext, context(column, id));
      const row = await db.oAuthClient.create({
        data: {
          ...client,
          id,
          clientSecret: seal("clientSecret", clientSecret),
          registrationAccessToken: seal("registrationAccessToken", registrationAccessToken),
        },
      });
      return open(row);
    },
  };
}

import { type Database, type McpServer, Prisma, type ToolPolicy } from "@gatehouse/prisma";
import type { NewToolPolicy, WorkspaceRole } from "@gatehouse/prisma";
import type { OAuthReason } from "#oauth/state.ts";

/** A row, and what is the same for as long as nothing changed in it that a call goes by. */
export interface Stamped {
  id: string;
  stamp: string;
}

/** A server that is not deleted. */
export interface ServerRow extends Stamped {
  server: McpServer;
  policies: ToolPolicy[];
  /** The setting of the server's workspace. */
  newToolPolicy: NewToolPolicy;
}

export interface RoleRow extends Stamped {
  role: WorkspaceRole;
}

/** A grant without its secrets. */
export interface GrantStandingRow extends Stamped {
  state: "DISCONNECTED" | "CONNECTED" | "REAUTH_REQUIRED";
  reason: OAuthReason | null;
  version: number;
  accessTokenLifetimeMs: number | null;
  /** Of the consent that it comes from: another one may be another account. */
  connectedAt: Date | null;
  lastUsedAt: Date | null;
}

export interface CatalogRow extends Stamped {
  /** As it was stored. */
  tools: unknown;
  fetchedAt: Date;
  /** Of the tools, as JSON. */
  bytes: number;
}

/** The rows that decide about calls, each with its stamp. Null: there is none. */
export interface CallRowStore {
  findServer(id: string): Promise<ServerRow | null>;
  findRole(workspaceId: string, userId: string): Promise<RoleRow | null>;
  findGrant(serverId: string, ownerId: string): Promise<GrantStandingRow | null>;
  findCatalog(serverId: string, ownerId: string): Promise<CatalogRow | null>;
  /** Of the rows that there are, in one statement. */
  readStamps(ids: {
    servers: readonly string[];
    roles: readonly string[];
    grants: readonly string[];
    catalogs: readonly string[];
  }): Promise<ReadonlyMap<string, string>>;
}

// `xmin` is another after whatever statement, also one that leaves `updatedAt` alone.
const newToolPolicy = Prisma.sql`(SELECT w."newToolPolicy"::text FROM "Workspace" w WHERE w."id" = s."workspaceId")`;
const serverStamp = Prisma.sql`concat_ws(' ', s.xmin, ${newToolPolicy}, (
  SELECT md5(string_agg(p."id"::text || p.xmin::text, ',' ORDER BY p."id")) FROM "ToolPolicy" p WHERE p."serverId" = s."id"))`;
const roleStamp = Prisma.sql`m."role"::text`;
// A lease or a note of use changes nothing for a call.
const grantStamp = Prisma.sql`concat_ws(' ', g."version", g."state", coalesce(g."reason"::text, '-'), g."accessTokenExpiresAt", g."connectedAt")`;
const catalogStamp = Prisma.sql`c.xmin::text`;

export function createCallRowStore(db: Database): CallRowStore {
  return {
    async findServer(id) {
      // First, so that a change that comes between the two is found later, and never missed.
      const [row] = await db.$queryRaw<Pick<ServerRow, "stamp" | "newToolPolicy">[]>`
        SELECT ${serverStamp} AS "stamp", ${newToolPolicy} AS "newToolPolicy" FROM "McpServer" s WHERE s."id" = ${id}::uuid`;
      if (!row) return null;
      const found = await db.mcpServer.findUnique({
        where: { id, deletedAt: null },
        include: { policies: true },
      });
      if (!found) return null;
      const { policies, ...server } = found;
      return { id, ...row, server, policies };
    },

    async findRole(workspaceId, userId) {
      const [row] = await db.$queryRaw<RoleRow[]>`
        SELECT m."id"::text AS "id", m."role"::text AS "role", ${roleStamp} AS "stamp" FROM "Membership" m
        WHERE m."workspaceId" = ${workspaceId}::uuid AND m."userId" = ${userId}::uuid`;
      return row ?? null;
    },

    async findGrant(serverId, ownerId) {
      const [row] = await db.$queryRaw<GrantStandingRow[]>`
        SELECT g."id"::text AS "id", g."state"::text AS "state", g."reason"::text AS "reason", g."version", g."accessTokenLifetimeMs",
          g."connectedAt", g."lastUsedAt", ${grantStamp} AS "stamp"
        FROM "OAuthGrant" g WHERE g."serverId" = ${serverId}::uuid AND g."ownerId" = ${ownerId}::uuid`;
      return row ?? null;
    },

    async findCatalog(serverId, ownerId) {
      const [row] = await db.$queryRaw<CatalogRow[]>`
        SELECT c."id"::text AS "id", c."tools", c."fetchedAt", octet_length(c."tools"::text) AS "bytes", ${catalogStamp} AS "stamp"
        FROM "ToolCatalog" c WHERE c."serverId" = ${serverId}::uuid AND c."ownerId" = ${ownerId}::uuid`;
      return row ?? null;
    },

    async readStamps({ servers, roles, grants, catalogs }) {
      const rows = await db.$queryRaw<Stamped[]>`
        SELECT s."id"::text AS "id", ${serverStamp} AS "stamp" FROM "McpServer" s
          WHERE s."id" = ANY(${[...servers]}::uuid[]) AND s."deletedAt" IS NULL
        UNION ALL SELECT m."id"::text, ${roleStamp} FROM "Membership" m WHERE m."id" = ANY(${[...roles]}::uuid[])
        UNION ALL SELECT g."id"::text, ${grantStamp} FROM "OAuthGrant" g WHERE g."id" = ANY(${[...grants]}::uuid[])
        UNION ALL SELECT c."id"::text, ${catalogStamp} FROM "ToolCatalog" c WHERE c."id" = ANY(${[...catalogs]}::uuid[])`;
      return new Map(rows.map(({ id, stamp }) => [id, stamp]));
    },
  };
}

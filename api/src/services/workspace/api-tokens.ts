import { NIL } from "uuid";
import type { Changes } from "#events/changes.ts";
import type { ApiToken, ApiTokenScope, Database, Prisma, Transaction } from "@gatehouse/prisma";
import type { Quotas } from "#config/limits.ts";
import { requireQuota } from "../access/quotas.ts";
import type { NewEvent } from "#events/log.ts";
import type { BackgroundTasks } from "#async/background-tasks.ts";
import {
  type Access,
  type Caller,
  requirePerson,
  rolesAllowed,
  visibleTo,
} from "../access/access.ts";
import { InputFaults, notFound } from "../access/service-error.ts";
import { checkName } from "../access/input.ts";

export interface CreateApiTokenInput {
  workspaceId: string;
  name: string;
  scope: ApiTokenScope;
  /** Null: the token does not expire. */
  expiresAt: Date | null;
}

/** The user that a token acts on behalf of, and the limits of the token. */
export interface ApiTokenBearer {
  id: string;
  workspaceId: string;
  scope: ApiTokenScope;
  expiresAt: Date | null;
  user: { id: string; name: string; email: string };
}

/**
 * Tokens that authenticate API requests on behalf of their owner, limited to one workspace and a
 * scope.
 */
export interface ApiTokens {
  /** The secret is returned only once; only its hash is stored. */
  create(
    caller: Caller | null,
    input: CreateApiTokenInput,
  ): Promise<{ apiToken: ApiToken; secret: string }>;
  /**
   * Revokes a token of the caller, or any token if the caller is an admin. Revoking a token again
   * has no effect.
   */
  revoke(caller: Caller | null, id: string): Promise<ApiToken>;
  /** Null if the token is unknown, revoked or expired, or if its owner has left the workspace. */
  read(secret: string): Promise<ApiTokenBearer | null>;
}

export interface ApiTokensDeps {
  db: Database;
  quotas: Pick<Quotas, "apiTokensPerUser">;
  access: Access;
  makeSecret(): string;
  isSecret(text: string): boolean;
  hash(text: string): Uint8Array<ArrayBuffer>;
  /** The number of characters of a secret that are stored, for identification. */
  shownLength: number;
  /** Must be the last statement of the transaction that makes the change. */
  appendEvent(tx: Transaction, event: NewEvent): Promise<void>;
  changes: Pick<Changes, "endedCredential" | "workspace">;
  background: Pick<BackgroundTasks, "start">;
}

/**
 * The Prisma condition for the tokens that a caller may see: their own, and all tokens of
 * workspaces that they administer.
 */
export function tokensVisibleTo(caller: Caller | null) {
  const userId = caller?.userId ?? NIL;
  const administered = {
    memberships: { some: { userId, role: { in: rolesAllowed("administer") } } },
  };
  return {
    workspace: visibleTo(caller),
    OR: [{ userId }, { workspace: administered }],
  } satisfies Prisma.ApiTokenWhereInput;
}

export function createApiTokens(deps: ApiTokensDeps): ApiTokens {
  const { db, access } = deps;

  const tell = (
    tx: Transaction,
    { id, workspaceId, userId }: ApiToken,
    caller: Caller,
    change: "CREATED" | "REVOKED",
  ): Promise<void> =>
    deps.appendEvent(tx, {
      workspaceId,
      type: "API_TOKEN_CHANGED",
      actorId: caller.userId,
      serverId: null,
      userId,
      payload: { apiTokenId: id, change },
    });

  return {
    async create(maybeCaller, input) {
      const caller = requirePerson(maybeCaller);
      await access.requireWorkspace(caller, input.workspaceId, "see");
      const faults = new InputFaults();
      const name = checkName(faults, "name", input.name);
      if (input.expiresAt && input.expiresAt.getTime() <= Date.now())
        faults.add("expiresAt", "The expiry time is in the past.");
      faults.throwIfAny();
      const { apiTokensPerUser: limit } = deps.quotas;
      const secret = deps.makeSecret();
      const apiToken = await db.$transaction(async (tx) => {
        const active = {
          workspaceId: input.workspaceId,
          userId: caller.userId,
          revokedAt: null,
          OR: [{ expiresAt: null }, { expiresAt: { gt: new Date() } }],
        };
        await requireQuota(
          tx,
          { quota: "apiTokensPerUser", limit, ownerId: `${caller.userId} ${input.workspaceId}` },
          () => tx.apiToken.count({ where: active }),
          `You have ${limit} API tokens in this workspace, which is the limit. Revoke one that is no longer needed.`,
        );
        const created = await tx.apiToken.create({
          data: {
            name,
            scope: input.scope,
            expiresAt: input.expiresAt,
            prefix: secret.slice(0, deps.shownLength),
            hash: deps.hash(secret),
            workspaceId: input.workspaceId,
            userId: caller.userId,
          },
        });
        await tell(tx, created, caller, "CREATED");
        return created;
      });
      deps.changes.workspace(apiToken.workspaceId);
      return { apiToken, secret };
    },

    async revoke(maybeCaller, id) {
      const caller = requirePerson(maybeCaller);
      const visible = { id, ...tokensVisibleTo(caller) };
      if (!(await db.apiToken.findFirst({ where: visible }))) throw notFound("API token");
      const apiToken = await db.$transaction(async (tx) => {
        const revoked = await tx.$executeRaw`
          UPDATE "ApiToken" SET "revokedAt" = clock_timestamp() WHERE "id" = ${id}::uuid AND "revokedAt" IS NULL`;
        const row = await tx.apiToken.findUniqueOrThrow({ where: { id } });
        if (revoked > 0) await tell(tx, row, caller, "REVOKED");
        return row;
      });
      deps.changes.endedCredential(id);
      deps.changes.workspace(apiToken.workspaceId);
      return apiToken;
    },

    async read(secret) {
      // A mistyped token is rejected without a database statement.
      if (!deps.isSecret(secret)) return null;
      const [row] = await db.$queryRaw<
        (Omit<ApiTokenBearer, "user"> & {
          userId: string;
          userName: string;
          email: string;
          isStale: boolean;
        })[]
      >`
        SELECT t."id", t."workspaceId", t."scope"::text AS "scope", t."expiresAt", u."id" AS "userId", u."name" AS "userName", u."email",
          (t."lastUsedAt" IS NULL OR t."lastUsedAt" < clock_timestamp() - interval '1 minute') AS "isStale"
        FROM "ApiToken" t JOIN "User" u ON u."id" = t."userId"
          JOIN "Membership" m ON m."userId" = t."userId" AND m."workspaceId" = t."workspaceId"
        WHERE t."hash" = ${deps.hash(secret)} AND t."revokedAt" IS NULL
          AND (t."expiresAt" IS NULL OR t."expiresAt" > clock_timestamp())`;
      if (!row) return null;
      const { userId, userName, email, isStale, ...token } = row;
      // Rounded to the minute and stored in the background: a write for every request would be its
      // most expensive part.
      if (isStale)
        deps.background.start("note of a token's use", async () => {
          await db.$executeRaw`
            UPDATE "ApiToken" SET "lastUsedAt" = clock_timestamp()
            WHERE "id" = ${token.id}::uuid AND ("lastUsedAt" IS NULL OR "lastUsedAt" < clock_timestamp() - interval '1 minute')`;
        });
      return { ...token, user: { id: userId, name: userName, email } };
    },
  };
}

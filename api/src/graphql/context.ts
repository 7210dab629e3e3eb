import type { Database, WorkspaceRole } from "@gatehouse/prisma";
import DataLoader from "dataloader";
import { type Caller, visibleTo } from "#services/access/access.ts";
import { tokensVisibleTo } from "#services/workspace/api-tokens.ts";
import { invitationsVisibleTo } from "#services/workspace/invitations.ts";
import { webhooksVisibleTo } from "#services/webhook/webhooks.ts";
import type { Services } from "./services.ts";
import type { OperationBudget } from "./budget/operation-budget.ts";
import { createStatusLoader, type StatusLoader } from "./oauth/status-loader.ts";
import {
  type CatalogLoader,
  createCatalogLoader,
  createOffersLoader,
  type OffersLoader,
} from "./server/catalog-loader.ts";
import type { ElicitationQuestion, ElicitationRow } from "#services/tool/elicitations.ts";
import type { Execution } from "#services/tool/execution-history.ts";
import { createBatchLoader } from "./load-batches.ts";
import { createContentsLoader, type ContentsLoader } from "./tool/contents-loader.ts";
import { type CursorLoader, createCursorLoader } from "./workspace/cursor-loader.ts";
import { createPolicyLoader, type PolicyLoader } from "./tool/policy-loader.ts";

/** The properties of a request that the transport provides. */
export interface RequestContext {
  viewer: Caller | null;
  requestId: string;
  /** The client address for rate limits. Absent over WebSocket, where every caller is signed in. */
  address?: string;
  /** Absent: the response only occupies memory until it is complete. */
  lifetime?: ResponseLifetime;
}

/** Reports the end of a response. */
export interface ResponseLifetime {
  /** Calls back once. `wasSent`: false if the caller disconnected before. */
  onClose(listener: (wasSent: boolean) => void): void;
}

export interface Context {
  requestId: string;
  address: string;
  /** The budget of the operation; undefined if a stream of several responses shares the context. */
  budget: OperationBudget | undefined;
  /** The authenticated caller; null if the request is anonymous. */
  caller: Caller | null;
  /** For reads only, always limited to the caller's workspaces. */
  db: Database;
  services: Services;
  /** The caller's role by workspace id, read once per request. */
  roles: DataLoader<string, WorkspaceRole | null>;
  oauthStatus: StatusLoader;
  /** The tools of servers, and their resources and prompts. */
  catalogs: CatalogLoader;
  offers: OffersLoader;
  toolPolicies: PolicyLoader;
  executionContents: ContentsLoader;
  /** Null unless the caller may see the object. The same applies to the following loaders. */
  executions: DataLoader<string, Execution | null>;
  elicitations: DataLoader<string, ElicitationRow | null>;
  /** By the id of the waiting tool execution. */
  pendingElicitations: DataLoader<string, ElicitationRow | null>;
  /** By the id of an elicitation that the caller may see. */
  questions: DataLoader<string, ElicitationQuestion | null>;
  /** Whether the caller may see an API token, by its id. */
  visibleTokens: DataLoader<string, boolean>;
  visibleInvitations: DataLoader<string, boolean>;
  visibleWebhookEndpoints: DataLoader<string, boolean>;
  eventCursors: CursorLoader;
}

export interface ContextDeps {
  db: Database;
  services: Services;
  createBudget(callerId: string): OperationBudget;
}

export function createContext(
  deps: ContextDeps,
  { viewer, requestId, address = "", lifetime }: RequestContext,
): Context {
  const { db, services } = deps;
  const budget = deps.createBudget(viewer?.userId ?? "");
  if (lifetime)
    budget.holdUntil((release) =>
      lifetime.onClose((wasSent) => {
        if (!wasSent) budget.abandon();
        release();
      }),
    );
  const oauthStatus = createStatusLoader(db, viewer);
  const ofCatalogs = { catalogs: services.catalogs, status: oauthStatus, budget };
  return {
    requestId,
    address,
    budget,
    caller: viewer,
    db,
    services,
    // Not cached: an operation can be a subscription that runs for hours, and must not return old
    // data.
    roles: new DataLoader(
      async (workspaceIds) => {
        if (!viewer) return workspaceIds.map(() => null);
        const memberships = await db.membership.findMany({
          where: {
            userId: viewer.userId,
            workspaceId: { in: [...workspaceIds] },
            workspace: visibleTo(viewer),
          },
        });
        const byId = new Map(memberships.map(({ workspaceId, role }) => [workspaceId, role]));
        return workspaceIds.map((id) => byId.get(id) ?? null);
      },
      { cache: false },
    ),
    oauthStatus,
    catalogs: createCatalogLoader(ofCatalogs, viewer),
    offers: createOffersLoader(ofCatalogs, viewer),
    toolPolicies: createPolicyLoader(db),
    executionContents: createContentsLoader(services.executions, budget),
    executions: createBatchLoader((ids) => services.executions.findMany(viewer, ids)),
    elicitations: createBatchLoader((ids) => services.elicitations.findMany(viewer, ids)),
    pendingElicitations: createBatchLoader((ids) =>
      services.elicitations.findPendingOf(viewer, ids),
    ),
    questions: createBatchLoader((ids) => services.elicitations.openElicitations(ids)),
    visibleTokens: createVisibilityLoader((id) =>
      db.apiToken.findMany({ where: { id, ...tokensVisibleTo(viewer) }, select: { id: true } }),
    ),
    visibleInvitations: createVisibilityLoader((id) =>
      db.invitation.findMany({
        where: { id, ...invitationsVisibleTo(viewer) },
        select: { id: true },
      }),
    ),
    visibleWebhookEndpoints: createVisibilityLoader((id) =>
      db.webhookEndpoint.findMany({
        where: { id, ...webhooksVisibleTo(viewer) },
        select: { id: true },
      }),
    ),
    eventCursors: createCursorLoader(services.events),
  };
}

/**
 * Loads whether the caller may see rows, by their ids. @param find returns the rows that the caller
 * may see
 */
function createVisibilityLoader(
  find: (id: { in: string[] }) => Promise<{ id: string }[]>,
): DataLoader<string, boolean> {
  return createBatchLoader(async (ids) => {
    const visible = new Set((await find({ in: [...ids] })).map(({ id }) => id));
    return ids.map((id) => visible.has(id));
  });
}

/**
 * The context of a result that is created once for many callers. It provides the database, and
 * throws on access to anything that depends on the caller.
 */
export function createSharedContext(
  db: Database,
  budget: OperationBudget,
): Pick<Context, "db" | "budget"> {
  return new Proxy(
    { db, budget },
    {
      get(target, key) {
        if (key === "db" || key === "budget" || typeof key === "symbol")
          return Reflect.get(target, key);
        throw new Error(`${key} is not the same for all.`);
      },
    },
  );
}

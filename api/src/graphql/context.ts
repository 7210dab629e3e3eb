import type { Database, WorkspaceRole } from "@gatehouse/prisma";
import DataLoader from "dataloader";
import { type Caller, visibleTo } from "../services/access.ts";
import type { Services } from "../services/services.ts";
import type { OperationBudget } from "./budget/operation-budget.ts";
import { createStatusLoader, type StatusLoader } from "./oauth/status-loader.ts";
import {
  type CatalogLoader,
  createCatalogLoader,
  createOffersLoader,
  type OffersLoader,
} from "./server/catalog-loader.ts";
import { createContentsLoader, type ContentsLoader } from "./tool/contents-loader.ts";
import { type CursorLoader, createCursorLoader } from "./workspace/cursor-loader.ts";
import { createPolicyLoader, type PolicyLoader } from "./tool/policy-loader.ts";

/** What the transport knows of a request. */
export interface RequestContext {
  viewer: Caller | null;
  requestId: string;
  /** Absent: the response occupies memory only while it is made. */
  lifetime?: ResponseLifetime;
}

/** When a response is over. */
export interface ResponseLifetime {
  /** Calls back once. `wasSent`: false when the caller disconnected before. */
  onClose(listener: (wasSent: boolean) => void): void;
}

export interface Context {
  requestId: string;
  /** What the operation may use; undefined where a stream of many responses shares the context. */
  budget: OperationBudget | undefined;
  /** Who calls; null when nobody is signed in. */
  caller: Caller | null;
  /** For reads alone, always scoped to the caller's workspaces. */
  db: Database;
  services: Services;
  /** The caller's role by workspace, read once for a whole request. */
  roles: DataLoader<string, WorkspaceRole | null>;
  oauthStatus: StatusLoader;
  /** Servers' tools, and what else they have. */
  catalogs: CatalogLoader;
  offers: OffersLoader;
  toolPolicies: PolicyLoader;
  executionContents: ContentsLoader;
  eventCursors: CursorLoader;
}

export interface ContextDeps {
  db: Database;
  services: Services;
  createBudget(): OperationBudget;
}

export function createContext(
  deps: ContextDeps,
  { viewer, requestId, lifetime }: RequestContext,
): Context {
  const { db, services } = deps;
  const budget = deps.createBudget();
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
    budget,
    caller: viewer,
    db,
    services,
    // An operation may be a subscription that lives for hours: what it has loaded must not.
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
    eventCursors: createCursorLoader(services.events),
  };
}

/** For what is executed once for many callers: it holds the database, and refuses whatever could tell one caller from another. */
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

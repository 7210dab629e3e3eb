import type { Database, WorkspaceRole } from "@gatehouse/prisma";
import DataLoader from "dataloader";
import { type Caller, visibleTo } from "../services/access.ts";
import type { Services } from "../services/services.ts";
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
}

export interface Context {
  requestId: string;
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

export function createContext(
  deps: { db: Database; services: Services },
  { viewer, requestId }: RequestContext,
): Context {
  const { db, services } = deps;
  const oauthStatus = createStatusLoader(db, viewer);
  const ofCatalogs = { catalogs: services.catalogs, status: oauthStatus };
  return {
    requestId,
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
    executionContents: createContentsLoader(services.executions),
    eventCursors: createCursorLoader(services.events),
  };
}

/** For what is executed once for many callers: it holds the database, and refuses whatever could tell one caller from another. */
export function createSharedContext(db: Database): Pick<Context, "db"> {
  return new Proxy(
    { db },
    {
      get(target, key) {
        if (key === "db" || typeof key === "symbol") return Reflect.get(target, key);
        throw new Error(`${key} is not the same for all.`);
      },
    },
  );
}

import type { Database } from "@gatehouse/prisma";
import DataLoader from "dataloader";
import { type Caller, ownerOf } from "../../services/access.ts";
import type { Catalogs, CatalogTool } from "../../services/catalogs.ts";
import type { StatusKey, StatusLoader } from "../oauth/status-loader.ts";

/** A server whose tools are asked for. */
export interface CatalogKey extends StatusKey {
  enabled: boolean;
  deletedAt: Date | null;
}

export type CatalogLoader = DataLoader<CatalogKey, CatalogTool[], string>;

/**
 * The tools of any number of servers in one statement, as the caller's accounts see them. Only where nothing is stored, and the
 * account can be used, is the server asked.
 */
export function createCatalogLoader(
  deps: { db: Database; catalogs: Catalogs; status: StatusLoader },
  caller: Caller | null,
): CatalogLoader {
  return new DataLoader(
    async (servers) => {
      if (!caller) return servers.map(() => []);
      const stored = await deps.db.toolCatalog.findMany({
        where: {
          OR: servers.map((server) => ({ serverId: server.id, ownerId: ownerOf(server, caller) })),
        },
      });
      const byServer = new Map(stored.map(({ serverId, tools }) => [serverId, tools]));
      return Promise.all(
        servers.map(async (server) => {
          if (server.deletedAt !== null) return [];
          const tools = byServer.get(server.id);
          // As `services/catalogs.ts` stored it.
          if (tools) return tools as unknown as CatalogTool[];
          if (!server.enabled || server.authType === "UNKNOWN") return [];
          if (server.authType === "OAUTH") {
            const { grant } = await deps.status.load(server);
            if (grant?.state !== "CONNECTED") return [];
          }
          return deps.catalogs.discoverMissing(server.id, ownerOf(server, caller));
        }),
      );
    },
    { cache: false, cacheKeyFn: ({ id }) => id },
  );
}

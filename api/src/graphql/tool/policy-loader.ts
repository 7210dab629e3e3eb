import type { Database, NewToolPolicy, ToolPolicy } from "@gatehouse/prisma";
import DataLoader from "dataloader";

export interface ServerPolicies {
  /** The decisions about a server's tools, by tool name. */
  rows: ReadonlyMap<string, ToolPolicy>;
  /** The setting of the server's workspace. */
  newToolPolicy: NewToolPolicy;
}

export type PolicyLoader = DataLoader<string, ServerPolicies>;

/**
 * Loads the policies of any number of servers. The caller must have checked the permission to see
 * the server.
 */
export function createPolicyLoader(db: Database): PolicyLoader {
  return new DataLoader(
    async (serverIds) => {
      const where = { id: { in: [...serverIds] } };
      const servers = await db.mcpServer.findMany({
        where,
        select: { id: true, policies: true, workspace: { select: { newToolPolicy: true } } },
      });
      const byId = new Map(servers.map((server) => [server.id, server]));
      return serverIds.map((id) => {
        const server = byId.get(id);
        return {
          rows: new Map(server?.policies.map((row) => [row.toolName, row] as const)),
          // A deleted server runs no tools.
          newToolPolicy: server?.workspace.newToolPolicy ?? "DENY",
        };
      });
    },
    // Not cached: an operation can be a subscription that runs for hours, and must not return old
    // data.
    { cache: false },
  );
}

import type { Database, NewToolPolicy, ToolPolicy } from "@gatehouse/prisma";
import DataLoader from "dataloader";

export interface ServerPolicies {
  /** What was decided about a server's tools, by their names. */
  rows: ReadonlyMap<string, ToolPolicy>;
  /** The setting of the server's workspace. */
  newToolPolicy: NewToolPolicy;
}

export type PolicyLoader = DataLoader<string, ServerPolicies>;

/** The policies of any number of servers. Whoever asks has made sure that the caller may see the server. */
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
          // Nothing runs on a server that is gone.
          newToolPolicy: server?.workspace.newToolPolicy ?? "DENY",
        };
      });
    },
    // An operation may be a subscription that lives for hours: what it has loaded must not.
    { cache: false },
  );
}

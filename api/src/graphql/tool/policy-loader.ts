import type { Database, ToolPolicy } from "@gatehouse/prisma";
import DataLoader from "dataloader";

/** What was decided about a server's tools, by their names. */
export type PolicyLoader = DataLoader<string, Map<string, ToolPolicy>>;

/** The decisions about any number of servers in one statement. Whoever asks has made sure that the caller may see the server. */
export function createPolicyLoader(db: Database): PolicyLoader {
  return new DataLoader(
    async (serverIds) => {
      const rows = await db.toolPolicy.findMany({ where: { serverId: { in: [...serverIds] } } });
      const byServer = Map.groupBy(rows, ({ serverId }) => serverId);
      return serverIds.map(
        (id) => new Map(byServer.get(id)?.map((row) => [row.toolName, row] as const)),
      );
    },
    // An operation may be a subscription that lives for hours: what it has loaded must not.
    { cache: false },
  );
}

import type { McpServer } from "@gatehouse/prisma";
import { visibleTo } from "../../services/access.ts";
import type { Context } from "../context.ts";

/** The server of a flow, run or event, by its row's id: null once it is deleted, and for whoever may not see it. */
export function findServer<Query extends object>(
  query: Query,
  id: string | null,
  { db, caller }: Pick<Context, "db" | "caller">,
): Promise<McpServer | null> | null {
  return id
    ? db.mcpServer.findFirst({ ...query, where: { id, workspace: visibleTo(caller) } })
    : null;
}

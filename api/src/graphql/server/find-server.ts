import type { McpServer } from "@gatehouse/prisma";
import type { Context } from "../context.ts";

/**
 * Finds the server of a flow or a question. Null if it is deleted, or if the caller is no longer a
 * member of its workspace. One statement for a whole page.
 */
export async function findServer<Query extends object>(
  query: Query,
  { serverId, workspaceId }: { serverId: string | null; workspaceId: string },
  _args: unknown,
  { db, roles }: Pick<Context, "db" | "roles">,
): Promise<McpServer | null> {
  if (serverId === null || (await roles.load(workspaceId)) === null) return null;
  return db.mcpServer.findUnique({ ...query, where: { id: serverId, workspaceId } });
}

import type { Database } from "@gatehouse/prisma";
import { type Caller, visibleTo } from "../access/access.ts";
import { ServiceError } from "../access/service-error.ts";
import type { Servers } from "./servers.ts";

/** The addresses of the running sandbox. */
export interface Sandbox {
  url: string;
  notesUrl: string;
  weatherUrl: string;
}

/** The MCP servers of the sandbox, for a workspace that tries them. */
export function createSandboxServers(deps: {
  db: Database;
  servers: Servers;
  sandbox: Sandbox | null;
}) {
  const { db, servers, sandbox } = deps;
  const offered = sandbox && [
    { name: "Acme Notes", url: sandbox.notesUrl },
    { name: "Acme Weather", url: sandbox.weatherUrl },
  ];

  return {
    description: sandbox && offered && { servers: offered, accountUrl: `${sandbox.url}/account` },
    /** @returns the row ids; servers that already exist are not added again */
    async add(caller: Caller | null, workspaceId: string): Promise<string[]> {
      if (!offered) throw new ServiceError("CONFLICT", "The sandbox is not running.");
      const ids: string[] = [];
      for (const { name, url } of offered) {
        const present =
          caller &&
          (await db.mcpServer.findFirst({
            where: { workspaceId, url, deletedAt: null, workspace: visibleTo(caller) },
          }));
        ids.push((present ?? (await servers.create(caller, { workspaceId, name, url }))).id);
      }
      return ids;
    },
  };
}

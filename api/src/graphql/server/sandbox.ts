import { builder } from "../builder.ts";
import { readIdOrNobody } from "../global-id.ts";
import { McpServer } from "./mcp-server.ts";

interface SandboxServerShape {
  name: string;
  url: string;
}

const SandboxServer = builder.objectRef<SandboxServerShape>("SandboxServer").implement({
  description: "A sandbox MCP server.",
  fields: (t) => ({
    name: t.exposeString("name", { description: "The name under which the server is added." }),
    url: t.expose("url", { type: "URL", description: "The URL of the server." }),
  }),
});

const Sandbox = builder
  .objectRef<{ servers: SandboxServerShape[]; accountUrl: string }>("Sandbox")
  .implement({
    description:
      "A set of MCP servers and an authorization server that are part of Gatehouse, for trying it.",
    fields: (t) => ({
      servers: t.field({
        type: [SandboxServer],
        description: "The servers that addSandboxServers adds.",
        resolve: ({ servers }) => servers,
      }),
      accountUrl: t.expose("accountUrl", {
        type: "URL",
        description:
          "The URL of the page where users revoke their sandbox grants, for example to try REAUTH_REQUIRED.",
      }),
    }),
  });

builder.queryField("sandbox", (t) =>
  t.field({
    type: Sandbox,
    nullable: true,
    description:
      "The sandbox for trying Gatehouse. Null if it is not running; it runs only if PUBLIC_URL is a loopback address.",
    resolve: (_root, _args, { services }) => services.sandbox,
  }),
);

builder.mutationField("addSandboxServers", (t) =>
  t.prismaField({
    type: [McpServer],
    description:
      "Adds the sandbox's servers to a workspace and returns them, including those that had been added before. CONFLICT if the sandbox is not running.",
    args: {
      workspaceId: t.arg.id({
        required: true,
        description: "The ID of the workspace to add the servers to.",
      }),
    },
    resolve: async (query, _root, { workspaceId }, { db, caller, services }) => {
      const ids = await services.addSandboxServers(
        caller,
        readIdOrNobody(workspaceId, "Workspace"),
      );
      return db.mcpServer.findMany({
        ...query,
        where: { id: { in: ids } },
        orderBy: { id: "asc" },
      });
    },
  }),
);

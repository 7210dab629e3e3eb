import { builder } from "../builder.ts";
import { readIdOrNobody } from "../global-id.ts";
import { McpServer } from "./mcp-server.ts";

interface SandboxServerShape {
  name: string;
  url: string;
}

const SandboxServer = builder.objectRef<SandboxServerShape>("SandboxServer").implement({
  description: "An MCP server of the sandbox.",
  fields: (t) => ({
    name: t.exposeString("name", { description: "What it is called when it is added." }),
    url: t.expose("url", { type: "URL", description: "Where it is served." }),
  }),
});

const Sandbox = builder
  .objectRef<{ servers: SandboxServerShape[]; accountUrl: string }>("Sandbox")
  .implement({
    description: "MCP servers and an authorization server of Gatehouse's own, to try it with.",
    fields: (t) => ({
      servers: t.field({
        type: [SandboxServer],
        description: "What addSandboxServers adds.",
        resolve: ({ servers }) => servers,
      }),
      accountUrl: t.expose("accountUrl", {
        type: "URL",
        description: "Where a person ends their grants, to see REAUTH_REQUIRED arrive.",
      }),
    }),
  });

builder.queryField("sandbox", (t) =>
  t.field({
    type: Sandbox,
    nullable: true,
    description: "Null when the sandbox does not run: it does only while PUBLIC_URL is loopback.",
    resolve: (_root, _args, { services }) => services.sandbox,
  }),
);

builder.mutationField("addSandboxServers", (t) =>
  t.prismaField({
    type: [McpServer],
    description:
      "Adds the sandbox's servers to the workspace; those that are there already are answered as they are. CONFLICT when the sandbox does not run.",
    args: { workspaceId: t.arg.id({ required: true, description: "Where to add them." }) },
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

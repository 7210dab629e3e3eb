import { cacheExchange, type Cache } from "@urql/exchange-graphcache";

/** Has every list of servers of a workspace asked for anew. */
function forgetServerLists(cache: Cache, workspaceId: unknown): void {
  if (typeof workspaceId !== "string") return;
  const workspace = { __typename: "Workspace", id: workspaceId };
  for (const field of cache.inspectFields(workspace)) {
    if (field.fieldName === "mcpServers")
      cache.invalidate(workspace, "mcpServers", field.arguments);
  }
}

function forgetTools(cache: Cache, serverId: unknown): void {
  if (typeof serverId !== "string") return;
  const server = { __typename: "McpServer", id: serverId };
  for (const field of cache.inspectFields(server)) {
    if (field.fieldName === "tools" || field.fieldName === "tool") {
      cache.invalidate(server, field.fieldName, field.arguments);
    }
  }
}

const embedded = () => null;

/**
 * Without the whole schema in the bundle, unions are told apart by their type names, which is exact
 * here; that it was not sure is nothing to report.
 */
const expectedWarnings = /Heuristic Fragment Matching|^Invalid undefined/;

/** The normalised cache: what has an id is stored once, so an event about a server reaches every screen that shows it. */
export function createCacheExchange() {
  return cacheExchange({
    logger(severity, message) {
      if (import.meta.env.DEV && !expectedWarnings.test(message)) console.warn(severity, message);
    },
    keys: {
      ArgumentIssue: embedded,
      AudioContent: embedded,
      AuthorizationServerOption: embedded,
      ElicitationConnection: embedded,
      ElicitationEdge: embedded,
      ElicitationIssue: embedded,
      EmbeddedResource: embedded,
      ImageContent: embedded,
      McpServerConnection: embedded,
      McpServerEdge: embedded,
      McpTool: embedded,
      McpToolConnection: embedded,
      McpToolEdge: embedded,
      OAuthFlowStep: embedded,
      OAuthStatus: embedded,
      PageInfo: embedded,
      Reachability: embedded,
      ResourceContents: embedded,
      ResourceLink: embedded,
      Sandbox: embedded,
      SandboxServer: embedded,
      ServerDetection: embedded,
      TextContent: embedded,
      Viewer: embedded,
      WorkspaceConnection: embedded,
      WorkspaceEdge: embedded,
    },
    updates: {
      Mutation: {
        createMcpServer: (_result, args, cache) => {
          const input = args["input"] as { workspaceId?: unknown };
          forgetServerLists(cache, input.workspaceId);
        },
        addSandboxServers: (_result, args, cache) => forgetServerLists(cache, args["workspaceId"]),
        // A list that still names the server is incomplete now, and so asked for anew.
        deleteMcpServer: (_result, args, cache) => {
          if (typeof args["id"] === "string") {
            cache.invalidate({ __typename: "McpServer", id: args["id"] });
          }
        },
        restoreMcpServer: (result, _args, cache) => {
          const server = result["restoreMcpServer"] as { workspace?: { id?: unknown } } | null;
          forgetServerLists(cache, server?.workspace?.id);
        },
        refreshTools: (result, _args, cache) => {
          const server = result["refreshTools"] as { id?: unknown } | null;
          forgetTools(cache, server?.id);
        },
      },
      Subscription: {
        authStateChanged: (result, _args, cache) => {
          const event = result["authStateChanged"] as {
            state?: unknown;
            serverId?: unknown;
          } | null;
          if (event?.state === "CONNECTED") forgetTools(cache, event.serverId);
        },
      },
    },
  });
}

import { cacheExchange, type Cache } from "@urql/exchange-graphcache";
import { embeddedTypes } from "./generated/embedded-types.ts";

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

/** The list of tools shows their policies. */
function forgetToolList(cache: Cache, args: { input?: unknown }): void {
  const { serverId } = args.input as { serverId?: unknown };
  forgetField(cache, "McpServer", serverId, "tools");
}

/** A setting of the workspace can change the policies of all tools. */
function forgetAllTools(cache: Cache): void {
  for (const { fieldName, arguments: args } of cache.inspectFields("Query")) {
    if (fieldName !== "mcpServer") continue;
    forgetTools(cache, args?.["id"]);
  }
}

/** Has a field asked for anew, with whatever arguments it was. */
function forgetField(cache: Cache, __typename: string, id: unknown, fieldName: string): void {
  if (typeof id !== "string") return;
  const entity = { __typename, id };
  for (const field of cache.inspectFields(entity)) {
    if (field.fieldName === fieldName) cache.invalidate(entity, fieldName, field.arguments);
  }
}

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
    keys: Object.fromEntries(embeddedTypes.map((name) => [name, () => null])),
    optimistic: {
      // Only what was sent is known before the answer: a name that was cleared, say, is not.
      updateMcpServer(args) {
        const { id, name, enabled } = args["input"] as Record<string, unknown>;
        return {
          __typename: "McpServer",
          id: String(id),
          name: typeof name === "string" ? name : undefined,
          enabled: typeof enabled === "boolean" ? enabled : undefined,
        };
      },
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
        createApiToken: (_result, args, cache) => {
          const input = args["input"] as { workspaceId?: unknown };
          forgetField(cache, "Workspace", input.workspaceId, "apiTokens");
        },
        createWebhookEndpoint: (_result, args, cache) => {
          const input = args["input"] as { workspaceId?: unknown };
          forgetField(cache, "Workspace", input.workspaceId, "webhookEndpoints");
        },
        deleteWebhookEndpoint: (_result, args, cache) => {
          if (typeof args["id"] === "string") {
            cache.invalidate({ __typename: "WebhookEndpoint", id: args["id"] });
          }
        },
        createInvitation: (_result, args, cache) => {
          const input = args["input"] as { workspaceId?: unknown };
          forgetField(cache, "Workspace", input.workspaceId, "invitations");
        },
        changeMemberRole: (_result, args, cache) => {
          const input = args["input"] as { workspaceId?: unknown };
          forgetField(cache, "Workspace", input.workspaceId, "viewerRole");
        },
        removeWorkspaceMember: (_result, args, cache) => {
          const input = args["input"] as { workspaceId?: unknown };
          forgetField(cache, "Workspace", input.workspaceId, "members");
        },
        testWebhookEndpoint: (_result, args, cache) =>
          forgetField(cache, "WebhookEndpoint", args["id"], "deliveries"),
        setToolPolicy: (_result, args, cache) => forgetToolList(cache, args),
        approveTool: (_result, args, cache) => forgetToolList(cache, args),
        updateWorkspace: (_result, args, cache) => {
          const input = args["input"] as { newToolPolicy?: unknown };
          if (input.newToolPolicy) forgetAllTools(cache);
        },
        refreshTools: (result, _args, cache) => {
          const server = result["refreshTools"] as { id?: unknown } | null;
          forgetTools(cache, server?.id);
        },
      },
      Subscription: {
        workspaceEvents: (result, args, cache) => {
          const event = result["workspaceEvents"] as { __typename?: unknown } | null;
          if (event?.__typename === "InvitationChanged")
            forgetField(cache, "Workspace", args["workspaceId"], "invitations");
          if (event?.__typename === "WebhookEndpointChanged")
            forgetField(cache, "Workspace", args["workspaceId"], "webhookEndpoints");
          if (event?.__typename !== "MemberChanged") return;
          for (const field of ["members", "invitations", "viewerRole"])
            forgetField(cache, "Workspace", args["workspaceId"], field);
        },
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

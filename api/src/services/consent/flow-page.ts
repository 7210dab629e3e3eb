import type { Database, OAuthFlow, OAuthFlowError } from "@gatehouse/prisma";
import type { Caller } from "../access/access.ts";
import type { FlowStore } from "#storage/flow-store.ts";

/** The description of an attempt for the page that is shown at its end. */
export interface FlowDescription {
  status: OAuthFlow["status"];
  serverName: string | null;
  serverPath: string | null;
  retryPath: string | null;
  errorTitle: string | null;
  errorText: string | null;
}

const words: Record<OAuthFlowError, { title: string; text: string }> = {
  ACCESS_DENIED: {
    title: "Access was denied",
    text: "The authorization server reported that access was denied. Nothing was connected.",
  },
  AUTHORIZATION_SERVER_ERROR: {
    title: "The sign-in page reported an error",
    text: "The authorization server could not finish the request. Try again in a moment.",
  },
  INVALID_REQUEST: {
    title: "The response was incomplete",
    text: "The authorization server sent an incomplete response. Try again.",
  },
  WRONG_USER: {
    title: "Someone else is signed in",
    text: "This attempt was started by another user and has ended. Sign in as that user and start again.",
  },
  FORBIDDEN: {
    title: "You can no longer connect this server",
    text: "Your membership or role has changed. Ask an admin of the workspace.",
  },
  ISSUER_MISMATCH: {
    title: "The response came from elsewhere",
    text: "The response did not come from the expected authorization server, so it was not used. Contact the server's operator if this happens again.",
  },
  TOKEN_EXCHANGE_FAILED: {
    title: "The last step failed",
    text: "The authorization server issued no token. Try again.",
  },
  SERVER_GONE: {
    title: "The server was deleted",
    text: "The server was deleted while you were signing in.",
  },
  SETTINGS_CHANGED: {
    title: "The server's settings changed",
    text: "The settings were changed while you were signing in. Start again.",
  },
  DISCOVERY_FAILED: {
    title: "The authorization server could not be found",
    text: "See the server's page for the step that failed.",
  },
};

const overdue = { title: "This attempt has expired", text: "It took too long. Start again." };

/** @param encodeServerId returns the global ID that is used in the web app's paths */
export function createFlowDescriber(deps: {
  db: Database;
  flows: FlowStore;
  encodeServerId(id: string): string;
}) {
  return async (flowId: string, caller: Caller | null): Promise<FlowDescription | null> => {
    const flow = caller ? await deps.flows.find(flowId) : null;
    if (!flow) return null;
    if (flow.userId !== caller?.userId) {
      // The user who opened the callback learns why it was rejected, but nothing else about the attempt.
      const { title, text } = words.WRONG_USER;
      const nothing = { serverName: null, serverPath: null, retryPath: null };
      return flow.error === "WRONG_USER"
        ? { status: flow.status, ...nothing, errorTitle: title, errorText: text }
        : null;
    }
    const server = flow.serverId
      ? await deps.db.mcpServer.findUnique({
          where: { id: flow.serverId, deletedAt: null },
          select: { name: true },
        })
      : null;
    const path = flow.serverId && server ? `/s/${deps.encodeServerId(flow.serverId)}` : null;
    const isOverdue = flow.status === "PENDING" && flow.expiresAt.getTime() <= Date.now();
    const failure = flow.error
      ? words[flow.error]
      : isOverdue || flow.status === "EXPIRED"
        ? overdue
        : null;
    return {
      status: isOverdue ? "EXPIRED" : flow.status,
      serverName: server?.name ?? null,
      serverPath: path,
      retryPath: path,
      errorTitle: failure?.title ?? null,
      errorText: failure && [failure.text, flow.errorDetail].filter(Boolean).join(" "),
    };
  };
}

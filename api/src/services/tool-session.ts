import type { McpServer } from "@gatehouse/prisma";
import type { Failure } from "../mcp/errors.ts";
import { type Session, withSession } from "../mcp/session.ts";
import type { Fetch } from "../oauth/ports.ts";
import type { Accounts } from "./accounts.ts";
import type { Stop } from "./stop.ts";

/** Opens a session with an MCP server as one owner's account. */
export type OpenToolSession = <T>(
  target: {
    server: McpServer;
    ownerId: string;
    timeoutMs: number;
    signal?: AbortSignal | undefined;
    /** Is told the HTTP status of each answer to a message. */
    onAnswer?: (httpStatus: number) => void;
  },
  use: (session: Session) => Promise<T>,
) => Promise<T | Failure>;

export function createToolSessions(deps: {
  accounts: Accounts;
  fetchFor(scope: { serverUrl: string; timeoutMs: number }): Fetch;
  clientInfo: { name: string; version: string };
}): OpenToolSession {
  return ({ server, ownerId, timeoutMs, signal, onAnswer }, use) => {
    const guarded = deps.fetchFor({ serverUrl: server.url, timeoutMs });
    const fetch: Fetch = async (input, init) => {
      const response = await guarded(input, init);
      // The end of a session says nothing about what was asked in it.
      if (init?.method !== "DELETE") onAnswer?.(response.status);
      return response;
    };
    return withSession(
      {
        url: server.url,
        fetch,
        credentials: deps.accounts.credentials(server, ownerId),
        timeoutMs,
        clientInfo: deps.clientInfo,
        signal,
      },
      use,
    );
  };
}

/** Why a session gave no answer, in one sentence. */
export function describeFailure(failure: Failure): string {
  switch (failure.kind) {
    case "cancelled":
      return "Cancelled.";
    case "refused": {
      const stop = failure.stop as Stop | null;
      if (stop?.kind === "reauth") return "Consent is needed.";
      if (stop?.kind === "headers-rejected") return "The server refused the configured headers.";
      return stop?.message ?? "The server refused the credentials.";
    }
    default:
      return failure.message;
  }
}

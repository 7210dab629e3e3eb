import type { McpServer } from "@gatehouse/prisma";
import type { Failure } from "#mcp/connection/classify-error.ts";
import type { SessionPool } from "#mcp/pool/session-pool.ts";
import type { Session } from "#mcp/connection/session.ts";
import type { Fetch } from "#oauth/ports.ts";
import type { Accounts } from "../grant/credentials.ts";
import type { AccountToWatch } from "./session-invalidation.ts";

/**
 * Uses a session with an MCP server for one account. The session is shared with other calls of that
 * account. `use` runs again with a new session if its result says that the server has lost the
 * session (`Failure.sessionLost`).
 */
export type OpenToolSession = <T>(
  target: {
    server: McpServer;
    ownerId: string;
    timeoutMs: number;
    /**
     * The time left for waiting for a connection, in milliseconds; without it there is no limit.
     */
    leftMs?: (() => number) | undefined;
    signal?: AbortSignal | undefined;
    /** Called with the HTTP status of each response to a message. */
    onAnswer?: (httpStatus: number) => void;
  },
  use: (session: Session) => Promise<T>,
) => Promise<T | Failure>;

export interface McpSessionsDeps {
  pool: Pick<SessionPool, "use">;
  accounts: Pick<Accounts, "credentials">;
  /** For messages, each of which has its own time limit. */
  fetchFor(scope: { serverUrl: string }): Fetch;
  /** For streams that stay open as long as a session. */
  streamFetchFor(scope: { serverUrl: string }): Fetch;
  clientInfo: { name: string; version: string };
  /** Called before a session is created, so that every change of its account is noticed. */
  watchAccount(account: AccountToWatch): Promise<void>;
  /**
   * The consent that an account currently uses; synchronous if it is cached. Null: there is none.
   */
  consentOf(account: { serverId: string; ownerId: string }): string | null | Promise<string | null>;
  /** The user's own headers that an account currently uses, in the same way. */
  keyOf(account: { serverId: string; ownerId: string }): string | null | Promise<string | null>;
}

/**
 * Takes sessions from the pool: a call uses the open session of its account, whichever caller
 * opened it (regressions S1).
 */
export function createMcpSessions(deps: McpSessionsDeps): OpenToolSession {
  return async ({ server, ownerId, timeoutMs, leftMs, signal, onAnswer }, use) => {
    const { id: serverId, configVersion, authType, url } = server;
    const reading = identifyAccount(deps, server, ownerId);
    const consent = reading instanceof Promise ? await reading : reading;
    return deps.pool.use(
      {
        key: { serverId, ownerId, configVersion, authType, consent },
        async describe() {
          if (authType === "OAUTH") await deps.watchAccount({ kind: "grant", serverId, ownerId });
          if (authType === "HEADERS") await deps.watchAccount({ kind: "key", serverId, ownerId });
          return {
            url,
            fetch: deps.fetchFor({ serverUrl: url }),
            streamFetch: deps.streamFetchFor({ serverUrl: url }),
            credentials: deps.accounts.credentials(server, ownerId),
            clientInfo: deps.clientInfo,
          };
        },
        timeoutMs,
        leftMs,
        signal,
        onAnswer,
      },
      use,
    );
  };
}

function identifyAccount(
  deps: McpSessionsDeps,
  { id: serverId, authType }: McpServer,
  ownerId: string,
): string | null | Promise<string | null> {
  if (authType === "OAUTH") return deps.consentOf({ serverId, ownerId });
  return authType === "HEADERS" ? deps.keyOf({ serverId, ownerId }) : null;
}

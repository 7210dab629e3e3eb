import type { McpServer } from "@gatehouse/prisma";
import type { Failure } from "#mcp/connection/classify-error.ts";
import type { SessionPool } from "#mcp/pool/session-pool.ts";
import type { Session } from "#mcp/connection/session.ts";
import type { Fetch } from "#oauth/ports.ts";
import type { Accounts } from "../grant/credentials.ts";

/**
 * Uses a session with an MCP server as one owner's account. The session is shared with that account's other calls, and `use` runs again
 * on a new one if it answers that the server had forgotten the session (`Failure.sessionLost`).
 */
export type OpenToolSession = <T>(
  target: {
    server: McpServer;
    ownerId: string;
    timeoutMs: number;
    /** Of it, for waiting on a connection; all of it if left out. */
    leftMs?: (() => number) | undefined;
    signal?: AbortSignal | undefined;
    /** Is told the HTTP status of each answer to a message. */
    onAnswer?: (httpStatus: number) => void;
  },
  use: (session: Session) => Promise<T>,
) => Promise<T | Failure>;

export interface McpSessionsDeps {
  pool: Pick<SessionPool, "use">;
  accounts: Pick<Accounts, "credentials">;
  /** For messages: each has a bound of its own on its time. */
  fetchFor(scope: { serverUrl: string }): Fetch;
  /** For streams that stand as long as a session. */
  streamFetchFor(scope: { serverUrl: string }): Fetch;
  clientInfo: { name: string; version: string };
  /** Before a session is made, so that no change of its account goes unnoticed. */
  watchAccount(account: { serverId: string; ownerId: string }): Promise<void>;
  /** By which consent an account is used now; at once, without a promise, where it is remembered. Null: there is none. */
  consentOf(account: { serverId: string; ownerId: string }): string | null | Promise<string | null>;
}

/** Sessions come out of the pool: a call finds its account's session open, whoever opened it (regressions S1). */
export function createMcpSessions(deps: McpSessionsDeps): OpenToolSession {
  return async ({ server, ownerId, timeoutMs, leftMs, signal, onAnswer }, use) => {
    const { id: serverId, configVersion, authType, url } = server;
    const reading = authType === "OAUTH" ? deps.consentOf({ serverId, ownerId }) : null;
    const consent = reading instanceof Promise ? await reading : reading;
    return deps.pool.use(
      {
        key: { serverId, ownerId, configVersion, authType, consent },
        async describe() {
          if (authType === "OAUTH") await deps.watchAccount({ serverId, ownerId });
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

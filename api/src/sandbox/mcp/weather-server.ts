import { randomUUID } from "node:crypto";
import { WebStandardStreamableHTTPServerTransport } from "@modelcontextprotocol/sdk/server/webStandardStreamableHttp.js";
import { readLogin, type McpFetch } from "./protected-resource.ts";
import { createWeatherMcpServer } from "./weather-tools.ts";

interface Session {
  readonly login: string;
  readonly transport: WebStandardStreamableHTTPServerTransport;
}

interface WeatherServer {
  readonly serve: McpFetch;
  /** Ids of the open sessions. */
  readonly listSessions: () => string[];
  /** Loses all sessions, as a restart does: their next request is answered 404. */
  readonly dropSessions: () => Promise<void>;
}

// A client that never says good-bye costs a session; the oldest goes first.
const maxSessions = 200;

function answerError(status: number, code: number, message: string): Response {
  return Response.json({ jsonrpc: "2.0", error: { code, message }, id: null }, { status });
}

/** Acme Weather: an MCP server of the 2025-11-25 revision, with sessions (`Mcp-Session-Id`). */
export function createWeatherServer(now: () => Date = () => new Date()): WeatherServer {
  const sessions = new Map<string, Session>();

  const dropSessions = async () => {
    const open = [...sessions.values()];
    sessions.clear();
    await Promise.all(open.map(({ transport }) => transport.close()));
  };

  const openSession = async (login: string) => {
    const transport = new WebStandardStreamableHTTPServerTransport({
      sessionIdGenerator: () => randomUUID(),
      async onsessioninitialized(id) {
        sessions.set(id, { login, transport });
        const [oldest] = sessions;
        if (sessions.size <= maxSessions || !oldest) return;
        sessions.delete(oldest[0]);
        await oldest[1].transport.close();
      },
      onsessionclosed: (id) => void sessions.delete(id),
    });
    await createWeatherMcpServer(now).connect(transport);
    return transport;
  };

  return {
    dropSessions,
    listSessions: () => [...sessions.keys()],
    async serve(request, authInfo) {
      const login = readLogin(authInfo);
      const id = request.headers.get("mcp-session-id");
      if (id === null) {
        if (request.method !== "POST") return answerError(400, -32000, "Mcp-Session-Id is missing");
        const transport = await openSession(login);
        return transport.handleRequest(request, { authInfo });
      }
      const session = sessions.get(id);
      // Somebody else's session is told apart from no session by nobody.
      if (session?.login !== login) return answerError(404, -32001, "Session not found");
      return session.transport.handleRequest(request, { authInfo });
    },
  };
}

import {
  createMcpHandler,
  localhostAllowedOrigins,
  McpServer,
  originValidationResponse,
} from "@modelcontextprotocol/server";
import { createNotebooks } from "./notes-store.ts";
import { registerReadingTools, registerSlowTool, registerWritingTools } from "./notes-tools.ts";
import { readLogin, type McpFetch } from "./protected-resource.ts";

interface NotesServerOptions {
  /** Refuse clients of before the 2026-07-28 revision, which are served without sessions else. */
  readonly modernOnly: boolean;
  readonly log: (message: string) => void;
}

interface NotesServer {
  readonly serve: McpFetch;
  close(): Promise<void>;
}

/** Acme Notes: an MCP server of the 2026-07-28 revision, where each request stands alone. */
export function createNotesServer({ modernOnly, log }: NotesServerOptions): NotesServer {
  const openNotebook = createNotebooks();
  const handler = createMcpHandler(
    ({ authInfo }) => {
      const server = new McpServer(
        { name: "acme-notes", title: "Acme Notes", version: "1.0.0" },
        { instructions: "Notes of one person. List or search before you delete." },
      );
      const notebook = openNotebook(readLogin(authInfo));
      registerReadingTools(server, notebook);
      registerWritingTools(server, notebook);
      registerSlowTool(server);
      return server;
    },
    {
      legacy: modernOnly ? "reject" : "stateless",
      onerror: (error) => log(`sandbox notes: ${error.message}`),
    },
  );
  return {
    serve: async (request, authInfo) =>
      originValidationResponse(request, localhostAllowedOrigins()) ??
      (await handler.fetch(request, { authInfo })),
    close: () => handler.close(),
  };
}

import { text } from "node:stream/consumers";
import { type Counterparty, listenOnLoopback } from "./listen.ts";
import { sendJson } from "./scripted.ts";

/** Whoever can say what a bearer token is good for: an authorization server's own word. */
export interface Issuer {
  /** Its issuer. */
  url: string;
  verifyAccessToken(
    token: string,
  ): Promise<{ scopes: readonly string[]; resource: string } | undefined>;
}

export interface GuardedCounterparty extends Counterparty {
  /** What its metadata lists; changes at once. */
  authorizationServers: string[];
  /** Whose tokens it takes. */
  issuers: Issuer[];
  /** How its metadata is answered. */
  metadata: "published" | "missing" | "down" | "about another resource";
  /** What the 401 asks for. */
  scope: string;
  /** What the tool `write` asks for with a 403, as it stands; the tokens are looked at only if `isInsatiable` is false. */
  writeScope: string | null;
  isInsatiable: boolean;
  /** How often its metadata was asked for. */
  metadataReads(): number;
  /** Calls of tools that ran. */
  runs: string[];
}

const metadataPath = "/.well-known/oauth-protected-resource/mcp";
const tools = ["look", "write"].map((name) => ({ name, inputSchema: { type: "object" } }));

/** An MCP server of the 2026-07-28 revision whose authorization servers, scopes and metadata change as the test says. */
export async function startGuarded(): Promise<GuardedCounterparty> {
  let reads = 0;

  const counterparty = await listenOnLoopback(async (request, response) => {
    const origin = `http://${request.headers.host}`;
    const body = await text(request);
    if (request.url === metadataPath) {
      reads += 1;
      if (guarded.metadata === "missing") return void response.writeHead(404).end();
      if (guarded.metadata === "down") return void response.writeHead(503).end();
      const path = guarded.metadata === "published" ? "mcp" : "elsewhere";
      const { authorizationServers } = guarded;
      return sendJson(response, 200, {
        resource: `${origin}/${path}`,
        authorization_servers: authorizationServers,
      });
    }
    if (request.url !== "/mcp") return void response.writeHead(404).end();

    const refuse = (status: 401 | 403, params: string) =>
      void response
        .writeHead(status, {
          "www-authenticate": `Bearer ${params}, resource_metadata="${origin}${metadataPath}"`,
        })
        .end();
    const token = /^Bearer (\S+)$/.exec(request.headers.authorization ?? "")?.[1];
    const facts = token && (await readToken(token, `${origin}/mcp`));
    if (!facts) return refuse(401, `scope="${guarded.scope}"`);
    const { id, method, params } = JSON.parse(body);
    if (method === "tools/call" && params.name === "write" && guarded.writeScope !== null) {
      const wanted = guarded.writeScope.split(" ").filter(Boolean);
      if (guarded.isInsatiable || !wanted.every((scope) => facts.scopes.includes(scope)))
        return refuse(403, `error="insufficient_scope", scope="${guarded.writeScope}"`);
    }
    if (method === "tools/call") guarded.runs.push(params.name);
    const results: Record<string, object> = {
      "server/discover": { supportedVersions: ["2026-07-28"], capabilities: { tools: {} } },
      "tools/list": { tools },
      "tools/call": { content: [{ type: "text", text: "done" }] },
    };
    const result = { resultType: "complete", ...results[method] };
    sendJson(response, 200, { jsonrpc: "2.0", id, result });
  });

  async function readToken(token: string, resource: string) {
    for (const issuer of guarded.issuers) {
      const facts = await issuer.verifyAccessToken(token);
      if (facts?.resource === resource) return facts;
    }
    return undefined;
  }

  const guarded: GuardedCounterparty = {
    ...counterparty,
    authorizationServers: [],
    issuers: [],
    metadata: "published",
    scope: "notes:read",
    writeScope: null,
    isInsatiable: false,
    metadataReads: () => reads,
    runs: [],
  };
  return guarded;
}

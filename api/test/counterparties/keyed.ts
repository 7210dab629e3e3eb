import type { Counterparty } from "./listen.ts";
import { type Received, startProtected } from "./protected.ts";
import { sendJson } from "./scripted.ts";

export interface KeyedCounterparty extends Counterparty {
  /** The keys that it accepts in `X-Api-Key`; changes at once. */
  keys: Set<string>;
  /** The status of every answer, whatever the key. Null: as the key demands. */
  status: number | null;
  /** The challenge of a refusal. */
  wwwAuthenticate: string | null;
  /** Every answer waits for it. */
  gate: Promise<void>;
  /** Messages of MCP that came, in order. */
  received: Received[];
  /** The key of every tool that ran. */
  runs: string[];
}

const tools = [{ name: "look", inputSchema: { type: "object" } }];

/** An MCP server of the 2026-07-28 revision that wants an API key in a header and knows no OAuth. */
export async function startKeyed(...keys: string[]): Promise<KeyedCounterparty> {
  const server = await startProtected({
    resource: () => 404,
    authorizationServer: () => 404,
    async mcp(received, response) {
      await keyed.gate;
      const key = String(received.headers["x-api-key"] ?? "");
      const status = keyed.status ?? (keyed.keys.has(key) ? 200 : 401);
      const challenge = keyed.wwwAuthenticate;
      if (status !== 200)
        return void response
          .writeHead(status, challenge === null ? {} : { "www-authenticate": challenge })
          .end(challenge === null ? '{"error":"X-Api-Key is missing"}' : "");
      const { id, method, params } = JSON.parse(received.body);
      if (method === "tools/call") keyed.runs.push(key);
      const results: Record<string, object> = {
        "server/discover": { supportedVersions: ["2026-07-28"], capabilities: { tools: {} } },
        "tools/list": { tools },
        "tools/call": { content: [{ type: "text", text: `${params?.name} with ${key}` }] },
      };
      const result = { resultType: "complete", ...results[method] };
      sendJson(response, 200, { jsonrpc: "2.0", id, result });
    },
  });
  const keyed: KeyedCounterparty = {
    ...server,
    keys: new Set(keys),
    status: null,
    gate: Promise.resolve(),
    wwwAuthenticate: null,
    runs: [],
  };
  return keyed;
}

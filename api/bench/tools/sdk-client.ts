import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { toolArguments } from "./document.ts";
import type { McpTarget } from "./messages.ts";

/** A session as the SDK's documentation opens one; it has listed the tools, so that results are checked. */
export async function openSession({ url, token }: Pick<McpTarget, "url" | "token">) {
  const client = new Client(
    { name: "bench", version: "1.0.0" },
    { versionNegotiation: { mode: "auto" } },
  );
  const headers = { authorization: `Bearer ${token}` };
  await client.connect(
    new StreamableHTTPClientTransport(new URL(url), { requestInit: { headers } }),
  );
  return client;
}

export async function callAdd(client: Client) {
  const result = await client.callTool({ name: "add", arguments: toolArguments });
  const sum = result.structuredContent;
  if (JSON.stringify(sum) !== `{"sum":42}`) throw new Error(`add answered ${JSON.stringify(sum)}`);
  return result;
}

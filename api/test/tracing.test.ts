import { createServer as createHttpServer } from "node:http";
import { json } from "node:stream/consumers";
import { once } from "node:events";
import { expect, it } from "vitest";
import { createServer, executeTool } from "./support/client.ts";
import { startGatehouse } from "./support/gatehouse.ts";

interface SentSpan {
  name: string;
  traceId: string;
  spanId: string;
  parentSpanId?: string;
}

interface SentTraces {
  resourceSpans: { scopeSpans: { spans: SentSpan[] }[] }[];
}

/** A collector of OTLP over HTTP (opentelemetry-proto, JSON), and an MCP server's front that notes `traceparent`. */
async function listen(answer: Parameters<typeof createHttpServer>[1]) {
  const server = createHttpServer(answer);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const port = typeof address === "object" ? address?.port : 0;
  return {
    url: `http://127.0.0.1:${port}`,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    },
  };
}

it("a caller's trace goes on in Gatehouse and at the MCP server, and ends at the collector, without a secret", async () => {
  await using resources = new AsyncDisposableStack();
  const bodies: string[] = [];
  const spans: SentSpan[] = [];
  const collector = resources.use(
    await listen(async (request, response) => {
      const body = (await json(request)) as SentTraces;
      bodies.push(JSON.stringify(body));
      if (request.url === "/v1/traces")
        for (const { scopeSpans } of body.resourceSpans)
          for (const scope of scopeSpans) spans.push(...scope.spans);
      response.writeHead(200, { "content-type": "application/json" }).end("{}");
    }),
  );
  const gatehouse = resources.use(
    await startGatehouse({ env: { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url } }),
  );
  const traceparents: (string | undefined)[] = [];
  const front = resources.use(
    await listen(async (request, response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk);
      const text = Buffer.concat(chunks).toString();
      const message = text === "" ? {} : JSON.parse(text);
      if (message.method === "tools/call") traceparents.push(String(request.headers.traceparent));
      const results: Record<string, object> = {
        initialize: {
          protocolVersion: "2025-11-25",
          capabilities: { tools: {} },
          serverInfo: { name: "front", version: "1" },
        },
        "tools/list": { tools: [{ name: "look", inputSchema: { type: "object" } }] },
        "tools/call": { content: [{ type: "text", text: "hush-hush" }] },
      };
      const result = results[message.method];
      if (message.id === undefined) response.writeHead(202).end();
      else {
        const answer = result
          ? { jsonrpc: "2.0", id: message.id, result }
          : { jsonrpc: "2.0", id: message.id, error: { code: -32601, message: "no" } };
        response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(answer));
      }
    }),
  );
  const ada = await gatehouse.signUp("Ada");
  const serverId = await createServer(ada, `${front.url}/secret-path`);
  expect(await executeTool(ada, serverId, "look")).toMatchObject({ __typename: "ToolExecuted" });

  const traceId = "0af7651916cd43dd8448eb211c80319c";
  const response = await fetch(`${gatehouse.url}/graphql`, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      cookie: ada.cookie,
      traceparent: `00-${traceId}-b7ad6b7169203331-01`,
    },
    body: JSON.stringify({
      query: "mutation ($input: ExecuteToolInput!) { executeTool(input: $input) { __typename } }",
      variables: { input: { serverId, toolName: "look", arguments: {} } },
    }),
  });
  expect(await response.json()).toEqual({ data: { executeTool: { __typename: "ToolExecuted" } } });

  const ours = () => spans.filter((span) => span.traceId === traceId);
  await expect.poll(() => ours().length, { timeout: 30_000 }).toBeGreaterThanOrEqual(3);
  const find = (name: string) => ours().find((span) => span.name === name);
  expect(find("graphql")?.parentSpanId).toBe("b7ad6b7169203331");
  expect(find("executeTool")?.parentSpanId).toBe(find("graphql")?.spanId);
  expect(find("MCP POST")?.parentSpanId).toBe(find("executeTool")?.spanId);
  expect(traceparents.at(-1)).toBe(`00-${traceId}-${find("MCP POST")?.spanId}-01`);
  // The call before had no caller's trace: one of its own, not this one.
  expect(traceparents[0]).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/);
  expect(traceparents[0]).not.toContain(traceId);
  expect(bodies.join()).toContain('"gatehouse"');
  expect(bodies.join()).not.toMatch(/hush-hush|secret-path|Ada|session_token/);
});

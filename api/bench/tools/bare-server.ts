/** The yardstick: one resolver around one open session of the SDK's client, served by Yoga as its documentation shows it. */
import { randomUUID } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { Client } from "@modelcontextprotocol/client";
import { createSchema, createYoga } from "graphql-yoga";
import { readMemory, serveParent } from "../serve-parent.ts";
import { readCpuMs } from "./cpu.ts";
import type { ServerAnswers, ServerRequest } from "./messages.ts";
import { openSession } from "./sdk-client.ts";

const typeDefs = `
  scalar JSON
  type Query { ok: Boolean }
  input ExecuteToolInput { serverId: ID! toolName: String! arguments: JSON }
  interface UserError { message: String! }
  type ToolFailed implements UserError { message: String! }
  type ToolExecuted { execution: ToolExecution! }
  enum ToolExecutionStatus { SUCCEEDED FAILED }
  type ToolExecution {
    id: ID!
    status: ToolExecutionStatus!
    isToolError: Boolean!
    structuredContent: JSON
    content: [ToolContent!]
  }
  type TextContent { text: String! }
  type ImageContent { data: String! }
  union ToolContent = TextContent | ImageContent
  union ExecuteToolResult = ToolExecuted | ToolFailed
  type Mutation { executeTool(input: ExecuteToolInput!): ExecuteToolResult! }
`;

interface Input {
  toolName: string;
  arguments: Record<string, unknown>;
}

async function executeTool(client: Client, input: Input) {
  const result = await client.callTool({ name: input.toolName, arguments: input.arguments });
  const execution = {
    id: randomUUID(),
    status: result.isError ? "FAILED" : "SUCCEEDED",
    isToolError: result.isError === true,
    structuredContent: result.structuredContent ?? null,
    content: result.content.map((block) => ({
      __typename: block.type === "text" ? "TextContent" : "ImageContent",
      ...block,
    })),
  };
  return { __typename: "ToolExecuted", execution };
}

serveParent<ServerAnswers>({
  async start({ target }: ServerRequest & { kind: "start" }) {
    const client = await openSession(target);
    await client.listTools();
    const schema = createSchema({
      typeDefs,
      resolvers: {
        Mutation: {
          executeTool: (_root, { input }: { input: Input }) => executeTool(client, input),
        },
      },
    });
    const yoga = createYoga({ schema, logging: false });
    const server = createServer((request, response) => void yoga(request, response));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
  },
  memory: readMemory,
  cpu: readCpuMs,
});

import { randomUUID } from "node:crypto";
import { getRequestListener } from "@hono/node-server";
import { McpServer as LegacyServer } from "@modelcontextprotocol/sdk/server/mcp.js";
import { StreamableHTTPServerTransport } from "@modelcontextprotocol/sdk/server/streamableHttp.js";
import {
  ElicitResultSchema,
  UrlElicitationRequiredError,
} from "@modelcontextprotocol/sdk/types.js";
import {
  CLIENT_CAPABILITIES_META_KEY,
  createMcpHandler,
  McpServer,
} from "@modelcontextprotocol/server";
import type { ElicitResult, InputRequest, InputRequiredResult } from "@modelcontextprotocol/server";
import { z } from "zod";
import { listenOnLoopback } from "./listen.ts";
import type { Counterparty } from "./listen.ts";

/** A server whose tool `ask` asks what it is told to and answers, as JSON, what it was told. */
export interface AskingCounterparty extends Counterparty {
  /** Answers to questions that are not a call's. */
  asideAnswers: Promise<ElicitResult>[];
  /** Capabilities of the client that was here last. */
  capabilities(): unknown;
}

const argumentsSchema = {
  /** Parameters of `elicitation/create`, as they are to be sent; several are asked one after the other. */
  questions: z.array(z.record(z.string(), z.unknown())),
  /** All of them at once. */
  together: z.boolean().default(false),
  /** Legacy: on the session's own stream. */
  aside: z.boolean().default(false),
  /** Legacy: as the error -32042, the first time. */
  byError: z.boolean().default(false),
  /** Legacy: how long the server waits for an answer, in milliseconds. */
  patienceMs: z.number().default(60_000),
};

const toText = (answers: unknown) => ({
  content: [{ type: "text" as const, text: JSON.stringify(answers) }],
});

/** On the SDK's 1.x line, the 2025-11-25 revision with sessions: a question is a request of the server's own. */
export async function startAskingLegacy(): Promise<AskingCounterparty> {
  const sessions = new Map<string, StreamableHTTPServerTransport>();
  const asideAnswers: Promise<ElicitResult>[] = [];
  let capabilities: unknown;
  const counterparty = await listenOnLoopback(async (request, response) => {
    const id = request.headers["mcp-session-id"];
    const known = typeof id === "string" ? sessions.get(id) : undefined;
    if (id !== undefined && !known) return void response.writeHead(404).end();
    const transport =
      known ??
      new StreamableHTTPServerTransport({
        sessionIdGenerator: () => randomUUID(),
        onsessioninitialized: (session) => void sessions.set(session, transport),
      });
    if (!known) {
      const server = createLegacyServer(asideAnswers);
      server.server.oninitialized = () => (capabilities = server.server.getClientCapabilities());
      await server.connect(transport);
    }
    await transport.handleRequest(request, response);
  });
  return { ...counterparty, asideAnswers, capabilities: () => capabilities };
}

function createLegacyServer(asideAnswers: Promise<ElicitResult>[]): LegacyServer {
  const server = new LegacyServer({ name: "asking", title: "Asking", version: "1.0.0" });
  let hasRefused = false;
  server.registerTool("ask", { inputSchema: argumentsSchema }, async (args, extra) => {
    const { questions, together, aside, byError, patienceMs } = args;
    if (byError && !hasRefused) {
      hasRefused = true;
      throw new UrlElicitationRequiredError(
        questions as ConstructorParameters<typeof UrlElicitationRequiredError>[0],
      );
    }
    if (byError) return toText("opened");
    const ask = (params: Record<string, unknown>) => {
      const request = { method: "elicitation/create" as const, params: params as never };
      const options = { timeout: patienceMs };
      return aside
        ? server.server.request(request, ElicitResultSchema, options)
        : extra.sendRequest(request, ElicitResultSchema, options);
    };
    if (together) return toText(await Promise.all(questions.map(ask)));
    const answers: unknown[] = [];
    for (const question of questions) answers.push(await ask(question));
    return toText(answers);
  });
  server.registerTool(
    "ask-and-go",
    { inputSchema: argumentsSchema },
    async ({ questions }, extra) => {
      for (const params of questions) {
        const request = { method: "elicitation/create" as const, params: params as never };
        const answer = extra.sendRequest(request, ElicitResultSchema);
        asideAnswers.push(answer as Promise<ElicitResult>);
        answer.catch(() => undefined);
      }
      return toText("gone");
    },
  );
  server.registerTool("plain", { inputSchema: {} }, async () => toText("plain"));
  return server;
}

/** Of the 2026-07-28 revision alone: a question is a result, and its answer comes with the next call. */
export async function startAskingModern(): Promise<AskingCounterparty> {
  let capabilities: unknown;
  const create = () => {
    const server = new McpServer({ name: "asking", title: "Asking", version: "2.0.0" });
    const inputSchema = z.object(argumentsSchema);
    server.registerTool("ask", { inputSchema }, async ({ questions, together }, context) => {
      const envelope: Record<string, unknown> = { ...context.mcpReq.envelope };
      capabilities = envelope[CLIENT_CAPABILITIES_META_KEY];
      const state = JSON.parse(context.mcpReq.requestState<string>() ?? "[]") as unknown[];
      const given = Object.entries(context.mcpReq.inputResponses ?? {});
      const answers = [
        ...state,
        ...given.toSorted(([a], [b]) => a.localeCompare(b)).map(([, answer]) => answer),
      ];
      const left = questions.slice(answers.length);
      if (left.length === 0) return toText(answers);
      const asked = together ? left : left.slice(0, 1);
      const requests = asked.map((params, index) => [
        `question ${String(index).padStart(4, "0")}`,
        { method: "elicitation/create", params } as unknown as InputRequest,
      ]);
      return {
        resultType: "input_required",
        inputRequests: Object.fromEntries(requests),
        requestState: JSON.stringify(answers),
      } as InputRequiredResult;
    });
    return server;
  };
  const handler = createMcpHandler(create, { legacy: "reject" });
  const listener = getRequestListener((request) => handler.fetch(request), {
    overrideGlobalObjects: false,
  });
  const counterparty = await listenOnLoopback(listener);
  return {
    url: counterparty.url,
    asideAnswers: [],
    capabilities: () => capabilities,
    close: async () => {
      await handler.close();
      await counterparty.close();
    },
  };
}

import type { Database, McpServer, ToolExecution } from "@gatehouse/prisma";
import { validateArguments, type ArgumentIssue } from "../mcp/arguments.ts";
import { listTools, type Tool } from "../mcp/catalog.ts";
import type { ContentBlock } from "../mcp/content.ts";
import type { Failure } from "../mcp/errors.ts";
import { callTool, type ToolCallAnswer } from "../mcp/execute.ts";
import type { JsonObject } from "../mcp/json.ts";
import { type Session, withSession } from "../mcp/session.ts";
import type { Fetch } from "../oauth/ports.ts";
import type { OAuthReason } from "../oauth/state.ts";
import type { ExecutionStore, FinishedExecution } from "../storage/execution-store.ts";
import { type Access, type Caller, ownerOf } from "./access.ts";
import type { Accounts, Stop } from "./accounts.ts";
import type { Background } from "./background.ts";
import { InputFaults } from "./errors.ts";
import { checkTimeout } from "./input.ts";
import { suggestNames } from "./suggest.ts";

export type CatalogTool = Tool;

/** The API's form of a content block. */
export type ToolContentBlock =
  | { __typename: "TextContent"; text: string }
  | { __typename: "ImageContent"; data: string; mimeType: string | null }
  | { __typename: "AudioContent"; data: string; mimeType: string | null }
  | (Omit<Extract<ContentBlock, { type: "resource_link" }>, "type"> & {
      __typename: "ResourceLink";
    })
  | {
      __typename: "EmbeddedResource";
      resource: Extract<ContentBlock, { type: "resource" }>["resource"];
    };

export interface ExecuteInput {
  serverId: string;
  toolName: string;
  arguments: unknown;
  timeoutMs: number | null;
  wait: boolean;
  confirmed: boolean;
}

export type ExecuteAnswer =
  | { __typename: "ToolExecuted"; execution: ToolExecution }
  | { __typename: "ReauthRequired"; message: string; serverId: string; reason: OAuthReason }
  | { __typename: "ToolNotFound"; message: string; suggestions: string[] }
  | { __typename: "InvalidToolArguments"; message: string; issues: ArgumentIssue[] }
  | { __typename: "ToolConfirmationRequired"; message: string; tool: CatalogTool }
  | { __typename: "ToolTimedOut"; message: string; execution: ToolExecution }
  | { __typename: "ServerDisabled" | "CredentialsRejected"; message: string; serverId: string }
  | { __typename: "ServerUnreachable"; message: string; retryable: boolean };

export type DiscoveryOutcome =
  | { kind: "tools"; tools: CatalogTool[] }
  | { kind: "failed"; message: string };

export interface Tools {
  /** What is stored for the caller's account; asked for now when nothing is, and the account can be used. */
  list(caller: Caller | null, server: Pick<McpServer, "id">): Promise<CatalogTool[]>;
  /** Asks the server now, and stores what it says or that it did not answer. */
  refresh(caller: Caller | null, serverId: string): Promise<void>;
  /** The same for an account, without a caller. */
  discover(serverId: string, ownerId: string, signal?: AbortSignal): Promise<DiscoveryOutcome>;
  execute(caller: Caller | null, input: ExecuteInput): Promise<ExecuteAnswer>;
  /** Null unless the caller may see it. */
  findExecution(caller: Caller | null, id: string): Promise<ToolExecution | null>;
  /** Null for everybody but the runner. */
  readArguments(caller: Caller | null, execution: ToolExecution): unknown;
  readContent(
    caller: Caller | null,
    execution: ToolExecution,
  ): { content: ToolContentBlock[]; structuredContent: unknown } | null;
}

export interface ToolsDeps {
  db: Database;
  access: Access;
  accounts: Accounts;
  executions: ExecutionStore;
  background: Background;
  fetchFor(scope: { serverUrl: string; timeoutMs: number }): Fetch;
  clientInfo: { name: string; version: string };
  /** A run's content cannot be opened: its key is gone. */
  log(message: string, details: object): void;
}

/** A stored list this old is asked for again before a tool is said to be missing, in milliseconds. */
const staleForMissingMs = 5_000;
const discoveryTimeoutMs = 15_000;

export function createTools(deps: ToolsDeps): Tools {
  const { db, access, accounts, executions } = deps;
  /** Questions under way: whoever asks meanwhile shares the answer. */
  const discovering = new Map<string, Promise<DiscoveryOutcome>>();

  function openSession<T>(
    server: McpServer,
    ownerId: string,
    timeoutMs: number,
    signal: AbortSignal | undefined,
    use: (session: Session) => Promise<T>,
  ): Promise<T | Failure> {
    return withSession(
      {
        url: server.url,
        fetch: deps.fetchFor({ serverUrl: server.url, timeoutMs }),
        credentials: accounts.credentials(server, ownerId),
        timeoutMs,
        clientInfo: deps.clientInfo,
        signal,
      },
      use,
    );
  }

  async function askForTools(
    server: McpServer,
    ownerId: string,
    signal?: AbortSignal,
  ): Promise<DiscoveryOutcome> {
    const askedAt = new Date();
    const answer = await openSession(
      server,
      ownerId,
      Math.min(server.requestTimeoutMs, discoveryTimeoutMs),
      signal,
      (session) => listTools(session, undefined, signal),
    );
    if (answer.kind === "tools") {
      await accounts.accepted(server, ownerId);
      await storeCatalog(server, ownerId, answer.tools, askedAt);
      await storeReachability(server.id, askedAt, null);
      return { kind: "tools", tools: answer.tools };
    }
    const message = describeFailure(answer);
    // A refusal is an answer too: the server can be reached.
    await storeReachability(server.id, askedAt, answer.kind === "refused" ? null : message);
    return { kind: "failed", message };
  }

  /** The question asked last wins, whatever order the answers come in (regressions D11). */
  async function storeCatalog(
    server: McpServer,
    ownerId: string,
    tools: CatalogTool[],
    askedAt: Date,
  ): Promise<void> {
    await db.$executeRaw`
      INSERT INTO "ToolCatalog" ("id", "serverId", "ownerId", "tools", "fetchedAt")
      SELECT uuidv7(), s."id", ${ownerId}::uuid, ${JSON.stringify(tools)}::jsonb, ${askedAt}::timestamptz
      FROM "McpServer" s WHERE s."id" = ${server.id}::uuid AND s."configVersion" = ${server.configVersion}
      ON CONFLICT ("serverId", "ownerId") DO UPDATE SET "tools" = excluded."tools", "fetchedAt" = excluded."fetchedAt"
      WHERE "ToolCatalog"."fetchedAt" <= excluded."fetchedAt"`;
  }

  async function storeReachability(
    serverId: string,
    checkedAt: Date,
    message: string | null,
  ): Promise<void> {
    await db.mcpServer.updateMany({
      where: {
        id: serverId,
        OR: [{ reachabilityCheckedAt: null }, { reachabilityCheckedAt: { lte: checkedAt } }],
      },
      data: {
        reachability: message === null ? "REACHABLE" : "UNREACHABLE",
        reachabilityCheckedAt: checkedAt,
        reachabilityMessage: message,
      },
    });
  }

  function discoverOnce(
    server: McpServer,
    ownerId: string,
    signal?: AbortSignal,
  ): Promise<DiscoveryOutcome> {
    const key = `${server.id} ${ownerId} ${server.configVersion}`;
    const underWay =
      discovering.get(key) ??
      askForTools(server, ownerId, signal).finally(() => discovering.delete(key));
    discovering.set(key, underWay);
    return underWay;
  }

  async function findTool(
    server: McpServer,
    ownerId: string,
    name: string,
  ): Promise<{ tool: CatalogTool } | { tool: null; names: string[]; failure: string | null }> {
    const stored = await db.toolCatalog.findUnique({
      where: { serverId_ownerId: { serverId: server.id, ownerId } },
    });
    const known = (stored?.tools ?? []) as unknown as CatalogTool[];
    const tool = known.find((one) => one.name === name);
    if (tool) return { tool };
    if (stored && Date.now() - stored.fetchedAt.getTime() < staleForMissingMs)
      return { tool: null, names: known.map((one) => one.name), failure: null };
    const fresh = await discoverOnce(server, ownerId);
    if (fresh.kind === "failed") return { tool: null, names: [], failure: fresh.message };
    const found = fresh.tools.find((one) => one.name === name);
    return found
      ? { tool: found }
      : { tool: null, names: fresh.tools.map((one) => one.name), failure: null };
  }

  function reauthRequired(server: McpServer, reason: OAuthReason): ExecuteAnswer {
    return {
      __typename: "ReauthRequired",
      message:
        reason === "NOT_CONNECTED"
          ? `Connect an account to ${server.name} first.`
          : `${server.name} needs your consent again.`,
      serverId: server.id,
      reason,
    };
  }

  /** Records how the run ended, and says it to the caller. */
  async function conclude(
    server: McpServer,
    execution: ToolExecution,
    answer: ToolCallAnswer,
  ): Promise<ExecuteAnswer> {
    const finish = (
      status: FinishedExecution["status"],
      errorMessage: string | null,
      rest: Partial<FinishedExecution> = {},
    ) =>
      executions.finish(execution.id, {
        status,
        errorMessage,
        isToolError: false,
        result: null,
        ...rest,
      });
    switch (answer.kind) {
      case "result": {
        const { content, structuredContent, isError } = answer;
        return {
          __typename: "ToolExecuted",
          execution: await finish(
            isError ? "FAILED" : "SUCCEEDED",
            isError ? firstText(content) : null,
            {
              isToolError: isError,
              result: { content, structuredContent },
            },
          ),
        };
      }
      case "unknown-tool":
        await finish("FAILED", "The server has no such tool any more.");
        return {
          __typename: "ToolNotFound",
          message: `${server.name} has no tool "${execution.toolName}" any more.`,
          suggestions: [],
        };
      case "timed-out":
        return {
          __typename: "ToolTimedOut",
          message: `${server.name} did not answer in time. The tool may have run.`,
          execution: await finish("TIMED_OUT", answer.message),
        };
      case "cancelled":
        return {
          __typename: "ToolExecuted",
          execution: await finish(
            "INTERRUPTED",
            "Gatehouse was stopped while the tool ran; it may have run.",
          ),
        };
      case "unreachable":
        await finish("FAILED", answer.message);
        return {
          __typename: "ServerUnreachable",
          message: answer.message,
          retryable: answer.retryable,
        };
      case "protocol-error": {
        const ended = await finish("FAILED", answer.message);
        return answer.code === "not-mcp"
          ? { __typename: "ServerUnreachable", message: answer.message, retryable: false }
          : { __typename: "ToolExecuted", execution: ended };
      }
      case "refused": {
        const stop = answer.stop as Stop | null;
        if (stop?.kind === "reauth") {
          await finish("REAUTH_REQUIRED", null);
          return reauthRequired(server, stop.reason);
        }
        const message = describeFailure(answer);
        await finish("FAILED", message);
        return stop?.kind === "headers-rejected"
          ? { __typename: "CredentialsRejected", message, serverId: server.id }
          : { __typename: "ServerUnreachable", message, retryable: stop?.kind === "transient" };
      }
    }
  }

  async function run(
    server: McpServer,
    execution: ToolExecution,
    tool: CatalogTool,
    args: JsonObject,
    timeoutMs: number,
    signal: AbortSignal,
  ): Promise<ExecuteAnswer> {
    let answer: ToolCallAnswer;
    try {
      answer = await openSession(server, execution.ownerId, timeoutMs, signal, (session) =>
        callTool(session, { name: tool.name, arguments: args, timeoutMs, tool, signal }),
      );
      if (answer.kind === "result") await accounts.accepted(server, execution.ownerId);
    } catch (error) {
      await executions.finish(execution.id, {
        status: "FAILED",
        errorMessage: "Something went wrong inside Gatehouse.",
        isToolError: false,
        result: null,
      });
      throw error;
    }
    return conclude(server, execution, answer);
  }

  return {
    async list(maybeCaller, { id }) {
      const { caller, server } = await access.requireServer(maybeCaller, id, "see");
      const ownerId = ownerOf(server, caller);
      const stored = await db.toolCatalog.findUnique({
        where: { serverId_ownerId: { serverId: id, ownerId } },
      });
      if (stored) return stored.tools as unknown as CatalogTool[];
      if (!server.enabled || server.authType === "UNKNOWN") return [];
      if ((await accounts.reasonNotToCall(server, ownerId)) !== null) return [];
      const fresh = await discoverOnce(server, ownerId);
      return fresh.kind === "tools" ? fresh.tools : [];
    },

    async refresh(maybeCaller, serverId) {
      const { caller, server } = await access.requireServer(maybeCaller, serverId, "use");
      await discoverOnce(server, ownerOf(server, caller));
    },

    async discover(serverId, ownerId, signal) {
      const server = await db.mcpServer.findUnique({ where: { id: serverId } });
      return server
        ? discoverOnce(server, ownerId, signal)
        : { kind: "failed", message: "The server is gone." };
    },

    async execute(maybeCaller, input) {
      const { caller, server } = await access.requireServer(maybeCaller, input.serverId, "use");
      const faults = new InputFaults();
      checkTimeout(faults, "timeoutMs", input.timeoutMs);
      faults.throwIfAny();
      if (!server.enabled)
        return {
          __typename: "ServerDisabled",
          message: `${server.name} is switched off.`,
          serverId: server.id,
        };
      const ownerId = ownerOf(server, caller);
      const reason = await accounts.reasonNotToCall(server, ownerId);
      if (reason !== null && reason !== "INSUFFICIENT_SCOPE") return reauthRequired(server, reason);

      const found = await findTool(server, ownerId, input.toolName);
      if (!found.tool) {
        if (found.failure !== null) {
          // Asking for the tools may have found out that the account is dead.
          const now = await accounts.reasonNotToCall(server, ownerId);
          return now === null
            ? { __typename: "ServerUnreachable", message: found.failure, retryable: true }
            : reauthRequired(server, now);
        }
        return {
          __typename: "ToolNotFound",
          message: `${server.name} has no tool "${input.toolName}".`,
          suggestions: suggestNames(input.toolName, found.names),
        };
      }
      const { tool } = found;
      const args = input.arguments ?? {};
      const issues = validateArguments(tool.inputSchema, args);
      if (issues.length > 0)
        return {
          __typename: "InvalidToolArguments",
          message: `The arguments do not fit ${tool.name}.`,
          issues,
        };
      if (tool.annotations?.["destructiveHint"] === true && !input.confirmed)
        return {
          __typename: "ToolConfirmationRequired",
          message: `${tool.title ?? tool.name} may destroy something. Confirm that it shall run.`,
          tool,
        };

      const execution = await executions.start({
        toolName: tool.name,
        arguments: args,
        ownerId,
        startedById: caller.userId,
        workspaceId: server.workspaceId,
        serverId: server.id,
      });
      const timeoutMs = input.timeoutMs ?? server.requestTimeoutMs;
      return new Promise((resolve, reject) => {
        // A caller that goes away cancels nothing; stopping waits for what runs.
        deps.background.start("tool execution", async (signal) => {
          try {
            resolve(await run(server, execution, tool, args as JsonObject, timeoutMs, signal));
          } catch (error) {
            reject(error instanceof Error ? error : new Error(String(error)));
            if (!input.wait) throw error;
          }
        });
        if (!input.wait) resolve({ __typename: "ToolExecuted", execution });
      });
    },

    async findExecution(caller, id) {
      const execution = caller && (await db.toolExecution.findUnique({ where: { id } }));
      if (!execution) return null;
      if (execution.startedById === caller.userId)
        return (await access.roleIn(caller, execution.workspaceId)) ? execution : null;
      const role = await access.roleIn(caller, execution.workspaceId);
      return role === "ADMIN" || role === "OWNER" ? execution : null;
    },

    readArguments(caller, execution) {
      return caller?.userId === execution.startedById
        ? openOrNull(() => executions.openArguments(execution))
        : null;
    },

    readContent(caller, execution) {
      if (caller?.userId !== execution.startedById) return null;
      const opened = openOrNull(() => executions.openContent(execution));
      return (
        opened && {
          content: (opened.content as ContentBlock[]).map(toContentBlock),
          structuredContent: opened.structuredContent,
        }
      );
    },
  };

  /** Content whose key is gone is null by contract, and no reason to fail the rest. */
  function openOrNull<T>(open: () => T): T | null {
    try {
      return open();
    } catch (error) {
      deps.log("a run's content could not be opened", {
        error: error instanceof Error ? error.name : "unknown",
      });
      return null;
    }
  }
}

function toContentBlock(block: ContentBlock): ToolContentBlock {
  switch (block.type) {
    case "text":
      return { __typename: "TextContent", text: block.text };
    case "image":
      return { __typename: "ImageContent", data: block.data, mimeType: block.mimeType };
    case "audio":
      return { __typename: "AudioContent", data: block.data, mimeType: block.mimeType };
    case "resource_link": {
      const { type: _, ...link } = block;
      return { __typename: "ResourceLink", ...link };
    }
    case "resource":
      return { __typename: "EmbeddedResource", resource: block.resource };
  }
}

function firstText(content: readonly ContentBlock[]): string | null {
  const text = content.find((block) => block.type === "text");
  return text ? text.text.slice(0, 500) : null;
}

function describeFailure(failure: Failure): string {
  switch (failure.kind) {
    case "cancelled":
      return "Cancelled.";
    case "refused": {
      const stop = failure.stop as Stop | null;
      if (stop?.kind === "reauth") return "Consent is needed.";
      if (stop?.kind === "headers-rejected") return "The server refused the configured headers.";
      return stop?.message ?? "The server refused the credentials.";
    }
    default:
      return failure.message;
  }
}

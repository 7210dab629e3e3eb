import type { McpServer } from "@gatehouse/prisma";
import type { ArgumentIssue } from "#mcp/json-schema/arguments.ts";
import type { ResourceContents } from "#mcp/calls/content.ts";
import type { Failure } from "#mcp/connection/classify-error.ts";
import { getPrompt, type Prompt } from "#mcp/calls/prompts.ts";
import { readResource } from "#mcp/calls/resources.ts";
import type { Session } from "#mcp/connection/session.ts";
import { type Access, type Caller, ownerOf } from "../access/access.ts";
import type { Accounts } from "../grant/credentials.ts";
import type { Catalogs } from "../catalog/catalogs.ts";
import { InputFaults } from "../access/service-error.ts";
import { type RefusedAnswer, reauthRequired, refusedAnswer } from "./execute-answer.ts";
import type { ExecutionLimits } from "./execution-limits.ts";
import { checkPromptArguments, findMissingArguments } from "./prompt-arguments.ts";
import { suggestNames } from "./similar-names.ts";
import { toContentBlock, type ToolContentBlock } from "./tool-content.ts";
import type { OpenToolSession } from "../session/mcp-sessions.ts";
import { describeFailure } from "../grant/refusal.ts";
import { isFailure } from "../session/reachability.ts";

/** The reason that nothing could be read from a server; the members that the results have in common. */
export type ReadingRefusal =
  | RefusedAnswer
  | { __typename: "ServerDisabled"; message: string; serverId: string };

export type ReadResourceAnswer =
  | { __typename: "ResourceRead"; contents: ResourceContents[]; isTruncated: boolean }
  | { __typename: "ResourceNotFound"; message: string }
  | ReadingRefusal;

export interface PromptMessageShape {
  role: "user" | "assistant";
  content: ToolContentBlock;
}

export type GetPromptAnswer =
  | { __typename: "PromptReceived"; description: string | null; messages: PromptMessageShape[] }
  | { __typename: "PromptNotFound"; message: string; suggestions: string[] }
  | { __typename: "InvalidPromptArguments"; message: string; issues: ArgumentIssue[] }
  | ReadingRefusal;

/** Reads a server's resources and prompts with the account that the caller's calls use. The contents are not stored. */
export interface ServerReading {
  readResource(
    caller: Caller | null,
    input: { serverId: string; uri: string },
    signal?: AbortSignal,
  ): Promise<ReadResourceAnswer>;
  getPrompt(
    caller: Caller | null,
    input: { serverId: string; name: string; arguments: unknown },
    signal?: AbortSignal,
  ): Promise<GetPromptAnswer>;
}

export interface ServerReadingDeps {
  access: Access;
  accounts: Pick<Accounts, "reasonNotToCall" | "accepted">;
  catalogs: Pick<Catalogs, "readOffers" | "discoverOffers">;
  openSession: OpenToolSession;
  /** Counted together with running tools. */
  limits: ExecutionLimits;
}

/** The maximum length of a URI, in characters. */
const longestUri = 8_192;

export function createServerReading(deps: ServerReadingDeps): ServerReading {
  const { access, accounts, catalogs, openSession } = deps;

  /** Calls `use` with a session if the account can be used. */
  async function read<Answer extends { kind: string }>(
    caller: Caller,
    server: McpServer,
    signal: AbortSignal | undefined,
    use: (session: Session) => Promise<Answer | Failure>,
  ): Promise<ReadingRefusal | Exclude<Answer, Failure>> {
    const { id: serverId, workspaceId } = server;
    if (!server.enabled)
      return { __typename: "ServerDisabled", message: `${server.name} is disabled.`, serverId };
    const ownerId = ownerOf(server, caller);
    const reason = await accounts.reasonNotToCall(server, ownerId);
    if (reason !== null) return reauthRequired(server, reason);
    const leave = deps.limits.take({ workspaceId, serverId, userId: caller.userId });
    try {
      const timeoutMs = server.requestTimeoutMs;
      const question = { server, ownerId, timeoutMs, ...(signal ? { signal } : {}) };
      const answer = await openSession(question, use);
      if (isFailure(answer)) return describeRefusal(server, answer);
      await accounts.accepted(server, ownerId);
      // `isFailure` covers every kind of failure.
      return answer as Exclude<Answer, Failure>;
    } finally {
      leave();
    }
  }

  /** Returns an empty list if the server declares no prompts. */
  async function findPrompts(server: McpServer, caller: Caller): Promise<Prompt[]> {
    const account = { serverId: server.id, ownerId: ownerOf(server, caller) };
    const find = async () => (await catalogs.readOffers([account]))[0]?.prompts;
    const known = await find();
    if (known) return known;
    await catalogs.discoverOffers(account);
    return (await find()) ?? [];
  }

  return {
    async readResource(maybeCaller, { serverId, uri }, signal) {
      const { caller, server } = await access.requireServer(maybeCaller, serverId, "use");
      const faults = new InputFaults();
      if (uri === "" || uri.length > longestUri)
        faults.add("uri", "Enter the URI of a resource that the server lists.");
      faults.throwIfAny();
      const answer = await read(caller, server, signal, (session) => readResource(session, uri));
      if ("__typename" in answer) return answer;
      if (answer.kind === "contents")
        return {
          __typename: "ResourceRead",
          contents: answer.contents,
          isTruncated: answer.isTruncated,
        };
      return { __typename: "ResourceNotFound", message: `${server.name} has nothing at ${uri}.` };
    },

    async getPrompt(maybeCaller, { serverId, name, arguments: given }, signal) {
      const { caller, server } = await access.requireServer(maybeCaller, serverId, "use");
      const checked = checkPromptArguments(given);
      const invalid = (message: string, issues: ArgumentIssue[] = []): GetPromptAnswer => ({
        __typename: "InvalidPromptArguments",
        message,
        issues,
      });
      if ("issues" in checked)
        return invalid(`The arguments do not match the schema of ${name}.`, checked.issues);
      const answer = await read(caller, server, signal, (session) =>
        getPrompt(session, { name, arguments: checked.arguments }),
      );
      if ("__typename" in answer) return answer;
      if (answer.kind === "prompt")
        return {
          __typename: "PromptReceived",
          description: answer.description,
          messages: answer.messages.map(({ role, content }) => ({
            role,
            content: toContentBlock(content),
          })),
        };
      // Servers use the same error code for an unknown prompt and a missing argument; the list of prompts distinguishes them.
      const prompts = await findPrompts(server, caller);
      const prompt = prompts.find((one) => one.name === name);
      if (prompt) return invalid(answer.message, findMissingArguments(prompt, checked.arguments));
      return {
        __typename: "PromptNotFound",
        message: `${server.name} has no prompt "${name}".`,
        suggestions: suggestNames(
          name,
          prompts.map((one) => one.name),
        ),
      };
    },
  };
}

function describeRefusal(server: McpServer, failure: Failure): RefusedAnswer {
  const message = describeFailure(failure);
  return failure.kind === "refused"
    ? refusedAnswer(server, failure, message)
    : { __typename: "ServerUnreachable", message, retryable: isWorthAnotherTry(failure) };
}

/** Reading has no side effects, so a request that may have been sent can be repeated. */
function isWorthAnotherTry(failure: Failure): boolean {
  if (failure.kind !== "unreachable") return failure.kind !== "protocol-error";
  const { sent, httpStatus } = failure;
  // The server does not support the method or has nothing at its address (regressions Q7).
  if (httpStatus === 404 || httpStatus === 501) return false;
  return failure.retryable || (sent !== false && (httpStatus === null || httpStatus >= 500));
}

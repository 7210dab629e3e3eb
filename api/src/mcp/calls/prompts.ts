/** Lists and retrieves a server's prompts (MCP 2025-11-25, Server Features: Prompts). */
import { ProtocolError, ProtocolErrorCode } from "@modelcontextprotocol/client";
import type { CallToolResult } from "@modelcontextprotocol/client";
import { z } from "zod";
import type { Session } from "../connection/connect.ts";
import { toContentBlock } from "./content.ts";
import type { ContentBlock } from "./content.ts";
import { classifyFailure } from "../connection/classify-error.ts";
import { redactFailure, shortenMessage } from "../failure.ts";
import type { Failure } from "../failure.ts";
import { DEFAULT_LIST_BOUNDS, listPages } from "./pages.ts";
import type { Listing, ListKind } from "./pages.ts";

export interface PromptArgument {
  name: string;
  title: string | null;
  description: string | null;
  required: boolean;
}

export interface Prompt {
  name: string;
  title: string | null;
  description: string | null;
  arguments: PromptArgument[];
}

export interface PromptMessage {
  role: "user" | "assistant";
  content: ContentBlock;
}

export type PromptAnswer =
  | { kind: "prompt"; description: string | null; messages: PromptMessage[] }
  /** The server rejected the name or the arguments; `message` states which. */
  | { kind: "invalid-params"; message: string }
  | Failure;

const rawArgument = z.looseObject({
  name: z.string(),
  title: z.string().optional(),
  description: z.string().optional(),
  required: z.boolean().optional(),
});
const rawPrompt = z.looseObject({
  name: z.string(),
  title: z.string().optional(),
  description: z.string().optional(),
  arguments: z.array(rawArgument).optional(),
});
const rawMessages = z.looseObject({
  description: z.string().optional(),
  messages: z.array(
    // Normalization has already converted every block to a kind that the SDK supports.
    z.looseObject({
      role: z.enum(["user", "assistant"]),
      content: z.custom<CallToolResult["content"][number]>(),
    }),
  ),
});

const prompts: ListKind<z.infer<typeof rawPrompt>, Prompt> = {
  method: "prompts/list",
  member: "prompts",
  singular: "prompt",
  item: rawPrompt,
  read: (raw) => ({
    ...describe(raw),
    arguments: (raw.arguments ?? []).map((argument) => ({
      ...describe(argument),
      required: argument.required === true,
    })),
  }),
  identify: ({ name }) => name,
};

/** Lists all prompts of the server, within limits (S4). */
export function listPrompts(
  session: Session,
  signal?: AbortSignal,
): Promise<Listing<Prompt> | Failure> {
  return listPages(session, prompts, DEFAULT_LIST_BOUNDS, signal);
}

/** Retrieves the messages of a prompt. Expected failures are returned; only internal errors are thrown. */
export async function getPrompt(
  session: Session,
  prompt: { name: string; arguments: Record<string, string> },
  signal?: AbortSignal,
): Promise<PromptAnswer> {
  const options = { timeout: session.timeoutMs, ...(signal ? { signal } : {}) };
  try {
    const request = { method: "prompts/get", params: { ...prompt } };
    const { description, messages } = await session.client.request(request, rawMessages, options);
    return {
      kind: "prompt",
      description: description ?? null,
      messages: messages.map(({ role, content }) => ({ role, content: toContentBlock(content) })),
    };
  } catch (error) {
    if (signal?.aborted) return { kind: "cancelled" };
    if (ProtocolError.isInstance(error) && isRefused(error.code))
      return { kind: "invalid-params", message: session.redact(shortenMessage(error.message)) };
    const failure = classifyFailure(error, "call");
    if (!failure) throw error;
    return redactFailure(failure, session.redact);
  }
}

function isRefused(code: number): boolean {
  const codes: number[] = [ProtocolErrorCode.InvalidParams, ProtocolErrorCode.MethodNotFound];
  return codes.includes(code);
}

function describe(raw: {
  name: string;
  title?: string | undefined;
  description?: string | undefined;
}) {
  const { name, title = null, description = null } = raw;
  return { name, title, description };
}

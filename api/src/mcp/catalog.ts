/** Lists a server's tools, whatever the server does to prevent it. */
import { ProtocolErrorCode, ProtocolError } from "@modelcontextprotocol/client";
import { z } from "zod";
import type { Session } from "./connect.ts";
import { classifyFailure } from "./errors.ts";
import { redactFailure } from "./failure.ts";
import type { Failure } from "./failure.ts";
import type { JsonObject } from "./json.ts";
import { NOTES_KEY } from "./mend.ts";

export interface Tool {
  name: string;
  title: string | null;
  description: string | null;
  /** JSON Schema of an object; `{ "type": "object" }` when the server declares none. */
  inputSchema: JsonObject;
  outputSchema: JsonObject | null;
  /** `readOnlyHint`, `destructiveHint`, `idempotentHint`, `openWorldHint` and `title`, as far as the server declares them. */
  annotations: JsonObject | null;
}

export interface CatalogBounds {
  maxPages: number;
  maxTools: number;
  /** Of the tools' JSON in UTF-8. */
  maxBytes: number;
}

export const DEFAULT_CATALOG_BOUNDS: CatalogBounds = {
  maxPages: 100,
  maxTools: 5_000,
  maxBytes: 8 * 1024 * 1024,
};

export type Catalog =
  | {
      kind: "tools";
      tools: Tool[];
      /** True when a bound cut the list short. */
      isTruncated: boolean;
      /** What was left out or mended, in sentences. */
      notes: string[];
    }
  | Failure;

const annotationsSchema = z.record(z.string(), z.unknown());
const pageSchema = z.looseObject({
  tools: z.array(
    z.looseObject({
      name: z.string(),
      title: z.string().optional(),
      description: z.string().optional(),
      inputSchema: z.record(z.string(), z.unknown()),
      outputSchema: z.record(z.string(), z.unknown()).optional(),
      annotations: annotationsSchema.optional(),
    }),
  ),
  nextCursor: z.string().optional(),
  _meta: z.looseObject({ [NOTES_KEY]: z.array(z.string()).optional() }).optional(),
});
type Page = z.infer<typeof pageSchema>;

/**
 * All tools of the server, page by page within `bounds` (S4). A tool that makes no sense is left out with a note; a list that cannot
 * be had completely for any other reason than a bound is a failure, so that half a list never replaces a whole one.
 */
export async function listTools(
  session: Session,
  bounds: CatalogBounds = DEFAULT_CATALOG_BOUNDS,
  signal?: AbortSignal,
): Promise<Catalog> {
  const tools = new Map<string, Tool>();
  const notes: string[] = [];
  const cursors = new Set<string>();
  let bytes = 0;
  let cursor: string | undefined;
  const cut = (note: string): Catalog => {
    const all = [...notes, note];
    return { kind: "tools", tools: [...tools.values()], isTruncated: true, notes: all };
  };
  for (let pages = 0; pages < bounds.maxPages; pages += 1) {
    const page = await fetchPage(session, cursor, signal);
    if ("kind" in page) return page;
    notes.push(...(page.page._meta?.[NOTES_KEY] ?? []));
    for (const raw of page.page.tools) {
      if (tools.has(raw.name)) {
        notes.push(`The tool "${raw.name}" is listed twice; the first was kept.`);
        continue;
      }
      const tool = toTool(raw);
      bytes += Buffer.byteLength(JSON.stringify(tool));
      if (bytes > bounds.maxBytes) return cut(`The list ends at ${bounds.maxBytes} bytes.`);
      if (tools.size >= bounds.maxTools) return cut(`The list ends at ${bounds.maxTools} tools.`);
      tools.set(raw.name, tool);
    }
    cursor = page.page.nextCursor;
    if (cursor === undefined) {
      return { kind: "tools", tools: [...tools.values()], isTruncated: false, notes };
    }
    if (cursors.has(cursor)) return cut("The server gave the same cursor twice.");
    cursors.add(cursor);
  }
  return cut(`The list ends at ${bounds.maxPages} pages.`);
}

async function fetchPage(
  session: Session,
  cursor: string | undefined,
  signal: AbortSignal | undefined,
): Promise<{ page: Page } | Failure> {
  const params = cursor === undefined ? {} : { params: { cursor } };
  const options = { timeout: session.timeoutMs, ...(signal ? { signal } : {}) };
  try {
    return {
      page: await session.client.request({ method: "tools/list", ...params }, pageSchema, options),
    };
  } catch (error) {
    if (signal?.aborted) return { kind: "cancelled" };
    // A server without tools does not know the method.
    const hasNoTools =
      ProtocolError.isInstance(error) && error.code === ProtocolErrorCode.MethodNotFound;
    if (hasNoTools && cursor === undefined) return { page: { tools: [] } };
    const failure = classifyFailure(error, "call");
    if (!failure) throw error;
    return redactFailure(failure, session.redact);
  }
}

function toTool(raw: Page["tools"][number]): Tool {
  return {
    name: raw.name,
    title: raw.title ?? null,
    description: raw.description ?? null,
    inputSchema: raw.inputSchema,
    outputSchema: raw.outputSchema ?? null,
    annotations: raw.annotations ?? null,
  };
}

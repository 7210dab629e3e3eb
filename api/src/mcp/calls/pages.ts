/** Walks a list of a server's page by page, whatever the server does to prevent it (S4). */
import { ProtocolError, ProtocolErrorCode } from "@modelcontextprotocol/client";
import { z } from "zod";
import type { Session } from "../connection/connect.ts";
import { classifyFailure } from "../connection/classify-error.ts";
import { redactFailure } from "../failure.ts";
import type { Failure } from "../failure.ts";
import { MORE_NOTES_KEY, NOTES_KEY } from "../repair/normalize-lists.ts";
import { Notes } from "../repair/repair-notes.ts";

export interface ListBounds {
  maxPages: number;
  maxItems: number;
  /** Of the items' JSON in UTF-8. */
  maxBytes: number;
  /** For all pages together, in milliseconds; looked at after each. */
  maxMs: number;
}

export const DEFAULT_LIST_BOUNDS: ListBounds = {
  maxPages: 100,
  maxItems: 5_000,
  maxBytes: 8 * 1024 * 1024,
  maxMs: 30_000,
};

/** Which list, and how it is read. */
export interface ListKind<Raw, Item> {
  method: "tools/list" | "resources/list" | "resources/templates/list" | "prompts/list";
  /** The result's member that holds the items: what they are called. */
  member: string;
  /** One of them, for a note. */
  singular: string;
  /** Of an item as it comes; normalize-result.ts has left out those that it does not fit. */
  item: z.ZodType<Raw>;
  read(raw: Raw): Item;
  /** Two items of one identity are the same; the first counts. */
  identify(item: Item): string;
}

export interface Listing<Item> {
  kind: "listed";
  items: Item[];
  /** True when a bound cut the list short. */
  isTruncated: boolean;
  /** What was left out or mended, in sentences. */
  notes: string[];
  /** How long the server says that the list is good for, in milliseconds; null: it does not say (MCP 2026-07-28, Caching). */
  ttlMs: number | null;
}

/**
 * The whole list within `bounds`. An item that makes no sense is left out with a note; a list that cannot be had completely for any
 * other reason than a bound is a failure, so that half a list never replaces a whole one.
 */
export async function listPages<Raw, Item>(
  session: Session,
  list: ListKind<Raw, Item>,
  bounds: ListBounds,
  signal?: AbortSignal,
): Promise<Listing<Item> | Failure> {
  const items = new Map<string, Item>();
  const notes = new Notes();
  const cursors = new Set<string>();
  const startedMs = performance.now();
  let ttlMs: number | null = null;
  let bytes = 0;
  let cursor: string | undefined;
  const finish = (cutNote?: string): Listing<Item> => ({
    kind: "listed",
    items: [...items.values()],
    isTruncated: cutNote !== undefined,
    notes: notes.summarize(cutNote),
    ttlMs,
  });
  const tooLate = `The list ends after ${bounds.maxMs / 1_000} s.`;
  for (let pages = 0; pages < bounds.maxPages; pages += 1) {
    const leftMs = Math.max(1, Math.ceil(startedMs + bounds.maxMs - performance.now()));
    const timeoutMs = pages === 0 ? session.timeoutMs : Math.min(session.timeoutMs, leftMs);
    const page = await fetchPage(session, list, cursor, timeoutMs, signal);
    const isLate = performance.now() - startedMs >= bounds.maxMs;
    if ("kind" in page)
      return page.kind === "timed-out" && isLate && pages > 0 ? finish(tooLate) : page;
    if (page.ttlMs !== null) ttlMs = ttlMs === null ? page.ttlMs : Math.min(ttlMs, page.ttlMs);
    notes.addAll(page.notes, page.moreNotes);
    for (const raw of page.items) {
      const item = list.read(raw);
      const identity = list.identify(item);
      if (items.has(identity)) {
        notes.add(`The ${list.singular} "${identity}" is listed twice; the first was kept.`);
        continue;
      }
      bytes += Buffer.byteLength(JSON.stringify(item));
      if (bytes > bounds.maxBytes) return finish(`The list ends at ${bounds.maxBytes} bytes.`);
      if (items.size >= bounds.maxItems)
        return finish(`The list ends at ${bounds.maxItems} ${list.member}.`);
      items.set(identity, item);
    }
    cursor = page.nextCursor;
    if (cursor === undefined) return finish();
    if (cursors.has(cursor)) return finish("The server gave the same cursor twice.");
    cursors.add(cursor);
    if (isLate) return finish(tooLate);
  }
  return finish(`The list ends at ${bounds.maxPages} pages.`);
}

const envelope = z.looseObject({
  nextCursor: z.string().optional(),
  ttlMs: z.number().optional(),
  _meta: z
    .looseObject({
      [NOTES_KEY]: z.array(z.string()).optional(),
      [MORE_NOTES_KEY]: z.number().optional(),
    })
    .optional(),
});

interface Page<Raw> {
  items: Raw[];
  nextCursor: string | undefined;
  ttlMs: number | null;
  notes: string[];
  moreNotes: number;
}

async function fetchPage<Raw>(
  session: Session,
  list: ListKind<Raw, unknown>,
  cursor: string | undefined,
  timeoutMs: number,
  signal: AbortSignal | undefined,
): Promise<Page<Raw> | Failure> {
  const request = { method: list.method, ...(cursor === undefined ? {} : { params: { cursor } }) };
  const options = { timeout: timeoutMs, ...(signal ? { signal } : {}) };
  try {
    const page = await session.client.request(request, envelope, options);
    const items = z.array(list.item).safeParse(page[list.member]);
    if (!items.success)
      return {
        kind: "protocol-error",
        code: "invalid-result",
        message: "The server's list is none.",
      };
    const { nextCursor, ttlMs = null, _meta } = page;
    const notes = _meta?.[NOTES_KEY] ?? [];
    const moreNotes = _meta?.[MORE_NOTES_KEY] ?? 0;
    return { items: items.data, nextCursor, ttlMs, notes, moreNotes };
  } catch (error) {
    if (signal?.aborted) return { kind: "cancelled" };
    // A server without any does not know the method.
    const hasNone =
      ProtocolError.isInstance(error) && error.code === ProtocolErrorCode.MethodNotFound;
    if (hasNone && cursor === undefined)
      return { items: [], nextCursor: undefined, ttlMs: null, notes: [], moreNotes: 0 };
    const failure = classifyFailure(error, "call");
    if (!failure) throw error;
    return redactFailure(failure, session.redact);
  }
}

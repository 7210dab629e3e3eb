/** Reads a server's paginated lists within limits, so that a faulty server cannot cause endless or unlimited reads (S4). */
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
  /** The maximum size of all items as JSON, in bytes of UTF-8. */
  maxBytes: number;
  /** The maximum time for all pages together, in milliseconds. Checked after each page. */
  maxMs: number;
}

export const DEFAULT_LIST_BOUNDS: ListBounds = {
  maxPages: 100,
  maxItems: 5_000,
  maxBytes: 8 * 1024 * 1024,
  maxMs: 30_000,
};

/** Describes a kind of list and how it is read. */
export interface ListKind<Raw, Item> {
  method: "tools/list" | "resources/list" | "resources/templates/list" | "prompts/list";
  /** The name of the result member that contains the items. */
  member: string;
  /** The singular name of an item, for notes. */
  singular: string;
  /** The schema of an item as received. Items that do not match it have already been removed by normalization. */
  item: z.ZodType<Raw>;
  read(raw: Raw): Item;
  /** Items with the same identity are duplicates; only the first is used. */
  identify(item: Item): string;
}

export interface Listing<Item> {
  kind: "listed";
  items: Item[];
  /** Whether the list was cut off at a limit. */
  isTruncated: boolean;
  /** Messages about items that were omitted or corrected. */
  notes: string[];
  /**
   * How long the list may be cached according to the server, in milliseconds. Null if the server does not state it (MCP 2026-07-28,
   * Caching).
   */
  ttlMs: number | null;
}

/**
 * Returns the whole list within `bounds`. An invalid item is omitted with a note. If the list is incomplete for any reason other than a
 * limit, the result is a failure, so that a partial list never replaces a complete one.
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
  const tooLate = `The list was cut off after ${bounds.maxMs / 1_000} s.`;
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
      if (bytes > bounds.maxBytes)
        return finish(`The list was cut off at ${bounds.maxBytes} bytes.`);
      if (items.size >= bounds.maxItems)
        return finish(`The list was cut off at ${bounds.maxItems} ${list.member}.`);
      items.set(identity, item);
    }
    cursor = page.nextCursor;
    if (cursor === undefined) return finish();
    if (cursors.has(cursor))
      return finish("The list was cut off because the server repeated a cursor.");
    cursors.add(cursor);
    if (isLate) return finish(tooLate);
  }
  return finish(`The list was cut off at ${bounds.maxPages} pages.`);
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
        message: `The result has no list "${list.member}".`,
      };
    const { nextCursor, ttlMs = null, _meta } = page;
    const notes = _meta?.[NOTES_KEY] ?? [];
    const moreNotes = _meta?.[MORE_NOTES_KEY] ?? 0;
    return { items: items.data, nextCursor, ttlMs, notes, moreNotes };
  } catch (error) {
    if (signal?.aborted) return { kind: "cancelled" };
    // A server without items of this kind may not implement the method.
    const hasNone =
      ProtocolError.isInstance(error) && error.code === ProtocolErrorCode.MethodNotFound;
    if (hasNone && cursor === undefined)
      return { items: [], nextCursor: undefined, ttlMs: null, notes: [], moreNotes: 0 };
    const failure = classifyFailure(error, "call");
    if (!failure) throw error;
    return redactFailure(failure, session.redact);
  }
}

/** What a run was given and what it gave back, as the runner alone may read it. */
export interface ExecutionContent {
  content: unknown[];
  /** Any JSON; null when the tool gave none. */
  structuredContent: unknown;
  /** What was done on our own while the tool ran, and why; absent: nothing. */
  notes?: string[];
}

/** The newest word of a server about a run. */
export interface ExecutionProgress {
  progress: number;
  /** What `progress` will be at the end; null: unknown. */
  total: number | null;
  message: string | null;
}

/** A larger result is cut before it is stored. */
export const maxStoredBytes = 1024 * 1024;

/** JSON of what is stored of a result. */
export interface StoredResult {
  text: string;
  /** Of the whole result's JSON. */
  bytes: number;
  isTruncated: boolean;
}

/**
 * Drops what stands at the end until the rest fits, so that what is kept can still be shown: structured content first, then whole
 * blocks; of a text the beginning stays.
 */
export function cutResult(result: ExecutionContent): StoredResult {
  const text = JSON.stringify(result);
  const bytes = Buffer.byteLength(text);
  if (bytes <= maxStoredBytes) return { text, bytes, isTruncated: false };
  const content: unknown[] = [];
  const frame = { content, structuredContent: null, notes: result.notes };
  let room = maxStoredBytes - sizeOf(frame);
  for (const block of result.content) {
    // The comma between two of them.
    const size = sizeOf(block) + 1;
    const kept = size <= room ? block : cutText(block, room);
    if (kept !== null) content.push(kept);
    if (kept !== block) break;
    room -= size;
  }
  return { text: JSON.stringify(frame), bytes, isTruncated: true };
}

/** The beginning of a text that fits; null for every other kind of block, half of which is of no use. */
function cutText(block: unknown, room: number): unknown {
  if (typeof block !== "object" || block === null || !("text" in block)) return null;
  if (!("type" in block) || block.type !== "text" || typeof block.text !== "string") return null;
  for (let length = Math.min(room, block.text.length); length > 0; length = length >> 1) {
    // Not half a character at the end.
    const cut = { ...block, text: block.text.slice(0, length).replace(/[\uD800-\uDBFF]$/, "") };
    if (sizeOf(cut) + 1 <= room) return cut;
  }
  return null;
}

function sizeOf(value: unknown): number {
  return Buffer.byteLength(JSON.stringify(value));
}

/**
 * The arguments and the result of a tool execution, which only the user who started it may read.
 */
export interface ExecutionContent {
  content: unknown[];
  /** Any JSON value; null if the tool returned none. */
  structuredContent: unknown;
  /**
   * What Gatehouse did by itself while the tool ran, and why. Absent if there is nothing to report.
   */
  notes?: string[];
}

/** The latest progress that a server reported for a tool execution. */
export interface ExecutionProgress {
  progress: number;
  /** The value of `progress` at completion; null if unknown. */
  total: number | null;
  message: string | null;
}

/** Larger results are truncated before they are stored. */
export const maxStoredBytes = 1024 * 1024;

/** The stored form of a result, as JSON. */
export interface StoredResult {
  text: string;
  /** The size of the complete result, in bytes of JSON. */
  bytes: number;
  isTruncated: boolean;
}

/**
 * Truncates a result from the end until the rest fits, so that the remaining part can still be
 * displayed. Structured content is removed first, then whole blocks. The beginning of a text block
 * is kept.
 */
export function cutResult(result: ExecutionContent): StoredResult {
  const text = JSON.stringify(result);
  const bytes = Buffer.byteLength(text);
  if (bytes <= maxStoredBytes) return { text, bytes, isTruncated: false };
  const content: unknown[] = [];
  const frame = { content, structuredContent: null, notes: result.notes };
  let room = maxStoredBytes - sizeOf(frame);
  for (const block of result.content) {
    // One byte for the comma between two blocks.
    const size = sizeOf(block) + 1;
    const kept = size <= room ? block : cutText(block, room);
    if (kept !== null) content.push(kept);
    if (kept !== block) break;
    room -= size;
  }
  return { text: JSON.stringify(frame), bytes, isTruncated: true };
}

/**
 * Returns the beginning of a text block that fits; null for every other kind of block, because a
 * part of it cannot be used.
 */
function cutText(block: unknown, room: number): unknown {
  if (typeof block !== "object" || block === null || !("text" in block)) return null;
  if (!("type" in block) || block.type !== "text" || typeof block.text !== "string") return null;
  for (let length = Math.min(room, block.text.length); length > 0; length = length >> 1) {
    // Do not end with half of a surrogate pair.
    const cut = { ...block, text: block.text.slice(0, length).replace(/[\uD800-\uDBFF]$/, "") };
    if (sizeOf(cut) + 1 <= room) return cut;
  }
  return null;
}

function sizeOf(value: unknown): number {
  return Buffer.byteLength(JSON.stringify(value));
}

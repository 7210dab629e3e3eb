/** A position in a workspace's log. */
export interface Position {
  /**
   * Changes when a backup is restored or the database fails over, so that older cursors are
   * rejected.
   */
  epoch: string;
  seq: bigint;
  /**
   * Random characters of the event at `seq`, which differ if another event was written in its
   * place: rows can be restored without a new epoch. Empty if there is no event: at the beginning
   * of a log, and if the event was deleted after its retention.
   */
  mark: string;
}

/** The last of the random characters in the id of an event (a UUID of version 7). */
export function markOf(eventId: string): string {
  return eventId.slice(-12);
}

/**
 * Whether the log has a different event at a position than before. A missing event proves nothing.
 */
export function isRewritten(seenMark: string, markInLog: string): boolean {
  return markInLog !== "" && markInLog !== seenMark;
}

/** Encodes a position as the opaque cursor that clients receive. */
export function encodeCursor({ epoch, seq, mark }: Position): string {
  return Buffer.from(`${epoch}:${seq}:${mark}`).toString("base64url");
}

/**
 * Cursors of the earlier format end after the number. They are treated like those of a position
 * without an event, so they are rejected if there is one.
 * @returns null for any text that `encodeCursor` did not create
 */
export function decodeCursor(cursor: string): Position | null {
  const text = Buffer.from(cursor, "base64url").toString();
  const found = /^(?<epoch>[0-9a-f-]{36}):(?<seq>\d{1,18})(?::(?<mark>[0-9a-f]{12})?)?$/.exec(text);
  const { epoch, seq, mark = "" } = found?.groups ?? {};
  return epoch && seq ? { epoch, seq: BigInt(seq), mark } : null;
}

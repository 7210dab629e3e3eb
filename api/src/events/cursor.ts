/** A place in a workspace's log. */
export interface Position {
  /** Changes when a back-up is restored or the database fails over, so that an older cursor is refused. */
  epoch: string;
  seq: bigint;
  /**
   * Random characters of the event at `seq`, which an event that was written in its place does not have: rows can be restored without a new
   * epoch. Empty if there is no event: at the beginning of a log, and where the event was deleted after its retention.
   */
  mark: string;
}

/** The last of the random characters of an event's id (a UUID of version 7). */
export function markOf(eventId: string): string {
  return eventId.slice(-12);
}

/** Whether the log has another event at a place than the one that was seen there. An event that is gone proves nothing. */
export function isRewritten(seenMark: string, markInLog: string): boolean {
  return markInLog !== "" && markInLog !== seenMark;
}

/** The opaque form that clients hold. */
export function encodeCursor({ epoch, seq, mark }: Position): string {
  return Buffer.from(`${epoch}:${seq}:${mark}`).toString("base64url");
}

/**
 * Cursors of the earlier format end after the number. They are read like those of a place without an event, and so are refused where there
 * is one.
 * @returns null for anything that `encodeCursor` did not make.
 */
export function decodeCursor(cursor: string): Position | null {
  const text = Buffer.from(cursor, "base64url").toString();
  const found = /^(?<epoch>[0-9a-f-]{36}):(?<seq>\d{1,18})(?::(?<mark>[0-9a-f]{12})?)?$/.exec(text);
  const { epoch, seq, mark = "" } = found?.groups ?? {};
  return epoch && seq ? { epoch, seq: BigInt(seq), mark } : null;
}

/** A place in a workspace's log. Restoring a back-up changes the epoch, so that an older cursor is refused, not misread. */
export interface Position {
  epoch: string;
  seq: bigint;
}

/** The opaque form that clients hold. */
export function encodeCursor({ epoch, seq }: Position): string {
  return Buffer.from(`${epoch}:${seq}`).toString("base64url");
}

/** @returns null for anything that `encodeCursor` did not make. */
export function decodeCursor(cursor: string): Position | null {
  const text = Buffer.from(cursor, "base64url").toString();
  const { epoch, seq } = /^(?<epoch>[0-9a-f-]{36}):(?<seq>\d{1,18})$/.exec(text)?.groups ?? {};
  return epoch && seq ? { epoch, seq: BigInt(seq) } : null;
}

import { decodeCursor, encodeCursor, isRewritten, type Position } from "#events/cursor.ts";
import type { LogExtent } from "#events/log.ts";
import { ServiceError } from "../access/service-error.ts";

/** The error for a cursor that is not valid in this log. @param log null when it cannot be read */
export function cursorInvalid(log: LogExtent | null): ServiceError {
  return new ServiceError(
    "CURSOR_INVALID",
    "The cursor no longer belongs to this log. Read the current state again.",
    log ? { oldestCursor: encodeCursor({ epoch: log.epoch, seq: log.oldestSeq, mark: "" }) } : {},
  );
}

/**
 * @throws ServiceError CURSOR_INVALID for a cursor from another log, or from a part that was
 * deleted
 */
export function readCursor(text: string, log: LogExtent, { mayBeOld = false } = {}): Position {
  const cursor = decodeCursor(text);
  const isOld = cursor !== null && cursor.seq < log.oldestSeq;
  if (!cursor || cursor.epoch !== log.epoch || cursor.seq > log.seq || (isOld && !mayBeOld))
    throw cursorInvalid(log);
  if (isRewritten(cursor.mark, log.marks.get(cursor.seq) ?? "")) throw cursorInvalid(log);
  return cursor;
}

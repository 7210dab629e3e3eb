import type { Database } from "@gatehouse/prisma";
import { encodeCursor } from "#events/cursor.ts";
import { readMarks } from "#events/log.ts";

/** The cursor of any place in a log, as a client that was there holds it. */
export async function readCursorAt(
  db: Database,
  workspaceId: string,
  seq: bigint,
): Promise<string> {
  const { eventEpoch: epoch } = await db.workspace.findUniqueOrThrow({
    where: { id: workspaceId },
  });
  const [mark = ""] = await readMarks(db, [{ workspaceId, seq }]);
  return encodeCursor({ epoch, seq, mark });
}

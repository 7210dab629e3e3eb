import type { Database } from "@gatehouse/prisma";
import { appendEvent } from "#events/log.ts";

/** Many append at once, on few connections. In milliseconds. */
const patience = { maxWait: 60_000, timeout: 60_000 };

/** Appends so many events that every member may see, each in a transaction of its own. */
export async function appendForAll(db: Database, workspaceId: string, count = 1): Promise<void> {
  for (let i = 0; i < count; i += 1)
    await db.$transaction(
      (tx) =>
        appendEvent(tx, {
          workspaceId,
          type: "SERVER_UPDATED",
          actorId: null,
          serverId: null,
          userId: null,
          payload: {},
        }),
      patience,
    );
}

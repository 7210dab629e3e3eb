import DataLoader from "dataloader";
import type { LogEnd, WorkspaceEvents } from "#services/event/workspace-events.ts";

/** The cursors of the ends of logs, as they were read with their workspaces. */
export type CursorLoader = DataLoader<LogEnd, string>;

/** Any number of cursors in one statement. */
export function createCursorLoader(events: Pick<WorkspaceEvents, "encodeCursors">): CursorLoader {
  return new DataLoader(async (ends) => events.encodeCursors(ends), { cache: false });
}

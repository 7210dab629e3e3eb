import DataLoader from "dataloader";
import type { LogEnd, WorkspaceEvents } from "#services/event/workspace-events.ts";

/** Loads the cursors for the ends of logs that were read with their workspaces. */
export type CursorLoader = DataLoader<LogEnd, string>;

/** Loads any number of cursors in one statement. */
export function createCursorLoader(events: Pick<WorkspaceEvents, "encodeCursors">): CursorLoader {
  return new DataLoader(async (ends) => events.encodeCursors(ends), { cache: false });
}

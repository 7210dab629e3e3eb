import type { DeliveredEvent } from "#services/event/workspace-events.ts";
import { builder } from "../builder.ts";
import { sameForAll } from "../live/same-for-all.ts";
import { WorkspaceEvent } from "./event.ts";

builder.objectRef<DeliveredEvent>("ServerChanged").implement({
  description: "A server was added, changed or deleted; `type` states which.",
  interfaces: [WorkspaceEvent],
  fields: (t) => ({
    changedFields: t.stringList({
      ...sameForAll,
      description:
        "The names of the settings that changed, as in UpdateMcpServerInput, and deletedAt if a deletion started or was undone. The values are not included.",
      resolve: ({ payload }) => (payload["fields"] as string[] | undefined) ?? [],
    }),
  }),
});

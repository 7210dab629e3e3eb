import type { DeliveredEvent } from "#services/event/workspace-events.ts";
import { builder } from "../builder.ts";
import { sameForAll } from "../live/same-for-all.ts";
import { WorkspaceEvent } from "./event.ts";

builder.objectRef<DeliveredEvent>("ServerChanged").implement({
  description: "A server was added, changed or deleted: `type` says which.",
  interfaces: [WorkspaceEvent],
  fields: (t) => ({
    changedFields: t.stringList({
      ...sameForAll,
      description:
        "Names of the settings that changed, as UpdateMcpServerInput has them, and deletedAt where a deletion began or was undone; never their values.",
      resolve: ({ payload }) => (payload["fields"] as string[] | undefined) ?? [],
    }),
  }),
});

import type { DeliveredEvent } from "#services/event/workspace-events.ts";
import { builder } from "../builder.ts";
import { sameForAll } from "../live/same-for-all.ts";
import { WorkspaceEvent } from "./event.ts";

builder.objectRef<DeliveredEvent>("WorkspaceChanged").implement({
  description: "The settings of the workspace changed.",
  interfaces: [WorkspaceEvent],
  fields: (t) => ({
    changedFields: t.stringList({
      ...sameForAll,
      description:
        "The names of the settings that changed, as in UpdateWorkspaceInput. The values are not included.",
      resolve: ({ payload }) => (payload["fields"] as string[] | undefined) ?? [],
    }),
  }),
});

import type { describeChanges } from "#services/catalog/catalog-diff.ts";
import type { DeliveredEvent } from "#services/event/workspace-events.ts";
import { builder } from "../builder.ts";
import { sameForAll } from "../live/same-for-all.ts";
import { WorkspaceEvent, addAccountUser } from "./event.ts";

type Told = ReturnType<typeof describeChanges>;

const read = ({ payload }: DeliveredEvent) => payload as unknown as Told;

const ToolsChanged = builder.objectRef<DeliveredEvent>("ToolsChanged").implement({
  description:
    "The list of tools that an account sees changed or was received for the first time. Each list of names contains at most 100 entries.",
  interfaces: [WorkspaceEvent],
  fields: (t) => ({
    added: t.stringList({
      ...sameForAll,
      description: "The names of tools that were added.",
      resolve: (event) => read(event).added,
    }),
    removed: t.stringList({
      ...sameForAll,
      description: "The names of tools that were removed.",
      resolve: (event) => read(event).removed,
    }),
    changed: t.stringList({
      ...sameForAll,
      description: "The names of tools whose title, description, schemas or annotations changed.",
      resolve: (event) => read(event).changed,
    }),
    addedCount: t.int({
      ...sameForAll,
      description: "The total number of tools that were added.",
      resolve: (event) => read(event).addedCount,
    }),
    removedCount: t.int({
      ...sameForAll,
      description: "The total number of tools that were removed.",
      resolve: (event) => read(event).removedCount,
    }),
    changedCount: t.int({
      ...sameForAll,
      description: "The total number of tools that changed.",
      resolve: (event) => read(event).changedCount,
    }),
  }),
});
addAccountUser(
  ToolsChanged,
  "The user whose account sees the tools. Null for the workspace's shared account.",
);

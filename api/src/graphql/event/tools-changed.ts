import type { describeChanges } from "#services/catalog/catalog-diff.ts";
import type { DeliveredEvent } from "#services/event/workspace-events.ts";
import { builder } from "../builder.ts";
import { sameForAll } from "../live/same-for-all.ts";
import { User } from "../workspace/user.ts";
import { WorkspaceEvent } from "./event.ts";

type Told = ReturnType<typeof describeChanges>;

const read = ({ payload }: DeliveredEvent) => payload as unknown as Told;

builder.objectRef<DeliveredEvent>("ToolsChanged").implement({
  description:
    "An account sees other tools of a server than before, or sees them for the first time. Names are told up to a hundred of a kind.",
  interfaces: [WorkspaceEvent],
  fields: (t) => ({
    user: t.prismaField({
      ...sameForAll,
      type: User,
      nullable: true,
      description: "Whose account sees them; null for the workspace's shared one.",
      resolve: (query, { userId }, _args, { db }) =>
        userId ? db.user.findUnique({ ...query, where: { id: userId } }) : null,
    }),
    added: t.stringList({
      ...sameForAll,
      description: "Tools that were not there before.",
      resolve: (event) => read(event).added,
    }),
    removed: t.stringList({
      ...sameForAll,
      description: "Tools that are gone.",
      resolve: (event) => read(event).removed,
    }),
    changed: t.stringList({
      ...sameForAll,
      description: "Tools whose title, description, schemas or annotations are others.",
      resolve: (event) => read(event).changed,
    }),
    addedCount: t.int({
      ...sameForAll,
      description: "All that were added.",
      resolve: (event) => read(event).addedCount,
    }),
    removedCount: t.int({
      ...sameForAll,
      description: "All that are gone.",
      resolve: (event) => read(event).removedCount,
    }),
    changedCount: t.int({
      ...sameForAll,
      description: "All that changed.",
      resolve: (event) => read(event).changedCount,
    }),
  }),
});

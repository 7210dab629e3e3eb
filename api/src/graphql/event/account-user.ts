import type { DeliveredEvent } from "#services/event/workspace-events.ts";
import { builder } from "../builder.ts";
import { sameForAll } from "../live/same-for-all.ts";
import { User } from "../workspace/user.ts";

type EventType = ReturnType<ReturnType<typeof builder.objectRef<DeliveredEvent>>["implement"]>;

/** Adds the field `user` to the type of an event that concerns an account. */
export function addAccountUser(eventType: EventType): void {
  builder.objectField(eventType, "user", (t) =>
    t.prismaField({
      ...sameForAll,
      type: User,
      nullable: true,
      description: "The user that the account belongs to. Null for the workspace's shared account.",
      resolve: (query, { userId }, _args, { db }) =>
        userId ? db.user.findUnique({ ...query, where: { id: userId } }) : null,
    }),
  );
}

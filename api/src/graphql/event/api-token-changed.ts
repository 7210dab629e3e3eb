import type { DeliveredEvent } from "#services/event/workspace-events.ts";
import { builder } from "../builder.ts";
import { sameForAll } from "../live/same-for-all.ts";
import { ApiToken } from "../token/api-token.ts";
import { WorkspaceEvent } from "./event.ts";

const ApiTokenChange = builder.enumType("ApiTokenChange", {
  description: "What became of an API token.",
  values: {
    CREATED: { description: "Its owner made it." },
    REVOKED: { description: "Its owner or an admin ended it." },
  } as const,
});

builder.objectRef<DeliveredEvent>("ApiTokenChanged").implement({
  description: "An API token was made or revoked. For its owner, and for admins.",
  interfaces: [WorkspaceEvent],
  fields: (t) => ({
    change: t.field({
      ...sameForAll,
      type: ApiTokenChange,
      description: "What became of it.",
      resolve: ({ payload }) => payload["change"] as "CREATED" | "REVOKED",
    }),
    apiToken: t.prismaField({
      type: ApiToken,
      nullable: true,
      description: "Null for whoever may not see it.",
      // Two statements for a whole page: which ones the caller may see, and then what is selected of them.
      resolve: async (query, { payload }, _args, { db, visibleTokens }) => {
        const id = String(payload["apiTokenId"]);
        const isVisible = await visibleTokens.load(id);
        return isVisible ? db.apiToken.findUnique({ ...query, where: { id } }) : null;
      },
    }),
  }),
});

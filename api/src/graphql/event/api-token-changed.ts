import type { DeliveredEvent } from "#services/event/workspace-events.ts";
import { builder } from "../builder.ts";
import { sameForAll } from "../live/same-for-all.ts";
import { ApiToken } from "../token/api-token.ts";
import { WorkspaceEvent } from "./event.ts";

const ApiTokenChange = builder.enumType("ApiTokenChange", {
  description: "The kinds of changes to an API token.",
  values: {
    CREATED: { description: "The token was created by its owner." },
    REVOKED: { description: "The token was revoked by its owner or an admin." },
  } as const,
});

builder.objectRef<DeliveredEvent>("ApiTokenChanged").implement({
  description: "An API token was created or revoked. Visible to its owner and to ADMIN and above.",
  interfaces: [WorkspaceEvent],
  fields: (t) => ({
    change: t.field({
      ...sameForAll,
      type: ApiTokenChange,
      description: "The kind of change.",
      resolve: ({ payload }) => payload["change"] as "CREATED" | "REVOKED",
    }),
    apiToken: t.prismaField({
      type: ApiToken,
      nullable: true,
      description: "The API token. Null if the caller cannot see it.",
      // Two statements for a whole page: one for the tokens that the caller may see, and one for
      // the selected fields.
      resolve: async (query, { payload }, _args, { db, visibleTokens }) => {
        const id = String(payload["apiTokenId"]);
        const isVisible = await visibleTokens.load(id);
        return isVisible ? db.apiToken.findUnique({ ...query, where: { id } }) : null;
      },
    }),
  }),
});

import { builder } from "../builder.ts";
import { readIdOrNobody } from "../global-id.ts";
import { OAuthReason } from "./state.ts";

const SimulateOAuthStateInput = builder.inputType("SimulateOAuthStateInput", {
  description: "Which account, and what is to have happened to it.",
  fields: (t) => ({
    serverId: t.id({ required: true, description: "A server of the sandbox." }),
    reason: t.field({
      type: OAuthReason,
      required: true,
      description: "The state is the one that has this reason.",
    }),
  }),
});

builder.mutationField("simulateOAuthState", (t) =>
  t.prismaField({
    type: "McpServer",
    description:
      "To try a dashboard with: puts the caller's account (the workspace's, where it is shared) at a server of the sandbox into any reason. The status, the event and the webhooks are as when it happens by itself, tokens are erased as then, and consent mends it; TOKEN_REJECTED mends itself with the next call, or within a minute. Needs what startOAuth needs. CONFLICT when the sandbox does not run; BAD_USER_INPUT for any other server, and when the account must be connected first.",
    args: {
      input: t.arg({
        type: SimulateOAuthStateInput,
        required: true,
        description: "Which account, and what is to have happened to it.",
      }),
    },
    resolve: async (query, _root, { input }, { db, services, caller }) => {
      const id = readIdOrNobody(input.serverId, "McpServer");
      await services.simulation.enter(caller, { serverId: id, reason: input.reason });
      return db.mcpServer.findUniqueOrThrow({ ...query, where: { id } });
    },
  }),
);

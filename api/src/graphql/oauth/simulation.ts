import { builder } from "../builder.ts";
import { readIdOrNobody } from "../global-id.ts";
import { OAuthReason } from "./state.ts";

const SimulateOAuthStateInput = builder.inputType("SimulateOAuthStateInput", {
  description: "The account and the reason to simulate.",
  fields: (t) => ({
    serverId: t.id({ required: true, description: "The ID of a sandbox server." }),
    reason: t.field({
      type: OAuthReason,
      required: true,
      description: "The reason to simulate. The account is set to the corresponding state.",
    }),
  }),
});

builder.mutationField("simulateOAuthState", (t) =>
  t.prismaField({
    type: "McpServer",
    description:
      "Simulates an OAuth state for development and testing: sets the caller's account (or the workspace's shared account) at a sandbox server to the state of a reason. Status, events, webhooks and token erasure are the same as for a real occurrence, and a new consent resolves it. TOKEN_REJECTED is also resolved by the next call, or within one minute. Requires the same permissions as startOAuth. CONFLICT if the sandbox is not running; BAD_USER_INPUT if the server is not part of the sandbox, or if the account must be connected first.",
    args: {
      input: t.arg({
        type: SimulateOAuthStateInput,
        required: true,
        description: "The account and the reason to simulate.",
      }),
    },
    resolve: async (query, _root, { input }, { db, services, caller }) => {
      const id = readIdOrNobody(input.serverId, "McpServer");
      await services.simulation.enter(caller, { serverId: id, reason: input.reason });
      return db.mcpServer.findUniqueOrThrow({ ...query, where: { id } });
    },
  }),
);

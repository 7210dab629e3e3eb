import { builder } from "../builder.ts";
import { readIdOrNobody } from "../global-id.ts";
import { McpServer } from "../server/mcp-server.ts";

const TrustAuthorizationServerIssuerInput = builder.inputType(
  "TrustAuthorizationServerIssuerInput",
  {
    description: "The server and the issuer to trust.",
    fields: (t) => ({
      serverId: t.id({ required: true, description: "The ID of the server." }),
      issuer: t.string({
        description:
          "The issuer to trust, as in OAuthFlow.untrustedIssuer. Null revokes an earlier decision and disconnects the accounts that depend on it.",
      }),
    }),
  },
);

builder.mutationField("trustAuthorizationServerIssuer", (t) =>
  t.prismaField({
    type: McpServer,
    nullable: true,
    description:
      "Accepts an issuer for this server although the metadata was found at another address of the same origin, such as that of a tenant. Requires ADMIN.",
    args: {
      input: t.arg({
        type: TrustAuthorizationServerIssuerInput,
        required: true,
        description: "The server and the issuer to trust.",
      }),
    },
    resolve: async (query, _root, { input }, { db, services, caller }) => {
      const serverId = readIdOrNobody(input.serverId, "McpServer");
      await services.servers.trustIssuer(caller, { serverId, issuer: input.issuer ?? null });
      return db.mcpServer.findUnique({ ...query, where: { id: serverId } });
    },
  }),
);

import type { ApiToken as ApiTokenRow } from "@gatehouse/prisma";
import { builder } from "../builder.ts";
import { readIdOrNobody } from "../global-id.ts";
import { ApiToken, ApiTokenScope } from "./api-token.ts";

const CreatedApiToken = builder
  .objectRef<{ apiToken: ApiTokenRow; secret: string }>("CreatedApiToken")
  .implement({
    description: "A newly created API token.",
    fields: (t) => ({
      apiToken: t.prismaField({
        type: ApiToken,
        description: "The API token without its secret.",
        resolve: (_query, { apiToken }) => apiToken,
      }),
      secret: t.exposeString("secret", {
        description:
          "The secret of the token, to be sent as `Authorization: Bearer`. Returned only once, because only a hash is stored.",
      }),
    }),
  });

const CreateApiTokenInput = builder.inputType("CreateApiTokenInput", {
  description: "The settings of the new API token.",
  fields: (t) => ({
    workspaceId: t.id({
      required: true,
      description: "The ID of the only workspace that the token gives access to.",
    }),
    name: t.string({ required: true, description: "A name of 1 to 100 characters." }),
    scope: t.field({
      type: ApiTokenScope,
      required: true,
      description: "The permissions of the token.",
    }),
    expiresAt: t.field({
      type: "DateTime",
      description: "The time at which the token expires. If omitted, it does not expire.",
    }),
  }),
});

builder.mutationFields((t) => ({
  createApiToken: t.field({
    type: CreatedApiToken,
    description:
      "Creates an API token for the caller. Not available to API tokens. CONFLICT if the caller already has the maximum number of API tokens in the workspace.",
    args: {
      input: t.arg({
        type: CreateApiTokenInput,
        required: true,
        description: "The settings of the token.",
      }),
    },
    resolve: (_root, { input }, { services, caller }) =>
      services.apiTokens.create(caller, {
        workspaceId: readIdOrNobody(input.workspaceId, "Workspace"),
        name: input.name,
        scope: input.scope,
        expiresAt: input.expiresAt ?? null,
      }),
  }),
  revokeApiToken: t.prismaField({
    type: ApiToken,
    description:
      "Revokes an API token with immediate effect in all processes. Available to the token's owner and to admins.",
    args: { id: t.arg.id({ required: true, description: "The ID of the API token." }) },
    resolve: (_query, _root, { id }, { services, caller }) =>
      services.apiTokens.revoke(caller, readIdOrNobody(id, "ApiToken")),
  }),
}));

import type { ApiToken as ApiTokenRow } from "@gatehouse/prisma";
import { builder } from "../builder.ts";
import { readIdOrNobody } from "../global-id.ts";
import { ApiToken, ApiTokenScope } from "./api-token.ts";

const CreatedApiToken = builder
  .objectRef<{ apiToken: ApiTokenRow; secret: string }>("CreatedApiToken")
  .implement({
    description: "A new token.",
    fields: (t) => ({
      apiToken: t.prismaField({
        type: ApiToken,
        description: "What is kept of it.",
        resolve: (_query, { apiToken }) => apiToken,
      }),
      secret: t.exposeString("secret", {
        description: "Shown this once; only its hash is kept. Send it as `Authorization: Bearer`.",
      }),
    }),
  });

const CreateApiTokenInput = builder.inputType("CreateApiTokenInput", {
  description: "What the new token may do, where, and for how long.",
  fields: (t) => ({
    workspaceId: t.id({ required: true, description: "It acts in this one alone." }),
    name: t.string({ required: true, description: "1 to 100 characters." }),
    scope: t.field({ type: ApiTokenScope, required: true, description: "What it may do." }),
    expiresAt: t.field({ type: "DateTime", description: "Left out: it lives until revoked." }),
  }),
});

builder.mutationFields((t) => ({
  createApiToken: t.field({
    type: CreatedApiToken,
    description: "Makes a token of the caller's. Not for callers with a token themselves.",
    args: {
      input: t.arg({ type: CreateApiTokenInput, required: true, description: "What it may do." }),
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
      "Ends a token at once, on every process: the caller's own, or anybody's for an admin.",
    args: { id: t.arg.id({ required: true, description: "Of the token." }) },
    resolve: (_query, _root, { id }, { services, caller }) =>
      services.apiTokens.revoke(caller, readIdOrNobody(id, "ApiToken")),
  }),
}));

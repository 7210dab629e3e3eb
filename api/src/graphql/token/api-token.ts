import { tokensVisibleTo } from "#services/workspace/api-tokens.ts";
import { builder } from "../builder.ts";

export const ApiTokenScope = builder.enumType("ApiTokenScope", {
  description: "What a token may do of all that its owner may.",
  values: {
    READ: { description: "Queries and subscriptions." },
    EXECUTE: { description: "READ, and running tools." },
    MANAGE: {
      description: "All that the token's owner may do, but making tokens and changing members.",
    },
  } as const,
});

export const ApiToken = builder.prismaNode("ApiToken", {
  description: "With it a program calls the API as its owner, in one workspace.",
  id: { field: "id" },
  nullable: true,
  findUnique: (id, { caller }) => ({ id, ...tokensVisibleTo(caller) }),
  fields: (t) => ({
    name: t.exposeString("name", { description: "As its maker called it." }),
    scope: t.expose("scope", { type: ApiTokenScope, description: "What it may do." }),
    prefix: t.exposeString("prefix", { description: "How it begins, to recognise it by." }),
    user: t.relation("user", { description: "As whom it acts." }),
    createdAt: t.expose("createdAt", { type: "DateTime", description: "When it was made." }),
    expiresAt: t.expose("expiresAt", {
      type: "DateTime",
      nullable: true,
      description: "Null: it lives until it is revoked.",
    }),
    lastUsedAt: t.expose("lastUsedAt", {
      type: "DateTime",
      nullable: true,
      description: "To the minute.",
    }),
    revokedAt: t.expose("revokedAt", {
      type: "DateTime",
      nullable: true,
      description: "When it was ended; null while it lives, or when it ran out.",
    }),
  }),
});

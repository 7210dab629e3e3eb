import { tokensVisibleTo } from "#services/workspace/api-tokens.ts";
import { builder } from "../builder.ts";

export const ApiTokenScope = builder.enumType("ApiTokenScope", {
  description: "The permissions of an API token, which never exceed those of its owner.",
  values: {
    READ: { description: "Permission for queries and subscriptions." },
    EXECUTE: { description: "The permissions of READ, and permission to run tools." },
    MANAGE: {
      description:
        "All permissions of the token's owner, except creating API tokens and changing members.",
    },
  } as const,
});

export const ApiToken = builder.prismaNode("ApiToken", {
  description:
    "A token that authenticates API requests on behalf of its owner, limited to one workspace.",
  id: { field: "id" },
  nullable: true,
  findUnique: (id, { caller }) => ({ id, ...tokensVisibleTo(caller) }),
  fields: (t) => ({
    name: t.exposeString("name", { description: "The name of the token, chosen by its owner." }),
    scope: t.expose("scope", { type: ApiTokenScope, description: "The permissions of the token." }),
    prefix: t.exposeString("prefix", {
      description: "The first characters of the token, for identification.",
    }),
    user: t.relation("user", { description: "The user that the token acts on behalf of." }),
    createdAt: t.expose("createdAt", {
      type: "DateTime",
      description: "The time at which the object was created.",
    }),
    expiresAt: t.expose("expiresAt", {
      type: "DateTime",
      nullable: true,
      description: "The time at which the token expires. Null if it does not expire.",
    }),
    lastUsedAt: t.expose("lastUsedAt", {
      type: "DateTime",
      nullable: true,
      description:
        "The time at which the token was last used, rounded to the minute. Null if it has not been used.",
    }),
    revokedAt: t.expose("revokedAt", {
      type: "DateTime",
      nullable: true,
      description: "The time at which the token was revoked. Null if it has not been revoked.",
    }),
  }),
});

import { type Caller, visibleTo } from "#services/access/access.ts";
import { builder } from "../builder.ts";
import { ApiToken } from "../token/api-token.ts";
import { User } from "./user.ts";
import { Workspace } from "./workspace.ts";

const Viewer = builder.objectRef<Caller>("Viewer").implement({
  description: "The current user and, for API requests, the token.",
  fields: (t) => ({
    user: t.prismaField({
      type: User,
      resolve: (query, { userId }, _args, { db }) =>
        db.user.findUniqueOrThrow({ ...query, where: { id: userId } }),
    }),
    apiToken: t.prismaField({
      type: ApiToken,
      nullable: true,
      description:
        "The API token that authenticates the request. Null if the request is not authenticated by a token.",
      resolve: (query, { apiToken }, _args, { db }) =>
        apiToken ? db.apiToken.findUnique({ ...query, where: { id: apiToken.id } }) : null,
    }),
    workspaces: t.prismaConnection(
      {
        type: Workspace,
        cursor: "id",
        totalCount: (_parent, _args, { db, caller }) =>
          db.workspace.count({ where: visibleTo(caller) }),
        resolve: (query, _parent, _args, { db, caller }) =>
          db.workspace.findMany({ ...query, where: visibleTo(caller), orderBy: { id: "asc" } }),
      },
      { name: "WorkspaceConnection" },
      { name: "WorkspaceEdge" },
    ),
  }),
});

builder.queryField("viewer", (t) =>
  t.field({
    type: Viewer,
    nullable: true,
    description: "The current user. Null if the request is not authenticated.",
    resolve: (_root, _args, { caller }) => caller,
  }),
);

import type {
  AccountNeed as AccountNeedShape,
  AccountNeedPage,
} from "#services/grant/accounts-needing-consent.ts";
import { builder } from "../builder.ts";
import { OAuthForecast } from "../oauth/forecast.ts";
import { OAuthReason, OAuthState } from "../oauth/state.ts";
import { User } from "./user.ts";
import { Workspace } from "./workspace.ts";

const AccountNeed = builder.objectRef<AccountNeedShape>("AccountNeed").implement({
  description: "A connected account that needs a user to sign in again, now or soon.",
  fields: (t) => ({
    server: t.prismaField({
      type: "McpServer",
      description: "The MCP server that the account is used with.",
      // One statement for a whole page.
      resolve: (query, { serverId, workspaceId }, _args, { db }) =>
        db.mcpServer.findUniqueOrThrow({ ...query, where: { id: serverId, workspaceId } }),
    }),
    user: t.prismaField({
      type: User,
      nullable: true,
      description: "The user that the account belongs to. Null for the workspace's shared account.",
      resolve: (query, { userId }, _args, { db }) =>
        userId ? db.user.findUnique({ ...query, where: { id: userId } }) : null,
    }),
    isMine: t.boolean({
      description: "Whether the account belongs to the caller.",
      resolve: ({ userId }, _args, { caller }) => userId === caller?.userId,
    }),
    state: t.expose("state", {
      type: OAuthState,
      description:
        "The state of the account. REAUTH_REQUIRED means that a user is needed now; CONNECTED means that a user will be needed soon.",
    }),
    reason: t.expose("reason", {
      type: OAuthReason,
      nullable: true,
      description: "The reason that the account needs a user now. Null if the state is CONNECTED.",
    }),
    since: t.expose("since", {
      type: "DateTime",
      nullable: true,
      description:
        "The time at which the account began to need a user. Null if the state is CONNECTED, or if the event log does not go back that far.",
    }),
    forecast: t.expose("forecast", {
      type: OAuthForecast,
      nullable: true,
      description:
        "The event that will end the account's authorization. Null unless the state is CONNECTED.",
    }),
  }),
});

const AccountNeedEdge = builder
  .objectRef<AccountNeedPage["edges"][number]>("AccountNeedEdge")
  .implement({
    description: "An account and its cursor.",
    fields: (t) => ({
      cursor: t.exposeString("cursor", {
        description: "The cursor of this entry, for use as `after`.",
      }),
      node: t.field({
        type: AccountNeed,
        description: "The account of this edge.",
        resolve: ({ node }) => node,
      }),
    }),
  });

const AccountNeedConnection = builder
  .objectRef<AccountNeedPage>("AccountNeedConnection")
  .implement({
    description: "A page of accounts that need a user.",
    fields: (t) => ({
      edges: t.field({
        type: [AccountNeedEdge],
        description: "The accounts on this page, with their cursors.",
        resolve: ({ edges }) => edges,
      }),
      nodes: t.field({
        type: [AccountNeed],
        description: "The accounts on this page.",
        resolve: ({ edges }) => edges.map(({ node }) => node),
      }),
      pageInfo: t.field({
        type: builder.pageInfoRef(),
        description: "Information to aid in pagination.",
        resolve: (page) => page,
      }),
      totalCount: t.exposeInt("totalCount", { description: "The total number of accounts." }),
    }),
  });

builder.prismaObjectField(Workspace, "accountNeeds", (t) =>
  t.field({
    type: AccountNeedConnection,
    description:
      "The accounts that need a user now (REAUTH_REQUIRED), followed by those that will within seven days. Only accounts of enabled servers are included. Admins see all accounts; other members see their own and shared accounts.",
    args: {
      first: t.arg.int({
        description: "The number of entries to return. Defaults to 20, at most 100.",
      }),
      after: t.arg.string({ description: "Returns the entries after this cursor." }),
    },
    resolve: ({ id }, { first, after }, { services, caller }) =>
      services.accountNeeds.list(caller, id, { first: first ?? null, after: after ?? null }),
  }),
);

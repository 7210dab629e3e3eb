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
  description: "An account that needs a person, now or soon.",
  fields: (t) => ({
    server: t.prismaField({
      type: "McpServer",
      description: "Where the account is used.",
      // One statement for a whole page.
      resolve: (query, { serverId, workspaceId }, _args, { db }) =>
        db.mcpServer.findUniqueOrThrow({ ...query, where: { id: serverId, workspaceId } }),
    }),
    user: t.prismaField({
      type: User,
      nullable: true,
      description: "Whose account; null for the workspace's shared one.",
      resolve: (query, { userId }, _args, { db }) =>
        userId ? db.user.findUnique({ ...query, where: { id: userId } }) : null,
    }),
    isMine: t.boolean({
      description: "It is the caller's own.",
      resolve: ({ userId }, _args, { caller }) => userId === caller?.userId,
    }),
    state: t.expose("state", {
      type: OAuthState,
      description: "REAUTH_REQUIRED: it needs somebody now. CONNECTED: soon.",
    }),
    reason: t.expose("reason", {
      type: OAuthReason,
      nullable: true,
      description: "Why it needs somebody now.",
    }),
    since: t.expose("since", {
      type: "DateTime",
      nullable: true,
      description:
        "When it came to need somebody; null while it does not, and where the log does not reach back so far.",
    }),
    forecast: t.expose("forecast", {
      type: OAuthForecast,
      nullable: true,
      description: "What will end it, of one that works now.",
    }),
  }),
});

const AccountNeedEdge = builder
  .objectRef<AccountNeedPage["edges"][number]>("AccountNeedEdge")
  .implement({
    description: "An account, and where it stands in the list.",
    fields: (t) => ({
      cursor: t.exposeString("cursor", { description: "What `after` takes." }),
      node: t.field({
        type: AccountNeed,
        description: "The account itself.",
        resolve: ({ node }) => node,
      }),
    }),
  });

const AccountNeedConnection = builder
  .objectRef<AccountNeedPage>("AccountNeedConnection")
  .implement({
    description: "A page of accounts that need a person.",
    fields: (t) => ({
      edges: t.field({
        type: [AccountNeedEdge],
        description: "The page's accounts, each with its cursor.",
        resolve: ({ edges }) => edges,
      }),
      nodes: t.field({
        type: [AccountNeed],
        description: "The page's accounts.",
        resolve: ({ edges }) => edges.map(({ node }) => node),
      }),
      pageInfo: t.field({
        type: builder.pageInfoRef(),
        description: "Whether there is more, and from where to go on.",
        resolve: (page) => page,
      }),
      totalCount: t.exposeInt("totalCount", { description: "All of them." }),
    }),
  });

builder.prismaObjectField(Workspace, "accountNeeds", (t) =>
  t.field({
    type: AccountNeedConnection,
    description:
      "Accounts of servers in use that need a person: now (REAUTH_REQUIRED), and then those that will within seven days. Everybody's for an admin; for others their own and the shared ones.",
    args: {
      first: t.arg.int({ description: "So many: 20 if left out, at most 100." }),
      after: t.arg.string({ description: "A cursor: those that come after it." }),
    },
    resolve: ({ id }, { first, after }, { services, caller }) =>
      services.accountNeeds.list(caller, id, { first: first ?? null, after: after ?? null }),
  }),
);

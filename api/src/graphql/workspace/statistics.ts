import type {
  RunStatistics as RunStatisticsShape,
  StatisticsBucket as StatisticsBucketShape,
  TokenStatistics as TokenStatisticsShape,
  WorkspaceStatistics as WorkspaceStatisticsShape,
} from "#services/operations/statistics.ts";
import { builder } from "../builder.ts";
import { encodeGlobalId } from "../global-id.ts";
import { Workspace } from "./workspace.ts";

const RunStatistics = builder.objectRef<RunStatisticsShape>("RunStatistics").implement({
  description: "Statistics of tool executions.",
  fields: (t) => ({
    runs: t.exposeInt("runs", { description: "The number of executions that started." }),
    failed: t.exposeInt("failed", {
      description:
        "The number of executions with status FAILED, TIMED_OUT, REAUTH_REQUIRED or INTERRUPTED.",
    }),
    errorRate: t.exposeFloat("errorRate", {
      nullable: true,
      description:
        "The proportion of failed executions among those that ended and were not cancelled, from 0 to 1. Null if there are none.",
    }),
    p50Ms: t.exposeFloat("p50Ms", {
      nullable: true,
      description:
        "The median duration of executions with status SUCCEEDED, FAILED or TIMED_OUT, in milliseconds. Null if there are none.",
    }),
    p95Ms: t.exposeFloat("p95Ms", {
      nullable: true,
      description:
        "The 95th percentile of the duration of executions with status SUCCEEDED, FAILED or TIMED_OUT, in milliseconds. Null if there are none.",
    }),
  }),
});

const TokenStatistics = builder.objectRef<TokenStatisticsShape>("TokenStatistics").implement({
  description:
    "Statistics of token events. Refresh attempts without a usable response are retried and not counted.",
  fields: (t) => ({
    refreshed: t.exposeInt("refreshed", { description: "The number of refreshes without a user." }),
    refused: t.exposeInt("refused", {
      description:
        "The number of refreshes that failed permanently: GRANT_INVALID, CLIENT_INVALID, REFRESH_INTERRUPTED and REFRESH_REFUSED.",
    }),
    reauthRequired: t.exposeInt("reauthRequired", {
      description: "The number of times that an account changed to REAUTH_REQUIRED.",
    }),
  }),
});

const ServerStatistics = builder
  .objectRef<RunStatisticsShape & { serverId: string | null; workspaceId: string }>(
    "ServerStatistics",
  )
  .implement({
    description:
      "Statistics of the tool executions of one server, or of all deleted servers together.",
    fields: (t) => ({
      serverId: t.id({
        nullable: true,
        description: "The ID of the server. Null for deleted servers.",
        resolve: ({ serverId }) => serverId && encodeGlobalId("McpServer", serverId),
      }),
      server: t.prismaField({
        type: "McpServer",
        nullable: true,
        description: "The server. Null for deleted servers.",
        // One statement for all servers.
        resolve: (query, { serverId, workspaceId }, _args, { db }) =>
          serverId
            ? db.mcpServer.findUnique({ ...query, where: { id: serverId, workspaceId } })
            : null,
      }),
      runs: t.field({
        type: RunStatistics,
        description: "The statistics of the executions.",
        resolve: (statistics) => statistics,
      }),
    }),
  });

const StatisticsBucket = builder.objectRef<StatisticsBucketShape>("StatisticsBucket").implement({
  description: "Statistics for one interval of the time range.",
  fields: (t) => ({
    startsAt: t.expose("startsAt", { type: "DateTime", description: "The start of the interval." }),
    runs: t.field({
      type: RunStatistics,
      description: "The statistics of executions that started in the interval.",
      resolve: (bucket) => bucket,
    }),
    tokens: t.field({
      type: TokenStatistics,
      description: "The statistics of tokens in the interval.",
      resolve: (bucket) => bucket,
    }),
  }),
});

const WorkspaceStatistics = builder
  .objectRef<WorkspaceStatisticsShape>("WorkspaceStatistics")
  .implement({
    description:
      "Statistics of tool executions and tokens in a time range. For admins they cover all members; for other members, their own executions and their own and shared accounts.",
    fields: (t) => ({
      from: t.expose("from", {
        type: "DateTime",
        description: "The requested start of the range.",
      }),
      to: t.expose("to", {
        type: "DateTime",
        description: "The requested end of the range, exclusive.",
      }),
      bucketSeconds: t.exposeInt("bucketSeconds", {
        description:
          "The length of each interval in seconds, chosen so that there are at most 60 intervals.",
      }),
      total: t.field({
        type: RunStatistics,
        description: "The statistics of all executions in the range.",
        resolve: ({ total }) => total,
      }),
      tokens: t.field({
        type: TokenStatistics,
        description: "The statistics of tokens in the whole range.",
        resolve: ({ tokens }) => tokens,
      }),
      servers: t.field({
        type: [ServerStatistics],
        description:
          "The statistics of servers with executions in the range, those with most executions first. At most 100 servers.",
        resolve: ({ servers, workspaceId }) =>
          servers.slice(0, mostServers).map((server) => ({ ...server, workspaceId })),
      }),
      buckets: t.field({
        type: [StatisticsBucket],
        description: "The intervals of the range, oldest first, including those without activity.",
        resolve: ({ buckets }) => buckets,
      }),
    }),
  });

const mostServers = 100;

builder.prismaObjectField(Workspace, "statistics", (t) =>
  t.field({
    type: WorkspaceStatistics,
    description: "Statistics of tool executions and token refreshes in a time range.",
    args: {
      from: t.arg({
        type: "DateTime",
        required: true,
        description: "The start of the range, at most 90 days before the end.",
      }),
      to: t.arg({
        type: "DateTime",
        required: true,
        description: "The end of the range, exclusive.",
      }),
    },
    resolve: ({ id }, { from, to }, { services, caller }) =>
      services.statistics.read(caller, id, from, to),
  }),
);

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
  description: "What became of runs of tools.",
  fields: (t) => ({
    runs: t.exposeInt("runs", { description: "All that began." }),
    failed: t.exposeInt("failed", {
      description: "FAILED, TIMED_OUT, REAUTH_REQUIRED and INTERRUPTED.",
    }),
    errorRate: t.exposeFloat("errorRate", {
      nullable: true,
      description:
        "The share that failed of those that ended and were not cancelled, from 0 to 1; null when there are none.",
    }),
    p50Ms: t.exposeFloat("p50Ms", {
      nullable: true,
      description:
        "Half of the runs that SUCCEEDED, FAILED or TIMED_OUT took no longer, in milliseconds; null when there are none.",
    }),
    p95Ms: t.exposeFloat("p95Ms", {
      nullable: true,
      description: "95 of 100 took no longer, in milliseconds; null when there are none.",
    }),
  }),
});

const TokenStatistics = builder.objectRef<TokenStatisticsShape>("TokenStatistics").implement({
  description:
    "What the log tells of tokens. A renewal that gets no usable answer is tried again and leaves no trace there.",
  fields: (t) => ({
    refreshed: t.exposeInt("refreshed", { description: "Renewed without a person." }),
    refused: t.exposeInt("refused", {
      description:
        "Renewals that ended an account: GRANT_INVALID, CLIENT_INVALID and REFRESH_INTERRUPTED.",
    }),
    reauthRequired: t.exposeInt("reauthRequired", {
      description: "Accounts that came to need their person, for whatever reason.",
    }),
  }),
});

const ServerStatistics = builder
  .objectRef<RunStatisticsShape & { serverId: string | null; workspaceId: string }>(
    "ServerStatistics",
  )
  .implement({
    description: "What became of one server's runs; of all deleted servers' together.",
    fields: (t) => ({
      serverId: t.id({
        nullable: true,
        description: "Null for servers that are deleted.",
        resolve: ({ serverId }) => serverId && encodeGlobalId("McpServer", serverId),
      }),
      server: t.prismaField({
        type: "McpServer",
        nullable: true,
        description: "Null for servers that are deleted.",
        // One statement for all of them.
        resolve: (query, { serverId, workspaceId }, _args, { db }) =>
          serverId
            ? db.mcpServer.findUnique({ ...query, where: { id: serverId, workspaceId } })
            : null,
      }),
      runs: t.field({
        type: RunStatistics,
        description: "Its runs.",
        resolve: (statistics) => statistics,
      }),
    }),
  });

const StatisticsBucket = builder.objectRef<StatisticsBucketShape>("StatisticsBucket").implement({
  description: "A piece of the range.",
  fields: (t) => ({
    startsAt: t.expose("startsAt", { type: "DateTime", description: "Where it begins." }),
    runs: t.field({
      type: RunStatistics,
      description: "Runs that began in it.",
      resolve: (bucket) => bucket,
    }),
    tokens: t.field({
      type: TokenStatistics,
      description: "What the log tells of tokens in it.",
      resolve: (bucket) => bucket,
    }),
  }),
});

const WorkspaceStatistics = builder
  .objectRef<WorkspaceStatisticsShape>("WorkspaceStatistics")
  .implement({
    description:
      "Runs and tokens over a range of time. Everybody's for an admin; for others their own runs, and their own and shared accounts.",
    fields: (t) => ({
      from: t.expose("from", { type: "DateTime", description: "As it was asked for." }),
      to: t.expose("to", { type: "DateTime", description: "As it was asked for; exclusive." }),
      bucketSeconds: t.exposeInt("bucketSeconds", {
        description: "How long each piece is: chosen so that there are at most sixty.",
      }),
      total: t.field({
        type: RunStatistics,
        description: "All runs of the range.",
        resolve: ({ total }) => total,
      }),
      tokens: t.field({
        type: TokenStatistics,
        description: "What the log tells of tokens in the whole range.",
        resolve: ({ tokens }) => tokens,
      }),
      servers: t.field({
        type: [ServerStatistics],
        description: "Servers with a run in the range, most runs first; a hundred at most.",
        resolve: ({ servers, workspaceId }) =>
          servers.slice(0, mostServers).map((server) => ({ ...server, workspaceId })),
      }),
      buckets: t.field({
        type: [StatisticsBucket],
        description: "The range in pieces, oldest first, also those in which nothing happened.",
        resolve: ({ buckets }) => buckets,
      }),
    }),
  });

const mostServers = 100;

builder.prismaObjectField(Workspace, "statistics", (t) =>
  t.field({
    type: WorkspaceStatistics,
    description: "Runs, their duration and errors, and renewals of tokens over a range of time.",
    args: {
      from: t.arg({
        type: "DateTime",
        required: true,
        description: "The beginning; at most 90 days before the end.",
      }),
      to: t.arg({ type: "DateTime", required: true, description: "The end, exclusive." }),
    },
    resolve: ({ id }, { from, to }, { services, caller }) =>
      services.statistics.read(caller, id, from, to),
  }),
);

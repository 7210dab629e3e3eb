import { graphql } from "../../graphql/generated/gql.ts";
import type { WorkspaceStatisticsQuery } from "../../graphql/generated/graphql.ts";

export const workspaceStatisticsQuery = graphql(`
  query WorkspaceStatistics($workspaceId: ID!, $from: DateTime!, $to: DateTime!) {
    node(id: $workspaceId) {
      __typename
      ... on Workspace {
        id
        statistics(from: $from, to: $to) {
          bucketSeconds
          total {
            runs
            failed
            errorRate
            p50Ms
            p95Ms
          }
          tokens {
            refreshed
            refused
            reauthRequired
          }
          servers {
            serverId
            server {
              id
              name
            }
            runs {
              runs
              failed
              errorRate
              p50Ms
              p95Ms
            }
          }
          buckets {
            startsAt
            runs {
              runs
              failed
              p50Ms
              p95Ms
            }
            tokens {
              refreshed
              reauthRequired
            }
          }
        }
      }
    }
  }
`);

type WorkspaceNode = Extract<
  NonNullable<WorkspaceStatisticsQuery["node"]>,
  { __typename: "Workspace" }
>;
export type Statistics = WorkspaceNode["statistics"];

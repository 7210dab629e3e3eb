import type { Client, CombinedError, OperationResult } from "urql";
import { graphql } from "../../graphql/generated/gql.ts";
import type { TransferServersQuery } from "../../graphql/generated/graphql.ts";

const transferServersQuery = graphql(`
  query TransferServers($workspaceId: ID!, $after: String) {
    node(id: $workspaceId) {
      __typename
      ... on Workspace {
        id
        mcpServers(first: 100, after: $after) {
          nodes {
            id
            name
            url
            headerNames
          }
          pageInfo {
            hasNextPage
            endCursor
          }
        }
      }
    }
  }
`);

type Node = NonNullable<TransferServersQuery["node"]>;
export type StoredServer = Extract<
  Node,
  { __typename: "Workspace" }
>["mcpServers"]["nodes"][number];

export type LoadedServers =
  | { ok: true; servers: StoredServer[] }
  | { ok: false; error: CombinedError | undefined };

/** All servers of the workspace, page by page. */
export async function loadServers(client: Client, workspaceId: string): Promise<LoadedServers> {
  const servers: StoredServer[] = [];
  let after: string | null | undefined;
  do {
    const result: OperationResult<TransferServersQuery> = await client
      .query(transferServersQuery, { workspaceId, after }, { requestPolicy: "network-only" })
      .toPromise();
    const node = result.data?.node;
    if (node?.__typename !== "Workspace") return { ok: false, error: result.error };
    const { nodes, pageInfo } = node.mcpServers;
    servers.push(...nodes);
    after = pageInfo.hasNextPage ? pageInfo.endCursor : null;
  } while (after);
  return { ok: true, servers };
}

import { useDebouncedValue } from "@mantine/hooks";
import { useQuery } from "urql";
import { graphql } from "../../graphql/generated/gql.ts";

const paletteServersQuery = graphql(`
  query PaletteServers($workspaceId: ID!, $search: String) {
    node(id: $workspaceId) {
      __typename
      ... on Workspace {
        id
        mcpServers(first: 8, filter: { search: $search }) {
          nodes {
            id
            name
          }
        }
      }
    }
  }
`);

const paletteToolsQuery = graphql(`
  query PaletteTools($serverId: ID!, $search: String) {
    mcpServer(id: $serverId) {
      id
      tools(first: 20, search: $search) {
        nodes {
          name
        }
      }
    }
  }
`);

/** Servers of the workspace and tools of the server at hand that fit, as the API finds them. */
export function useMatches(workspaceId: string, serverId: string | undefined, query: string) {
  const [search] = useDebouncedValue(query.trim(), 120);
  const [servers] = useQuery({
    query: paletteServersQuery,
    variables: { workspaceId, search: search || null },
    requestPolicy: "cache-and-network",
  });
  const [tools] = useQuery({
    query: paletteToolsQuery,
    variables: { serverId: serverId ?? "", search: search || null },
    pause: serverId === undefined,
  });
  const node = servers.data?.node;
  const isSearching = servers.fetching || servers.stale || search !== query.trim();
  // Until the answer to what is typed is there, the last one is narrowed down.
  const fits = ({ name }: { name: string }) =>
    !isSearching || name.toLowerCase().includes(query.trim().toLowerCase());
  const server = serverId === undefined ? undefined : tools.data?.mcpServer;
  return {
    servers: node?.__typename === "Workspace" ? node.mcpServers.nodes.filter(fits) : [],
    tools:
      server?.tools.nodes.filter(fits).map(({ name }) => ({ name, serverId: server.id })) ?? [],
    isSearching,
  };
}

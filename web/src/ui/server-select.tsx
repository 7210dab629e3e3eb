import { NativeSelect } from "@mantine/core";
import { useQuery } from "urql";
import { graphql } from "../graphql/generated/gql.ts";

const serverNamesQuery = graphql(`
  query ServerNames($workspaceId: ID!) {
    node(id: $workspaceId) {
      __typename
      ... on Workspace {
        id
        mcpServers(first: 100) {
          nodes {
            id
            name
          }
        }
      }
    }
  }
`);

type ServerSelectProps = {
  workspaceId: string;
  value: string | null;
  onChange: (serverId: string | null) => void;
};

/** Narrows a list to one server. One that is in the address and not among the choices stays chosen. */
export function ServerSelect({ workspaceId, value, onChange }: ServerSelectProps) {
  const [{ data }] = useQuery({ query: serverNamesQuery, variables: { workspaceId } });
  const servers = data?.node?.__typename === "Workspace" ? data.node.mcpServers.nodes : [];
  const isKnown = value === null || servers.some(({ id }) => id === value);
  return (
    <NativeSelect
      aria-label="Server"
      value={value ?? ""}
      onChange={(event) => onChange(event.currentTarget.value || null)}
      data={[
        { value: "", label: "All servers" },
        ...servers.map(({ id, name }) => ({ value: id, label: name })),
        ...(isKnown ? [] : [{ value, label: data ? "A deleted server" : "…" }]),
      ]}
    />
  );
}

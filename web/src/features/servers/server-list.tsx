import { Button, Stack, Text, TextInput } from "@mantine/core";
import { IconSearch } from "@tabler/icons-react";
import { useState, type ReactNode } from "react";
import { useQuery } from "urql";
import { readFragment } from "../../graphql/generated/fragment-masking.ts";
import { graphql } from "../../graphql/generated/gql.ts";
import { serverStatusFragment } from "../../graphql/server-status.ts";
import { ErrorNotice } from "../../ui/error-notice.tsx";
import { RowsSkeleton } from "../../ui/rows-skeleton.tsx";
import { StaleNotice } from "../../ui/stale-notice.tsx";
import { useListFilters, useTypedSearch } from "./list-filters.ts";
import { SignInFilter } from "./sign-in-filter.tsx";
import type { RowOfServer } from "./server-row.tsx";
import classes from "./server-list.module.css";

const serverListQuery = graphql(`
  query ServerList($workspaceId: ID!, $search: String, $after: String) {
    node(id: $workspaceId) {
      __typename
      ... on Workspace {
        id
        mcpServers(first: 100, after: $after, filter: { search: $search }) {
          nodes {
            id
            ...ServerRow_server
            ...ServerStatus_server
          }
          pageInfo {
            hasNextPage
            endCursor
          }
          totalCount
        }
      }
    }
  }
`);

const searchFrom = 6;

type ServerListProps = {
  workspaceId: string;
  empty: ReactNode;
  renderRow: (server: RowOfServer) => ReactNode;
};

/** The workspace's servers with their live state. */
export function ServerList({ workspaceId, empty, renderRow }: ServerListProps) {
  const [filters, narrow] = useListFilters();
  const { onlySignIn } = filters;
  const search = filters.search.trim();
  const [typed, type] = useTypedSearch(filters.search, (text) => narrow({ search: text }));
  const [pages, setPages] = useState<string[]>([]);
  const [{ data, error, stale }, reload] = useQuery({
    query: serverListQuery,
    variables: { workspaceId, search: search || null, after: pages.at(-1) ?? null },
    requestPolicy: "cache-and-network",
  });

  const list = data?.node?.__typename === "Workspace" ? data.node.mcpServers : undefined;
  const retry = () => reload({ requestPolicy: "network-only" });
  if (error && !list) return <ErrorNotice error={error} onRetry={retry} />;
  if (!list) return <RowsSkeleton rows={3} label="Loading servers" />;
  if (list.totalCount === 0 && search === "" && !stale) return empty;

  const waiting = list.nodes.filter((server) => needsSignIn(server));
  const shown = onlySignIn ? waiting : list.nodes;
  const canSearch = list.totalCount >= searchFrom || search !== "" || pages.length > 0;
  return (
    <>
      {error && <StaleNotice error={error} onRetry={retry} />}
      <Stack gap="sm">
        {(canSearch || waiting.length > 0 || onlySignIn) && (
          <div className={classes["tools"]}>
            {canSearch && (
              <TextInput
                className={classes["search"]}
                aria-label="Search servers"
                placeholder="Search servers"
                data-search
                leftSection={<IconSearch size={16} aria-hidden />}
                value={typed}
                onChange={(event) => {
                  type(event.currentTarget.value);
                  setPages([]);
                }}
              />
            )}
            <SignInFilter
              count={waiting.length}
              active={onlySignIn}
              onChange={(only) => narrow({ onlySignIn: only })}
            />
          </div>
        )}
        {shown.length === 0 ? (
          <NothingFound onReset={() => narrow({ search: "", onlySignIn: false })} />
        ) : (
          <ul className={`panel rows ${classes["list"]}`}>
            {shown.map((server) => renderRow(server))}
          </ul>
        )}
        {list.pageInfo.hasNextPage && list.pageInfo.endCursor && (
          <Button
            variant="default"
            onClick={() => setPages([...pages, list.pageInfo.endCursor ?? ""])}
          >
            Next 100 of {list.totalCount}
          </Button>
        )}
        {pages.length > 0 && (
          <Button variant="subtle" onClick={() => setPages(pages.slice(0, -1))}>
            Back
          </Button>
        )}
      </Stack>
    </>
  );
}

function needsSignIn(server: RowOfServer): boolean {
  const { enabled, oauthStatus } = readFragment(serverStatusFragment, server);
  return enabled && oauthStatus.state === "REAUTH_REQUIRED";
}

function NothingFound({ onReset }: { onReset: () => void }) {
  return (
    <div className={`panel ${classes["nothing"]}`}>
      <Text c="dimmed" size="sm">
        No server fits.
      </Text>
      <Button size="xs" variant="default" onClick={onReset}>
        Show all
      </Button>
    </div>
  );
}

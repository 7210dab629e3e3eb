import { Button, Stack, Text, Title } from "@mantine/core";
import { useState } from "react";
import { useQuery } from "urql";
import { readFragment } from "../../graphql/generated/fragment-masking.ts";
import { graphql } from "../../graphql/generated/gql.ts";
import { useNow } from "../../lib/use-now.ts";
import { Disclosure } from "../../ui/disclosure.tsx";
import { ErrorNotice } from "../../ui/error-notice.tsx";
import { RowsSkeleton } from "../../ui/rows-skeleton.tsx";
import shared from "../../ui/list.module.css";
import { RevokeTokenDialog } from "./revoke-token-dialog.tsx";
import { TokenRow, tokenRowFragment } from "./token-row.tsx";
import { describeLife } from "./token-words.ts";

const tokenListQuery = graphql(`
  query TokenList($workspaceId: ID!, $before: String) {
    viewer {
      user {
        id
      }
    }
    node(id: $workspaceId) {
      __typename
      ... on Workspace {
        id
        apiTokens(last: 100, before: $before) {
          nodes {
            id
            ...TokenRow_token
          }
          pageInfo {
            hasPreviousPage
            startCursor
          }
          totalCount
        }
      }
    }
  }
`);

type TokenListProps = { workspaceId: string; onCreate: () => void };

/** The living tokens, newest first, and those that have ended behind a click. */
export function TokenList({ workspaceId, onCreate }: TokenListProps) {
  const now = useNow();
  const [pages, setPages] = useState<string[]>([]);
  const [endedShown, setEndedShown] = useState(false);
  const [revoking, setRevoking] = useState<{ id: string; name: string }>();
  const [{ data, error }, reload] = useQuery({
    query: tokenListQuery,
    variables: { workspaceId, before: pages.at(-1) ?? null },
    requestPolicy: "cache-and-network",
  });
  const list = data?.node?.__typename === "Workspace" ? data.node.apiTokens : undefined;
  const failure = error && (
    <ErrorNotice error={error} onRetry={() => reload({ requestPolicy: "network-only" })} />
  );
  if (failure && !list) return failure;
  if (!list) return <RowsSkeleton rows={3} label="Loading tokens" />;

  const tokens = list.nodes.toReversed();
  const hasEnded = (token: (typeof tokens)[number]) =>
    describeLife(readFragment(tokenRowFragment, token), now).ended;
  const living = tokens.filter((token) => !hasEnded(token));
  const ended = tokens.filter(hasEnded);
  const renderRows = (rows: typeof tokens) => (
    <ul className={`panel rows ${shared["list"]}`}>
      {rows.map((token) => (
        <TokenRow
          key={token.id}
          token={token}
          viewerId={data?.viewer?.user.id ?? ""}
          now={now}
          onRevoke={setRevoking}
        />
      ))}
    </ul>
  );
  const { hasPreviousPage, startCursor } = list.pageInfo;
  return (
    <Stack gap="md">
      {failure}
      {living.length > 0 ? renderRows(living) : <NoTokens onCreate={onCreate} />}
      {ended.length > 0 && (
        <Disclosure
          label={`Revoked and expired (${ended.length})`}
          opened={endedShown}
          onToggle={() => setEndedShown(!endedShown)}
        >
          <div style={{ marginTop: 10 }}>{renderRows(ended)}</div>
        </Disclosure>
      )}
      {hasPreviousPage && startCursor && (
        <Button variant="default" onClick={() => setPages([...pages, startCursor])}>
          Older ones of {list.totalCount}
        </Button>
      )}
      {pages.length > 0 && (
        <Button variant="subtle" onClick={() => setPages(pages.slice(0, -1))}>
          Back to newer ones
        </Button>
      )}
      <RevokeTokenDialog token={revoking} onClose={() => setRevoking(undefined)} />
    </Stack>
  );
}

function NoTokens({ onCreate }: { onCreate: () => void }) {
  return (
    <div className={`panel ${shared["empty"]}`}>
      <Title order={2}>No active tokens</Title>
      <Text c="dimmed" size="sm" maw={480}>
        With a token a program of yours calls the Gatehouse API as you, in this workspace and within
        the scope that you choose: a script that runs tools, or a dashboard that must know when
        somebody has to sign in.
      </Text>
      <Button onClick={onCreate}>Create a token</Button>
    </div>
  );
}

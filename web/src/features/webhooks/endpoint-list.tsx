import { Button, Stack, Text, Title } from "@mantine/core";
import { Link } from "react-router";
import { useQuery } from "urql";
import { readFragment, type FragmentType } from "../../graphql/generated/fragment-masking.ts";
import { graphql } from "../../graphql/generated/gql.ts";
import { formatPast } from "../../lib/format.ts";
import { webhookPath } from "../../lib/paths.ts";
import { useNow } from "../../lib/use-now.ts";
import { ErrorNotice } from "../../ui/error-notice.tsx";
import { RowsSkeleton } from "../../ui/rows-skeleton.tsx";
import { StatusBadge } from "../../ui/status-badge.tsx";
import shared from "../../ui/list.module.css";
import { endpointFragment } from "./endpoint-fragment.ts";
import classes from "./webhooks.module.css";
import { describeEndpoint, describeTypes } from "./webhook-words.ts";

const endpointListQuery = graphql(`
  query EndpointList($workspaceId: ID!) {
    node(id: $workspaceId) {
      __typename
      ... on Workspace {
        id
        webhookEndpoints(first: 20) {
          nodes {
            id
            ...Endpoint_webhook
          }
        }
      }
    }
  }
`);

type EndpointListProps = { workspaceId: string; onCreate: () => void };

/** All endpoints of the workspace, of which there are twenty at most. */
export function EndpointList({ workspaceId, onCreate }: EndpointListProps) {
  const [{ data, error }, reload] = useQuery({
    query: endpointListQuery,
    variables: { workspaceId },
    requestPolicy: "cache-and-network",
  });
  const list = data?.node?.__typename === "Workspace" ? data.node.webhookEndpoints : undefined;
  const failure = error && (
    <ErrorNotice error={error} onRetry={() => reload({ requestPolicy: "network-only" })} />
  );
  if (failure && !list) return failure;
  if (!list) return <RowsSkeleton rows={2} label="Loading webhooks" />;
  return (
    <Stack gap="md">
      {failure}
      {list.nodes.length === 0 ? (
        <NoEndpoints onCreate={onCreate} />
      ) : (
        <ul className={`panel rows ${shared["list"]}`}>
          {list.nodes.map((endpoint) => (
            <EndpointRow key={endpoint.id} endpoint={endpoint} />
          ))}
        </ul>
      )}
    </Stack>
  );
}

function EndpointRow({ endpoint }: { endpoint: FragmentType<typeof endpointFragment> }) {
  const now = useNow();
  const facts = readFragment(endpointFragment, endpoint);
  const { id, url, types, lastDeliveryAt } = facts;
  return (
    <li className={classes["row"]}>
      <div className={classes["main"]}>
        <Link to={webhookPath(id)} className={`plain truncate ${classes["url"]}`} title={url}>
          {url.replace(/^https:\/\//, "")}
        </Link>
        <div className={shared["facts"]}>
          <span>{describeTypes(types)}</span>
          <span>
            {lastDeliveryAt
              ? `Last delivered ${formatPast(lastDeliveryAt, now)}`
              : "Nothing delivered yet"}
          </span>
        </div>
      </div>
      <StatusBadge {...describeEndpoint(facts, now)} />
      <Button
        component={Link}
        to={webhookPath(id)}
        size="xs"
        variant="default"
        aria-label={`Deliveries to ${url}`}
      >
        Deliveries
      </Button>
    </li>
  );
}

function NoEndpoints({ onCreate }: { onCreate: () => void }) {
  return (
    <div className={`panel ${shared["empty"]}`}>
      <Title order={2}>No webhooks yet</Title>
      <Text c="dimmed" size="sm" maw={480}>
        Gatehouse can tell an address of yours about every event of this workspace: that somebody
        must sign in again, that a tool ran, that a server changed. Nothing is lost: what fails is
        tried again for three days.
      </Text>
      <Button onClick={onCreate}>Create a webhook</Button>
    </div>
  );
}

import { Button, Group, Text } from "@mantine/core";
import { useEffect, useState } from "react";
import { useQuery } from "urql";
import { graphql } from "../../graphql/generated/gql.ts";
import { ErrorNotice } from "../../ui/error-notice.tsx";
import { RowsSkeleton } from "../../ui/rows-skeleton.tsx";
import { Section } from "../../ui/section.tsx";
import shared from "../../ui/list.module.css";
import { DeliveryRow } from "./delivery-row.tsx";

const deliveryListQuery = graphql(`
  query DeliveryList($endpointId: ID!, $after: String) {
    node(id: $endpointId) {
      __typename
      ... on WebhookEndpoint {
        id
        lastDeliveryAt
        failingSince
        disabledAt
        deliveries(first: 25, after: $after) {
          nodes {
            id
            ...DeliveryRow_delivery
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

/** How often the list is read again while somebody looks at it. */
const askAgainMs = 3_000;

/** What was sent, newest first, and what came of it; it follows by itself. */
export function DeliveryList({ endpointId }: { endpointId: string }) {
  const [pages, setPages] = useState<string[]>([]);
  const [{ data, error }, reload] = useQuery({
    query: deliveryListQuery,
    variables: { endpointId, after: pages.at(-1) ?? null },
    requestPolicy: "cache-and-network",
  });
  const refresh = () => reload({ requestPolicy: "network-only" });
  // A delivery is no event of the log, so there is nothing to subscribe to.
  useEffect(() => {
    const timer = setInterval(() => {
      if (!document.hidden) reload({ requestPolicy: "network-only" });
    }, askAgainMs);
    return () => clearInterval(timer);
  }, [reload]);
  const list = data?.node?.__typename === "WebhookEndpoint" ? data.node.deliveries : undefined;
  if (!list) {
    return error ? (
      <ErrorNotice error={error} onRetry={refresh} />
    ) : (
      <RowsSkeleton rows={4} label="Loading deliveries" />
    );
  }
  const { hasNextPage, endCursor } = list.pageInfo;
  return (
    <Section title="Deliveries" flush>
      {error && <ErrorNotice error={error} onRetry={refresh} />}
      {list.nodes.length === 0 ? (
        <Text c="dimmed" size="sm" p={20}>
          Nothing was sent yet. Send a test to see whether it arrives.
        </Text>
      ) : (
        <ul className={`rows ${shared["list"]}`}>
          {list.nodes.map((delivery) => (
            <DeliveryRow key={delivery.id} delivery={delivery} />
          ))}
        </ul>
      )}
      {(hasNextPage || pages.length > 0) && (
        <Group px={20} py={12} gap="sm">
          {pages.length > 0 && (
            <Button size="xs" variant="default" onClick={() => setPages(pages.slice(0, -1))}>
              Newer
            </Button>
          )}
          {hasNextPage && endCursor && (
            <Button size="xs" variant="default" onClick={() => setPages([...pages, endCursor])}>
              Older
            </Button>
          )}
        </Group>
      )}
    </Section>
  );
}

import { useQuery } from "urql";
import { EndpointScreen } from "../../features/webhooks/endpoint-screen.tsx";
import { graphql } from "../../graphql/generated/gql.ts";
import { ErrorNotice } from "../../ui/error-notice.tsx";
import { RowsSkeleton } from "../../ui/rows-skeleton.tsx";
import { NotFound } from "../not-found.tsx";

const webhookDetailQuery = graphql(`
  query WebhookDetail($id: ID!) {
    node(id: $id) {
      __typename
      ... on WebhookEndpoint {
        id
        ...Endpoint_webhook
      }
    }
  }
`);

type WebhookDetailProps = { endpointId: string; onDeleted: () => void };

export function WebhookDetail({ endpointId, onDeleted }: WebhookDetailProps) {
  const [{ data, error, fetching }, reload] = useQuery({
    query: webhookDetailQuery,
    variables: { id: endpointId },
    requestPolicy: "cache-and-network",
  });
  if (error && !data)
    return <ErrorNotice error={error} onRetry={() => reload({ requestPolicy: "network-only" })} />;
  if (!data && fetching) return <RowsSkeleton rows={4} label="Loading the webhook" />;
  if (data?.node?.__typename !== "WebhookEndpoint") {
    return <NotFound title="No such webhook" detail="It was deleted, or it is not yours to see." />;
  }
  return <EndpointScreen endpoint={data.node} onDeleted={onDeleted} />;
}

import { graphql } from "../../graphql/generated/gql.ts";

/** What the list and an endpoint's own screen show of it. */
export const endpointFragment = graphql(`
  fragment Endpoint_webhook on WebhookEndpoint {
    id
    url
    types
    createdAt
    lastDeliveryAt
    failingSince
    disabledAt
  }
`);

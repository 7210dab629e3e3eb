import { graphql } from "../../graphql/generated/gql.ts";

/** A row's own changes. The cache shows them before the answer comes, and takes them back when it is no. */
export const changeServerMutation = graphql(`
  mutation ChangeServer($input: UpdateMcpServerInput!) {
    updateMcpServer(input: $input) {
      id
      name
      enabled
    }
  }
`);

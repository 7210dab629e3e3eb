import { graphql } from "../graphql/generated/gql.ts";

/** Who is here, and the workspace's state of events: read before anything that events change. */
export const sessionQuery = graphql(`
  query Session {
    viewer {
      user {
        id
        name
        email
      }
      workspaces(first: 100) {
        nodes {
          id
          name
          viewerRole
          newToolPolicy
          eventCursor
        }
      }
    }
  }
`);

import { graphql } from "../../graphql/generated/gql.ts";

export const detectServerQuery = graphql(`
  query DetectServer($workspaceId: ID!, $url: String!) {
    detectServer(input: { workspaceId: $workspaceId, url: $url }) {
      authType
      message
      clientRequired
      redirectUri
      ...DetectionCard_detection
    }
  }
`);

/** Whether asking makes sense yet: a scheme and a host. Anything else about the URL is the API's to judge. */
export function looksLikeUrl(text: string): boolean {
  return /^https?:\/\/[^\s/]+/i.test(text) && URL.canParse(text);
}

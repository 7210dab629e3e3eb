const query =
  "{ viewer { user { name } workspaces(first: 1) { nodes { name mcpServers(first: 10) { nodes { name oauthStatus { state } } } } } } }";

/** A command that asks for the servers with the token; runs as it is when pasted into a shell. */
export function writeCurlSnippet(origin: string, secret: string): string {
  return [
    `curl ${origin}/graphql \\`,
    `  --header 'authorization: Bearer ${secret}' \\`,
    `  --header 'content-type: application/json' \\`,
    `  --data '${JSON.stringify({ query })}'`,
  ].join("\n");
}

import type { TestUser } from "./client.ts";

/** What a page of a server shows of its lists. */
export async function readLists(user: TestUser, id: string) {
  const { mcpServer } = await user.query(
    `query ($id: ID!) { mcpServer(id: $id) {
      tools(first: 100) { totalCount nodes { name } }
      resources(first: 100) { totalCount nodes { uri name title description mimeType size } }
      resourceTemplates(first: 100) { totalCount nodes { uriTemplate name } }
      prompts(first: 100) { totalCount nodes { name title arguments { name required } } }
      catalog { fetchedAt notes failure { message at } }
    } }`,
    { id },
  );
  return mcpServer;
}

/** The names of the tools, and how well they are known. */
export async function readTools(user: TestUser, id: string) {
  const { mcpServer } = await user.query(
    `query ($id: ID!) { mcpServer(id: $id) {
      tools(first: 100) { totalCount nodes { name } }
      catalog { fetchedAt notes failure { message at } }
      reachability { state message }
    } }`,
    { id },
  );
  const { tools, ...rest } = mcpServer;
  const names: string[] = tools.nodes.map(({ name }: { name: string }) => name);
  return { ...rest, names, totalCount: tools.totalCount };
}

export async function refreshTools(user: TestUser, id: string): Promise<void> {
  await user.query("mutation ($id: ID!) { refreshTools(serverId: $id) { id } }", { id });
}

export async function readResource(user: TestUser, serverId: string, uri: string) {
  const { readResource: answer } = await user.query(
    `mutation ($input: ReadResourceInput!) { readResource(input: $input) {
      __typename
      ... on UserError { message }
      ... on ResourceRead { isTruncated contents { uri mimeType text blob } }
      ... on ReauthRequired { reason server { id } }
      ... on ServerUnreachable { retryable }
    } }`,
    { input: { serverId, uri } },
  );
  return answer;
}

export async function getPrompt(user: TestUser, serverId: string, name: string, args?: unknown) {
  const { getPrompt: answer } = await user.query(
    `mutation ($input: GetPromptInput!) { getPrompt(input: $input) {
      __typename
      ... on UserError { message }
      ... on PromptReceived { description messages { role content {
        __typename
        ... on TextContent { text }
        ... on EmbeddedResource { resource { uri } }
      } } }
      ... on PromptNotFound { suggestions }
      ... on InvalidPromptArguments { issues { path message } }
      ... on ReauthRequired { reason server { id } }
      ... on ServerUnreachable { retryable }
    } }`,
    { input: { serverId, name, arguments: args } },
  );
  return answer;
}

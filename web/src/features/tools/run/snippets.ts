/** What a snippet calls: the tool with its present arguments. */
export type ToolCall = {
  /** Gatehouse's own address, without a slash at its end. */
  origin: string;
  serverId: string;
  toolName: string;
  arguments: Record<string, unknown>;
  /** The tool's policy is to ask: whoever pastes it has agreed. */
  asksFirst: boolean;
};

export type SnippetKind = "curl" | "fetch" | "graphql";

/** Stands where the reader's own API token belongs. */
export const tokenPlaceholder = "YOUR_API_TOKEN";

export const snippetOperation = `mutation RunTool($input: ExecuteToolInput!) {
  executeTool(input: $input) {
    __typename
    ... on ToolExecuted {
      execution {
        id
        status
        isToolError
        errorMessage
        content {
          ... on TextContent {
            text
          }
        }
        structuredContent
      }
    }
    ... on UserError {
      message
    }
  }
}`;

export function makeVariables(call: ToolCall): { input: Record<string, unknown> } {
  const { serverId, toolName, asksFirst } = call;
  const input = { serverId, toolName, arguments: call.arguments };
  return { input: asksFirst ? { ...input, confirmed: true } : input };
}

/** The snippet, whole: it runs as it is once the token is put in. */
export function writeSnippet(kind: SnippetKind, call: ToolCall): string {
  switch (kind) {
    case "curl":
      return writeCurl(call);
    case "fetch":
      return writeFetch(call);
    case "graphql":
      return snippetOperation;
  }
}

function writeCurl(call: ToolCall): string {
  const query = snippetOperation.replaceAll(/\s+/g, " ");
  const body = JSON.stringify({ query, variables: makeVariables(call) });
  return [
    `curl -sS ${quote(`${call.origin}/graphql`)}`,
    `  -H ${quote("content-type: application/json")}`,
    `  -H ${quote(`authorization: Bearer ${tokenPlaceholder}`)}`,
    // Not --data: that takes a body that begins with @ for a file's name.
    `  --data-raw ${quote(body)}`,
  ].join(" \\\n");
}

/** Within single quotes a POSIX shell leaves everything alone but the single quote itself. */
function quote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

function writeFetch(call: ToolCall): string {
  return `const query = \`${snippetOperation}\`;
const variables = ${JSON.stringify(makeVariables(call), null, 2)};
const response = await fetch(${JSON.stringify(`${call.origin}/graphql`)}, {
  method: "POST",
  headers: {
    "content-type": "application/json",
    authorization: "Bearer ${tokenPlaceholder}",
  },
  body: JSON.stringify({ query, variables }),
});
console.log((await response.json()).data.executeTool);
`;
}

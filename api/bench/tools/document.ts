/** What is asked of Gatehouse and of the bare server alike. */
export const executeTool = `mutation ($input: ExecuteToolInput!) { executeTool(input: $input) {
  __typename
  ... on UserError { message }
  ... on ToolExecuted { execution {
    id status isToolError structuredContent content { __typename ... on TextContent { text } }
  } }
} }`;

export const toolArguments = { a: 20, b: 22 };
/** In every answer that is right. */
export const expectedInAnswer = `"structuredContent":{"sum":42}`;

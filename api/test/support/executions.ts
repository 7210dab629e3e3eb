import { type ScriptedCall, sendResult, startScripted } from "../counterparties/scripted.ts";
import type { TestUser } from "./client.ts";
import { disposable } from "./disposable.ts";

const shape = `id status isToolError errorMessage toolName arguments structuredContent contentTruncated contentExpiresAt argumentBytes
  resultBytes startedAt finishedAt durationMs progress { progress total message } startedBy { name } server { id }
  content { __typename ... on TextContent { text } }`;

/** `executeTool` with all that a run tells; the whole answer, for what is refused with an error. */
export async function execute(user: TestUser, input: object) {
  return user.graphql(
    `mutation ($input: ExecuteToolInput!) { executeTool(input: $input) {
      __typename
      ... on UserError { message }
      ... on ToolExecuted { execution { ${shape} } }
      ... on ToolTimedOut { execution { ${shape} } }
      ... on ReauthRequired { reason }
      ... on InvalidToolArguments { issues { path message } }
      ... on ServerUnreachable { retryable }
    } }`,
    { input },
  );
}

export async function readExecution(user: TestUser, id: string) {
  const { toolExecution } = await user.query(
    `query ($id: ID!) { toolExecution(id: $id) { ${shape} } }`,
    { id },
  );
  return toolExecution;
}

export async function cancelExecution(user: TestUser, id: string) {
  return user.graphql(
    "mutation ($id: ID!) { cancelToolExecution(id: $id) { id status errorMessage finishedAt } }",
    { id },
  );
}

export async function listExecutions(user: TestUser, args: object = {}) {
  const { node } = await user.query(
    `query ($id: ID!, $first: Int, $after: String, $filter: ToolExecutionFilter) { node(id: $id) { ... on Workspace {
      toolExecutions(first: $first, after: $after, filter: $filter) {
        edges { cursor node { id toolName status } } nodes { ${shape} }
        pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } } } }`,
    { id: user.workspaceId, ...args },
  );
  return node.toolExecutions;
}

export interface HeldCall {
  /** What the tool was called with. */
  arguments: Record<string, unknown>;
  /** Answers it; the text is what it says. */
  answer(text?: string): void;
}

/** A server of the 2026-07-28 revision whose tools `hold` and `other` wait until the test answers each call. */
export async function startHolding() {
  const calls: HeldCall[] = [];
  let more = Promise.withResolvers<void>();
  const tools = ["hold", "other"].map((name) => ({ name, inputSchema: { type: "object" } }));
  const server = await startScripted((call: ScriptedCall, response) => {
    const complete = (result: object) =>
      sendResult(call, response, { resultType: "complete", ...result });
    if (call.method === "server/discover")
      complete({ supportedVersions: ["2026-07-28"], capabilities: { tools: {} } });
    else if (call.method === "tools/list") complete({ tools });
    else if (call.method === "tools/call") {
      calls.push({
        arguments: (call.params["arguments"] ?? {}) as Record<string, unknown>,
        answer: (text = "done") => complete({ content: [{ type: "text", text }] }),
      });
      more.resolve();
      more = Promise.withResolvers();
    } else response.writeHead(404).end();
  });
  return disposable({
    url: server.url,
    close: () => server.close(),
    /** All that came, in order. */
    calls,
    /** Resolves once so many calls have come; the last of them. */
    async waitForCall(count: number): Promise<HeldCall> {
      while (calls.length < count) await more.promise;
      const call = calls[count - 1];
      if (!call) throw new Error("there is no such call");
      return call;
    },
  });
}

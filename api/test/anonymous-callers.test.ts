import { afterAll, beforeAll, expect, it } from "vitest";
import { startGatehouse, type TestGatehouse } from "./support/gatehouse.ts";

let gatehouse: TestGatehouse;
beforeAll(async () => {
  gatehouse = await startGatehouse({
    env: { PUBLIC_URL: "https://gatehouse.example.com", ALLOWED_HOSTS: "localhost" },
  });
});
afterAll(() => gatehouse[Symbol.asyncDispose]());

async function askAnonymously(query: string, variables: object = {}) {
  const response = await fetch(`${gatehouse.address}/graphql`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ query, variables }),
  });
  const { errors } = (await response.json()) as { errors?: { message: string }[] };
  return errors?.map(({ message }) => message) ?? [];
}

it.each([
  ["a field", "{ viewe { user { id } } }", {}],
  ["a type", 'query { node(id: "x") { ... on Workspac { id } } }', {}],
  ["an argument", 'query { node(i: "x") { id } }', {}],
  [
    "a value of an enum",
    `query { node(id: "x") { ... on Workspace { mcpServers(filter: { authType: [OAUT] }) { totalCount } } } }`,
    {},
  ],
  [
    "a value of an enum in a variable",
    `query ($t: [McpAuthType!]) { node(id: "x") { ... on Workspace { mcpServers(filter: { authType: $t }) { totalCount } } } }`,
    { t: ["OAUT"] },
  ],
])(
  "A15 suggests nothing to an anonymous caller that misspells %s",
  async (_what, query, variables) => {
    const messages = await askAnonymously(query, variables);
    expect(messages).not.toEqual([]);
    expect(messages.join(" ")).not.toContain("Did you mean");
  },
);

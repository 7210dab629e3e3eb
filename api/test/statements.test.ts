import { expect, it } from "vitest";
import { connect, createServer, executeTool } from "./support/client.ts";
import { startGatehouse } from "./support/gatehouse.ts";
import { countLeast } from "./support/least-statements.ts";

const listServers = `query ($id: ID!, $first: Int!) { node(id: $id) { ... on Workspace { mcpServers(first: $first) { totalCount
  nodes { id name url createdBy { name } oauthStatus { state reason connectedBy { name } activeFlow { id } } tools { totalCount } } } } } }`;

it("a list of servers costs the same number of statements however long it is", async () => {
  await using gatehouse = await startGatehouse({ countsStatements: true });
  const ada = await gatehouse.signUp("Ada");
  for (let i = 0; i < 20; i++) {
    const id = await createServer(ada, gatehouse.sandbox.notesUrl, { authType: "OAUTH" });
    if (i % 4 === 0) {
      await connect(ada, id);
      await executeTool(ada, id, "list_notes");
    }
  }
  const costOf = async (first: number) => {
    const before = gatehouse.countStatements();
    const { node } = await ada.query(listServers, { id: ada.workspaceId, first });
    expect(node.mcpServers.nodes).toHaveLength(first);
    return gatehouse.countStatements() - before;
  };
  const least = (first: number) => countLeast(() => costOf(first));
  const few = await least(2);
  expect(few).toBeGreaterThan(0);
  expect(await least(20)).toBeLessThanOrEqual(few + 2);
});

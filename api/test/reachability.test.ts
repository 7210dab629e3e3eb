import { expect } from "vitest";
import { startModernOnly } from "./counterparties/modern.ts";
import { createServer, executeTool, type TestUser } from "./support/client.ts";
import { it } from "./support/shared-gatehouse.ts";

let ada: TestUser;
it.beforeAll(({ ada: user }) => {
  ada = user;
});

async function readReachability(id: string) {
  const { mcpServer } = await ada.query(
    "query ($id: ID!) { mcpServer(id: $id) { reachability { state message } } }",
    { id },
  );
  return mcpServer.reachability;
}

it("S16 every call says whether its server is reachable", async () => {
  const server = await startModernOnly();
  const id = await createServer(ada, server.url);
  expect(await executeTool(ada, id, "count")).toMatchObject({ __typename: "ToolExecuted" });
  expect(await readReachability(id)).toMatchObject({ state: "REACHABLE", message: null });

  await server.close();
  expect(await executeTool(ada, id, "count")).toMatchObject({ __typename: "ServerUnreachable" });
  await expect.poll(() => readReachability(id)).toMatchObject({ state: "UNREACHABLE" });
  expect((await readReachability(id)).message).toMatch(/\w/);

  const again = await startModernOnly(Number(new URL(server.url).port));
  try {
    expect(await executeTool(ada, id, "count")).toMatchObject({ __typename: "ToolExecuted" });
    await expect
      .poll(() => readReachability(id))
      .toMatchObject({ state: "REACHABLE", message: null });
  } finally {
    await again.close();
  }
});

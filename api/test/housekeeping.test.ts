import { expect, it } from "vitest";
import { cleanUp } from "../src/services/housekeeping.ts";
import { connect, createServer, executeTool, startOAuth, rowIdOf } from "./support/client.ts";
import { startGatehouse } from "./support/gatehouse.ts";

it("erases what has served its time and leaves the rest", async () => {
  await using gatehouse = await startGatehouse();
  const ada = await gatehouse.signUp("Ada");
  const id = await createServer(ada, gatehouse.sandbox.notesUrl);
  await connect(ada, id);
  const kept = (await executeTool(ada, id, "list_notes")).execution.id;
  const old = (await executeTool(ada, id, "list_notes")).execution.id;
  await startOAuth(ada, id, { force: true });
  const past = new Date(Date.now() - 60_000);
  await gatehouse.db.toolExecution.update({
    where: { id: rowIdOf(old) },
    data: { contentExpiresAt: past },
  });
  await gatehouse.db.oAuthFlow.updateMany({
    where: { status: "PENDING" },
    data: { expiresAt: past },
  });

  await cleanUp(gatehouse.db);

  expect(
    await gatehouse.db.toolExecution.findUnique({ where: { id: rowIdOf(old) } }),
  ).toMatchObject({
    status: "SUCCEEDED",
    arguments: null,
    result: null,
  });
  expect(
    (await gatehouse.db.toolExecution.findUnique({ where: { id: rowIdOf(kept) } }))?.result,
  ).not.toBeNull();
  const flows = await gatehouse.db.oAuthFlow.findMany({
    select: { status: true, codeVerifier: true },
  });
  expect(flows.map(({ status }) => status).toSorted()).toEqual(["EXPIRED", "SUCCEEDED"]);
  expect(flows.every(({ codeVerifier }) => codeVerifier === null)).toBe(true);
});

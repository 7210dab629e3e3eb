import { WorkspaceEventType } from "@gatehouse/prisma";
import { afterAll, beforeAll, expect, it } from "vitest";
import { schema } from "#graphql/schema.ts";
import type { TestUser } from "./support/client.ts";
import { inMemory, listConnectionQueries } from "./support/connection-queries.ts";
import { startGatehouse, type TestGatehouse } from "./support/gatehouse.ts";
import { type Parents, seedConnections } from "./support/seed-connections.ts";

const most = 100;
/** Enough for a row of each type of event. */
const few = Math.max(5, Object.keys(WorkspaceEventType).length);
/** The loader of contents splits a large page once, wherever it is used: of the rows themselves, and of runs within them. */
const slack = 2;

let gatehouse: TestGatehouse;
let ada: TestUser;
let parents: Parents;
beforeAll(async () => {
  gatehouse = await startGatehouse({ countsStatements: true });
  ada = await gatehouse.signUp("Ada");
  parents = await seedConnections(gatehouse.databaseUrl, ada, most);
});
afterAll(() => gatehouse?.[Symbol.asyncDispose]());

const queries = listConnectionQueries(schema);

/** Regular tasks send statements of their own, so that the least of a few runs is the query's; it ends at `enough`. */
async function countLeast(
  { document, id, first }: { document: string; id: string; first: number },
  enough: number,
): Promise<number> {
  let least = Infinity;
  for (let run = 0; run < 10 && (run === 0 || least > enough); run += 1) {
    const before = gatehouse.countStatements();
    const { root } = await ada.query(document, { id, first });
    least = Math.min(least, gatehouse.countStatements() - before);
    expect(root.page.nodes).toHaveLength(first);
  }
  return least;
}

it("E14 every connection of the schema is tested", () => {
  const names = new Set(queries.map(({ name }) => name.split(" ")[0]));
  const connections = Object.keys(schema.getTypeMap()).filter(
    (name) => name.endsWith("Connection") && !inMemory.has(name),
  );
  expect(names.size).toBe(connections.length);
  expect(queries.map(({ name }) => name)).toContain(
    "Workspace.events ToolExecutionFinished.execution",
  );
});

it.each(queries)(
  "E14 a page of $name costs the same number of statements whatever its length",
  async ({ document, parent }) => {
    const id = parents[parent];
    if (id === undefined) throw new Error(`${parent} has connections; seed one.`);
    // Whatever is cached is cached now.
    await ada.query(document, { id, first: most });
    const ofFew = Math.min(
      await countLeast({ document, id, first: few }, Infinity),
      await countLeast({ document, id, first: few }, Infinity),
    );
    const enough = ofFew + slack;
    expect(await countLeast({ document, id, first: most }, enough)).toBeLessThanOrEqual(enough);
  },
);

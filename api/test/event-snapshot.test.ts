import { expect } from "vitest";
import { createServer, rowIdOf, type TestUser } from "./support/client.ts";
import type { TestGatehouse } from "./support/gatehouse.ts";
import { it } from "./support/shared-gatehouse.ts";

let gatehouse: TestGatehouse;
let ada: TestUser;

it.beforeAll(({ gatehouse: part, ada: user }) => {
  [gatehouse, ada] = [part, user];
});

/** How a client may ask for the state that it shows, and for the place in the log to go on from. */
const snapshots = {
  "the cursor last": "mcpServers(first: 10) { nodes { name } } eventCursor",
  "the cursor first": "eventCursor mcpServers(first: 10) { nodes { name } }",
  "what cannot be read in one statement":
    "some: mcpServers(first: 1) { nodes { name } } mcpServers(first: 10) { nodes { name } } eventCursor",
};

const seqOf = (cursor: string) => Number(Buffer.from(cursor, "base64url").toString().split(":")[1]);

it("E1 a state that is read together with eventCursor is never older than the cursor", async () => {
  const serverId = await createServer(ada, gatehouse.sandbox.notesUrl, { name: "0" });
  const changes = 30;
  let isOver = false;
  const read: { how: string; version: number; seq: number }[] = [];
  const readers = Object.entries(snapshots).map(async ([how, fields]) => {
    while (!isOver) {
      const { node } = await ada.query(
        `query ($id: ID!) { node(id: $id) { ... on Workspace { ${fields} } } }`,
        { id: ada.workspaceId },
      );
      const [{ name }] = node.mcpServers.nodes;
      read.push({ how, version: Number(name), seq: seqOf(node.eventCursor) });
    }
  });
  for (let version = 1; version <= changes; version += 1)
    await ada.query(
      "mutation ($input: UpdateMcpServerInput!) { updateMcpServer(input: $input) { id } }",
      { input: { id: serverId, name: String(version) } },
    );
  isOver = true;
  await Promise.all(readers);
  const told = await gatehouse.db.workspaceEvent.findMany({
    where: { serverId: rowIdOf(serverId), type: "SERVER_UPDATED" },
  });
  expect(told).toHaveLength(changes);
  const older = read.filter(
    ({ version, seq }) => version < told.filter((event) => Number(event.seq) <= seq).length,
  );
  expect(older).toEqual([]);
  // Snapshots of many moments, or nothing would be proved.
  expect(new Set(read.map(({ version }) => version)).size).toBeGreaterThan(changes / 4);
});

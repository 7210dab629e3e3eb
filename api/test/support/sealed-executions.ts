import type { Database } from "@gatehouse/prisma";
import { parseKeyring } from "#crypto/keyring.ts";
import { createSealedBox } from "#crypto/sealed-box.ts";

const contextOf = (rowId: string) => ({ table: "ToolExecution", column: "arguments", rowId });

/** Executions with sealed arguments, as a busy day leaves them; answers what they hold. `list`: the keys, the first one seals. */
export async function seedExecutions(
  db: Pick<Database, "workspace" | "toolExecution">,
  list: string,
  count: number,
) {
  const box = createSealedBox(parseKeyring(list));
  const { id: workspaceId } = await db.workspace.create({ data: { slug: "seeded", name: "S" } });
  const rows = Array.from({ length: count }, (_, i) => {
    const id = `0199aaaa-0000-7000-8000-${String(i).padStart(12, "0")}`;
    const text = `{"number":${i}}`;
    return { id, text, sealed: box.seal(text, contextOf(id)) };
  });
  await db.toolExecution.createMany({
    data: rows.map(({ id, sealed }) => ({
      id,
      arguments: sealed,
      toolName: "seeded",
      status: "SUCCEEDED" as const,
      workspaceId,
      ownerId: workspaceId,
      startedById: workspaceId,
    })),
  });
  return rows;
}

/** What they hold, in the same order; throws as the sealed box does. */
export async function openExecutions(db: Database, list: string): Promise<string[]> {
  const box = createSealedBox(parseKeyring(list));
  const rows = await db.toolExecution.findMany({ orderBy: { id: "asc" } });
  return rows.map(({ id, arguments: sealed }) => {
    if (!sealed) throw new Error("erased");
    return box.open(sealed, contextOf(id));
  });
}

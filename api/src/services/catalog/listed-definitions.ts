import type { Transaction } from "@gatehouse/prisma";
import type { Tool } from "#mcp/calls/catalog.ts";
import { lockServer } from "../server/server-lock.ts";
import { fingerprintTool } from "./tool-policy.ts";

/** Accounts can be shown different lists of tools. At most this many different lists of a server are read, the newest first. */
const mostLists = 100;

/**
 * The fingerprints of the tools in the stored lists of all accounts at a server, by the tool's name; the newest definition first. One
 * list is in memory at a time.
 */
async function readListedDefinitions(
  tx: Transaction,
  serverId: string,
): Promise<Map<string, Buffer[]>> {
  const lists = await tx.$queryRaw<{ id: string }[]>`
    SELECT "id" FROM (
      SELECT DISTINCT ON (md5("tools"::text)) "id"::text, "fetchedAt" FROM "ToolCatalog"
      WHERE "serverId" = ${serverId}::uuid ORDER BY md5("tools"::text), "fetchedAt" DESC
    ) AS different ORDER BY "fetchedAt" DESC LIMIT ${mostLists}`;
  const definitions = new Map<string, Buffer[]>();
  for (const { id } of lists) {
    const catalog = await tx.toolCatalog.findUnique({ where: { id }, select: { tools: true } });
    // As `services/catalog/catalogs.ts` stored them.
    for (const tool of (catalog?.tools ?? []) as unknown as Tool[]) {
      const known = definitions.get(tool.name) ?? [];
      const fingerprint = fingerprintTool(tool);
      if (!known.some((other) => other.equals(fingerprint))) known.push(fingerprint);
      definitions.set(tool.name, known);
    }
  }
  return definitions;
}

/** Matches the definition of no tool. */
const noDefinition = Buffer.alloc(0);

/**
 * Records definitions for tools that were allowed before decisions recorded one (docs/decisions/023-definitions-of-decisions.md). Must
 * run before a new list of tools is stored: until then the stored lists show what was allowed.
 * @returns whether there were such tools
 */
export async function recordAllowedDefinitions(
  tx: Transaction,
  serverId: string,
): Promise<boolean> {
  const where = { serverId, kind: "ALLOW", approvedFingerprint: null } as const;
  if ((await tx.toolPolicy.findFirst({ where, select: { id: true } })) === null) return false;
  if ((await lockServer(tx, serverId)) === null) return false;
  const allowed = await tx.toolPolicy.findMany({ where, select: { id: true, toolName: true } });
  if (allowed.length === 0) return false;
  const definitions = await readListedDefinitions(tx, serverId);
  for (const { id, toolName } of allowed) {
    const [newest = noDefinition, ...others] = definitions.get(toolName) ?? [];
    await tx.toolPolicy.update({
      where: { id },
      data: {
        approvedFingerprint: new Uint8Array(newest),
        otherFingerprints: others.map((other) => new Uint8Array(other)),
      },
    });
  }
  return true;
}

/** Approves the tools of a server that accounts have listed, other than those that are approved or denied already. */
export async function approveListedTools(
  tx: Transaction,
  serverId: string,
  approvedById: string,
): Promise<void> {
  const definitions = await readListedDefinitions(tx, serverId);
  const approvals = [...definitions].map(([toolName, [newest, ...others]]) => ({
    toolName,
    fingerprint: newest?.toString("hex"),
    others: others.map((other) => other.toString("hex")),
  }));
  await tx.$executeRaw`
    INSERT INTO "ToolPolicy" ("id", "serverId", "toolName", "approvedFingerprint", "otherFingerprints",
      "approvedAt", "approvedById", "updatedAt")
    SELECT uuidv7(), ${serverId}::uuid, t."toolName", decode(t."fingerprint", 'hex'),
      ARRAY(SELECT decode(other, 'hex') FROM jsonb_array_elements_text(t."others") AS other), now(), ${approvedById}::uuid, now()
    FROM jsonb_to_recordset(${JSON.stringify(approvals)}::jsonb) AS t("toolName" text, "fingerprint" text, "others" jsonb)
    ON CONFLICT ("serverId", "toolName") DO UPDATE SET "approvedFingerprint" = excluded."approvedFingerprint",
      "otherFingerprints" = excluded."otherFingerprints", "approvedAt" = excluded."approvedAt",
      "approvedById" = excluded."approvedById", "updatedAt" = excluded."updatedAt"
    WHERE "ToolPolicy"."approvedFingerprint" IS NULL AND "ToolPolicy"."kind" IS DISTINCT FROM 'DENY'`;
}

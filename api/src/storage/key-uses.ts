import type { Database } from "@gatehouse/prisma";
import { isKeyId } from "#crypto/keyring.ts";
import { nameColumn, sealedColumns, sqlFor } from "./sealed-columns.ts";

/** How many values of a column a key has sealed. */
export interface KeyUse {
  /** Null: damaged values, which name no key. */
  keyId: string | null;
  /** `OAuthGrant.accessToken`, for instance. */
  column: string;
  count: number;
}

/** Which keys have sealed what the database holds; read from the values' headers, opening none. */
export async function countKeyUses(db: Database): Promise<KeyUse[]> {
  const uses: KeyUse[] = [];
  for (const column of sealedColumns) {
    const sql = sqlFor(column);
    const rows = await db.$queryRaw<{ keyId: string; count: number }[]>`
      SELECT ${sql.keyId} AS "keyId", count(*)::int AS "count" FROM ${sql.table} WHERE ${sql.isSealed} GROUP BY 1 ORDER BY 1`;
    for (const { keyId, count } of rows)
      uses.push({ keyId: isKeyId(keyId) ? keyId : null, column: nameColumn(column), count });
  }
  return uses;
}

const prefix = "sealed-with:";

/** Notes that a key seals, before it does, so that it is never taken for a new one again. */
export async function recordSealing(db: Database, keyId: string): Promise<void> {
  await db.$executeRaw`
    INSERT INTO "Setting" ("name", "value") VALUES (${prefix + keyId}, convert_to(clock_timestamp()::text, 'UTF8'))
    ON CONFLICT ("name") DO NOTHING`;
}

/** Keys that have sealed at some time, the present ones among them. */
export async function listEverSealing(db: Database): Promise<Set<string>> {
  const rows = await db.setting.findMany({ where: { name: { startsWith: prefix } } });
  return new Set(rows.map(({ name }) => name.slice(prefix.length)));
}

import type { Database } from "@gatehouse/prisma";
import { isKeyId } from "#crypto/keyring.ts";
import { nameColumn, sealedColumns, sqlFor } from "./sealed-columns.ts";

/** How many values of a column were sealed with a key. */
export interface KeyUse {
  /** Null: damaged values, which contain no key id. */
  keyId: string | null;
  /** For example `OAuthGrant.accessToken`. */
  column: string;
  count: number;
}

/**
 * Counts the values in the database by the key that sealed them. Reads the headers of the values
 * and opens none.
 */
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

/** Records a key before it seals anything, so that it is never treated as a new key again. */
export async function recordSealing(db: Database, keyId: string): Promise<void> {
  await db.$executeRaw`
    INSERT INTO "Setting" ("name", "value") VALUES (${prefix + keyId}, convert_to(clock_timestamp()::text, 'UTF8'))
    ON CONFLICT ("name") DO NOTHING`;
}

/** Lists all keys that have ever sealed a value, including the current ones. */
export async function listEverSealing(db: Database): Promise<Set<string>> {
  const rows = await db.setting.findMany({ where: { name: { startsWith: prefix } } });
  return new Set(rows.map(({ name }) => name.slice(prefix.length)));
}

import { type Database, Prisma } from "@gatehouse/prisma";
import { BrokenSealError, type SealedBox, UnknownKeyError } from "#crypto/sealed-box.ts";
import { nameColumn, type SealedColumn, sealedColumns, sqlFor } from "./sealed-columns.ts";

export interface ResealOptions {
  db: Database;
  /** Seals with the new key and opens with all keys. */
  box: SealedBox;
  /** The id of the key that seals. */
  keyId: string;
  /** The number of rows per statement that reads. One result of a tool can be a megabyte. */
  batchSize?: number;
  /** Stops between two rows. Values that were already resealed stay so. */
  signal: AbortSignal;
  /**
   * Called after every batch with the number of values resealed in this column, and their total.
   */
  onBatch(progress: { column: string; done: number; total: number }): void;
}

export interface ResealReport {
  /** False if it was stopped, or if other processes kept sealing with another key. */
  complete: boolean;
  resealed: number;
  /** Values that could not be opened. They were not changed. */
  unopened: { column: string; rowId: string; keyId: string | null }[];
}

/**
 * A further pass only finds values that were sealed with another key in the meantime. Reaching this
 * limit means that another process keeps using that key.
 */
const maxPasses = 5;

/**
 * Reseals all values that were sealed with another key, by column and row. It can be interrupted at
 * any point and run again, because the remaining work is read from the values themselves. A row is
 * updated only if it still holds the value that was opened, so a token written in the meantime is
 * never lost. The row's version and times are not changed.
 */
export async function resealAll(options: ResealOptions): Promise<ResealReport> {
  let resealed = 0;
  for (let pass = 1; pass <= maxPasses; pass += 1) {
    const unopened: ResealReport["unopened"] = [];
    let met = 0;
    for (const column of sealedColumns) {
      const outcome = await resealColumn(column, options);
      resealed += outcome.resealed;
      met += outcome.met;
      unopened.push(...outcome.unopened);
      if (options.signal.aborted) return { complete: false, resealed, unopened };
    }
    if (met === unopened.length) return { complete: true, resealed, unopened };
  }
  return { complete: false, resealed, unopened: [] };
}

interface Row {
  rowId: string;
  value: Uint8Array;
}

async function resealColumn(column: SealedColumn, options: ResealOptions) {
  const { db, signal, batchSize = 50 } = options;
  const sql = sqlFor(column);
  const isOld = Prisma.sql`${sql.isSealed} AND ${sql.keyId} <> ${options.keyId}`;
  const [counted] = await db.$queryRaw<{ total: number }[]>`
    SELECT count(*)::int AS "total" FROM ${sql.table} WHERE ${isOld}`;
  const total = counted?.total ?? 0;
  const unopened: ResealReport["unopened"] = [];
  let met = 0;
  let resealed = 0;
  let after: string | null = null;
  while (total > 0) {
    const rows: Row[] = await db.$queryRaw<Row[]>`
      SELECT ${sql.key}::text AS "rowId", ${sql.value} AS "value" FROM ${sql.table}
      WHERE ${isOld} AND (${after}::text IS NULL OR ${sql.key} > ${after}::${sql.keyType})
      ORDER BY ${sql.key} LIMIT ${batchSize}`;
    for (const row of rows) {
      if (signal.aborted) return { met, resealed, unopened };
      met += 1;
      after = row.rowId;
      const fresh = resealValue(column, row, options.box);
      if (!fresh.ok) {
        unopened.push({ column: nameColumn(column), rowId: row.rowId, keyId: fresh.keyId });
        continue;
      }
      // By compare-and-swap in a transaction for each row: no lock is held while waiting for
      // another.
      resealed += await db.$executeRaw`
        UPDATE ${sql.table} SET ${sql.value} = ${fresh.value}
        WHERE ${sql.key} = ${row.rowId}::${sql.keyType} AND ${sql.value} = ${row.value}`;
    }
    if (rows.length > 0) options.onBatch({ column: nameColumn(column), done: met, total });
    if (rows.length < batchSize) break;
  }
  return { met, resealed, unopened };
}

type Resealed = { ok: true; value: Uint8Array<ArrayBuffer> } | { ok: false; keyId: string | null };

function resealValue({ table, column }: SealedColumn, row: Row, box: SealedBox): Resealed {
  const context = { table, column, rowId: row.rowId };
  try {
    return { ok: true, value: box.seal(box.open(row.value, context), context) };
  } catch (error) {
    if (error instanceof UnknownKeyError) return { ok: false, keyId: error.keyId };
    if (error instanceof BrokenSealError) return { ok: false, keyId: null };
    throw error;
  }
}

import { type Database, Prisma } from "@gatehouse/prisma";
import { BrokenSealError, type SealedBox, UnknownKeyError } from "#crypto/sealed-box.ts";
import { nameColumn, type SealedColumn, sealedColumns, sqlFor } from "./sealed-columns.ts";

export interface ResealOptions {
  db: Database;
  /** Seals with the new key and opens with all. */
  box: SealedBox;
  /** The key that seals. */
  keyId: string;
  /** Rows per statement that reads; one result of a tool may be a megabyte. */
  batchSize?: number;
  /** Stops between two rows; what has been resealed stays so. */
  signal: AbortSignal;
  /** After every batch: values resealed in this column, of so many that there were. */
  onBatch(progress: { column: string; done: number; total: number }): void;
}

export interface ResealReport {
  /** False: it was stopped, or writers kept sealing with another key. */
  complete: boolean;
  resealed: number;
  /** Values that could not be opened and are as they were. */
  unopened: { column: string; rowId: string; keyId: string | null }[];
}

/** A pass meets again only what somebody sealed with another key meanwhile; more of them mean that somebody keeps doing so. */
const maxPasses = 5;

/**
 * Seals anew whatever another key has sealed, column by column, row by row. It may be killed at any point and run again: what is
 * left to do is read from the values themselves. A row is replaced only while it still holds the value that was opened, so that a
 * token written meanwhile is never lost; versions and times of the row stay.
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
      // By compare-and-swap, one row to a transaction: no lock is held while another is waited for.
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

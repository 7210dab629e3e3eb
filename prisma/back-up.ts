/**
 * A logical copy of the database, for the embedded server ships no `pg_dump`: every table through COPY, in one snapshot, while others
 * read and write. What it holds sealed stays sealed: no key is in it.
 */
import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { rename, rm } from "node:fs/promises";
import { pipeline } from "node:stream/promises";
import { createGzip } from "node:zlib";
import { Client, escapeIdentifier } from "pg";
import { to as copyTo } from "pg-copy-streams";
import { type BackUpTable, encodeFrame } from "./back-up-frames.ts";

/** What belongs to the running installation and not to its data: migrations are applied anew, and processes tell of themselves. */
const leftOut = ["_prisma_migrations", "Process", "RateLimit"];

/**
 * Writes the database into a new file that nobody else may read. It appears under its name once it is whole.
 * @returns how many tables and rows
 */
export async function writeBackUp(
  databaseUrl: string,
  file: string,
  signal?: AbortSignal,
): Promise<{ tables: number; rows: number }> {
  const unfinished = `${file}.new`;
  const client = new Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    await client.query("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
    const tables = await listTables(client);
    const count = { tables: tables.length, rows: 0 };
    await rm(unfinished, { force: true });
    const packed = createWriteStream(unfinished, { mode: 0o600, flags: "wx", flush: true });
    await pipeline(
      () => produceFrames(client, tables, (rows) => (count.rows += rows)),
      createGzip(),
      packed,
      { ...(signal && { signal }) },
    );
    await rename(unfinished, file);
    return count;
  } finally {
    await rm(unfinished, { force: true });
    await client.end();
  }
}

async function* produceFrames(
  client: Client,
  tables: BackUpTable[],
  onTable: (rows: number) => void,
): AsyncGenerator<Buffer, void> {
  const { rows: migrations } = await client.query<{ name: string }>(
    `select migration_name as name from _prisma_migrations
     where finished_at is not null and rolled_back_at is null order by 1`,
  );
  const { rows: times } = await client.query<{ now: Date }>("select clock_timestamp() as now");
  yield encodeFrame({
    kind: "header",
    header: {
      format: "gatehouse-back-up",
      version: 1,
      madeAt: (times[0]?.now ?? new Date()).toISOString(),
      migrations: migrations.map(({ name }) => name),
    },
  });
  for (const table of tables) {
    yield encodeFrame({ kind: "table", table });
    const rows = client.query(copyTo(`COPY ${nameTable(table)} TO STDOUT`));
    for await (const bytes of rows) yield encodeFrame({ kind: "rows", bytes });
    if (!rows.closed) await once(rows, "close");
    onTable(rows.rowCount);
    yield encodeFrame({ kind: "tableEnd" });
  }
  yield encodeFrame({ kind: "end" });
}

/** As COPY takes it. */
export function nameTable({ table, columns }: BackUpTable): string {
  return `${escapeIdentifier(table)} (${columns.map(escapeIdentifier).join(", ")})`;
}

/** Those that others refer to come first, so that they can be loaded in the same order. */
async function listTables(client: Client): Promise<BackUpTable[]> {
  const { rows } = await client.query<BackUpTable & { needs: string[] }>(
    `select c.relname::text as table,
       array(select a.attname::text from pg_attribute a where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
         and a.attgenerated = '' order by a.attnum) as columns,
       array(select f.relname::text from pg_constraint k join pg_class f on f.oid = k.confrelid
         where k.conrelid = c.oid and k.contype = 'f' and k.confrelid <> c.oid) as needs
     from pg_class c where c.relkind in ('r', 'p') and c.relnamespace = current_schema()::regnamespace
       and c.relname::text <> all ($1::text[]) order by 1`,
    [leftOut],
  );
  const sorted: BackUpTable[] = [];
  let waiting = rows;
  while (waiting.length > 0) {
    const ready = waiting.filter(({ needs }) =>
      needs.every((need) => sorted.some(({ table }) => table === need)),
    );
    if (ready.length === 0) throw new Error("tables refer to each other in a circle");
    sorted.push(...ready.map(({ table, columns }) => ({ table, columns })));
    waiting = waiting.filter((one) => !ready.includes(one));
  }
  return sorted;
}

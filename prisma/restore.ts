/** Loads a back-up into an empty database, and brings it to the migrations of this version. */
import { cpSync, createReadStream, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGunzip } from "node:zlib";
import { Client, escapeIdentifier } from "pg";
import { from as copyFrom } from "pg-copy-streams";
import { nameTable } from "./back-up.ts";
import { BackUpFileError, type BackUpHeader, type Frame, readFrames } from "./back-up-frames.ts";
import { applyMigrations } from "./migrate.ts";
import { listMigrations, MIGRATIONS_DIR } from "./schema-engine.ts";

type Frames = AsyncGenerator<Frame, void>;

/** What a file says of itself, before anything is done with it. Throws `BackUpFileError` when this version cannot restore it. */
export async function readBackUpHeader(file: string): Promise<BackUpHeader> {
  const frames = openFrames(file);
  const header = await takeHeader(frames);
  await frames.return();
  return header;
}

/**
 * Everything or nothing of the rows arrives. Every log begins a new epoch, for what was appended after the back-up is lost and its
 * numbers will be given out again.
 * @param databaseUrl of an empty database, without tables
 */
export async function loadBackUp(databaseUrl: string, file: string): Promise<void> {
  const frames = openFrames(file);
  const header = await takeHeader(frames);
  await applyMigrationsOf(header, databaseUrl);
  const client = new Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    await client.query("BEGIN");
    for await (const frame of frames) {
      if (frame.kind !== "table") continue;
      // What a migration has put there is in the back-up as well.
      await client.query(`DELETE FROM ${escapeIdentifier(frame.table.table)}`);
      const into = client.query(copyFrom(`COPY ${nameTable(frame.table)} FROM STDIN`));
      await pipeline(Readable.from(takeRows(frames), { objectMode: false }), into);
    }
    await client.query('UPDATE "Workspace" SET "eventEpoch" = gen_random_uuid()');
    await client.query("COMMIT");
    await client.query("ANALYZE");
  } finally {
    await client.end();
  }
  await applyMigrations(databaseUrl);
}

function openFrames(file: string): Frames {
  const packed = createReadStream(file);
  const unpacked = createGunzip();
  // A fault of either is told to whoever reads the frames.
  packed.on("error", (error) => unpacked.destroy(error));
  unpacked.on("close", () => packed.destroy());
  return readFrames(packed.pipe(unpacked));
}

async function takeHeader(frames: Frames): Promise<BackUpHeader> {
  const { value } = await frames.next();
  if (value?.kind !== "header") throw new BackUpFileError("The file is no back-up.");
  const ours = listMigrations(MIGRATIONS_DIR);
  if (!value.header.migrations.every((name, index) => ours[index] === name))
    throw new BackUpFileError(
      "The back-up was made by a newer version of Gatehouse: restore it with that.",
    );
  return value.header;
}

/** The rows of one table. By hand: leaving a `for` loop would end the frames themselves. */
async function* takeRows(frames: Frames): AsyncGenerator<Buffer, void> {
  for (;;) {
    const { value, done } = await frames.next();
    if (done || value.kind === "tableEnd") return;
    if (value.kind !== "rows") throw new BackUpFileError("The back-up is damaged.");
    yield value.bytes;
  }
}

/** The tables as they were when the back-up was made; what has changed since is done to its rows, as in any upgrade. */
async function applyMigrationsOf({ migrations }: BackUpHeader, databaseUrl: string): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "gatehouse-migrations-"));
  try {
    for (const name of ["migration_lock.toml", ...migrations])
      cpSync(join(MIGRATIONS_DIR, name), join(folder, name), { recursive: true });
    await applyMigrations(databaseUrl, { migrationsDir: folder });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

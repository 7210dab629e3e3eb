/** `pnpm restore FILE`: makes a back-up the database of this installation, beside the one that is there until it is whole. */
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { openDatabase } from "@gatehouse/prisma";
import { BackUpFileError, type BackUpHeader } from "@gatehouse/prisma/back-up-frames";
import { EmbeddedPostgresError } from "@gatehouse/prisma/embedded-postgres";
import { MigrationError } from "@gatehouse/prisma/migrate";
import { loadBackUp, readBackUpHeader } from "@gatehouse/prisma/restore";
import type { Config } from "#config/config.ts";
import { parseKeyring } from "#crypto/keyring.ts";
import { BrokenSealError, createSealedBox, UnknownKeyError } from "#crypto/sealed-box.ts";
import { checkCanary } from "#storage/key-canary.ts";
import { countKeyUses } from "#storage/key-uses.ts";
import { StartupError } from "#config/startup-error.ts";
import { openTarget } from "./restore-target.ts";

export interface RestoreOptions {
  config: Config;
  /** Where relative paths start. */
  folder: string;
  say(line: string): void;
  report(fault: string): void;
  signal: AbortSignal;
}

/** Returns the exit code; faults have been reported by then, and the database that was there is as it was. */
export async function runRestore(
  args: readonly string[],
  options: RestoreOptions,
): Promise<number> {
  const { say, report } = options;
  const names = args.filter((arg) => arg !== "--overwrite");
  const [name] = names;
  if (!name || name.startsWith("-") || names.length > 1) {
    report("Usage: pnpm restore FILE [--overwrite]");
    return 2;
  }
  const file = resolve(options.folder, name);
  try {
    const { madeAt } = await restore(file, names.length < args.length, options);
    say(`Restored the back-up of ${madeAt}. Cursors of before are CURSOR_INVALID from now on.`);
    return 0;
  } catch (error) {
    if (!isExpected(error)) throw error;
    report(error.message);
    return 1;
  }
}

async function restore(
  file: string,
  overwrites: boolean,
  { config, say, signal }: RestoreOptions,
): Promise<BackUpHeader> {
  if (!existsSync(file)) throw new StartupError(`There is no file ${file}.`);
  const header = await readBackUpHeader(file);
  await using target = await openTarget({ config, overwrites, say, signal });
  say("Loading the back-up...");
  await loadBackUp(target.url, file);
  await checkKeys(target.url, target.encryptionKeys);
  await target.accept();
  return header;
}

/** Before anybody uses it: whatever is sealed in it must open. Throws `StartupError`. */
async function checkKeys(databaseUrl: string, encryptionKeys: string): Promise<void> {
  const keyring = parseKeyring(encryptionKeys);
  const db = openDatabase(databaseUrl, 1);
  const remedy =
    "put the keys of the Gatehouse that made it in place (the file encryption-keys of its DATA_DIR, or its ENCRYPTION_KEYS), and restore again. Nothing was changed.";
  try {
    const uses = await countKeyUses(db);
    const needed = new Set(uses.map(({ keyId }) => keyId).filter((id) => id !== null));
    const missing = [...needed].filter((id) => !keyring.ids.includes(id));
    if (missing.length > 0)
      throw new StartupError(
        `The back-up is sealed with a key that is not here (${missing.join(", ")}): ${remedy}`,
      );
    await checkCanary(db, createSealedBox(keyring));
  } catch (error) {
    if (!(error instanceof BrokenSealError || error instanceof UnknownKeyError)) throw error;
    throw new StartupError(
      `The encryption keys here have the names of the back-up's, but are others: ${remedy}`,
    );
  } finally {
    await db.$disconnect();
  }
}

function isExpected(error: unknown): error is Error {
  return (
    error instanceof StartupError ||
    error instanceof BackUpFileError ||
    error instanceof MigrationError ||
    error instanceof EmbeddedPostgresError
  );
}

/** `pnpm backup FILE`: copies the database that is in use into a file, whether Gatehouse runs or not. */
import { existsSync, statSync } from "node:fs";
import { resolve } from "node:path";
import { writeBackUp } from "@gatehouse/prisma/back-up";
import type { Config } from "#config/config.ts";
import { openCommandDatabase } from "#keys/open-database.ts";
import { keyFileOf, secretFileOf } from "#config/secret-files.ts";
import { StartupError } from "#config/startup-error.ts";

export interface BackUpOptions {
  config: Config;
  /** Where relative paths start. */
  folder: string;
  say(line: string): void;
  report(fault: string): void;
  /** Ends the command; no file is left then. */
  signal: AbortSignal;
}

/** Returns the exit code; faults have been reported by then. */
export async function runBackUp(args: readonly string[], options: BackUpOptions): Promise<number> {
  const { config, say, report, signal } = options;
  const [name, ...rest] = args;
  if (!name || name.startsWith("-") || rest.length > 0) {
    report("Usage: pnpm backup FILE");
    return 2;
  }
  const file = resolve(options.folder, name);
  try {
    if (existsSync(file)) throw new StartupError(`${file} is there already: name another file.`);
    await using database = await openCommandDatabase(config, say, signal);
    const { tables, rows } = await writeBackUp(database.url, file, signal);
    say(`Wrote ${rows} rows of ${tables} tables to ${file} (${statSync(file).size} bytes).`);
    say(describeKeys(config));
    return 0;
  } catch (error) {
    if (signal.aborted) report("Stopped: nothing was written.");
    else if (error instanceof StartupError) report(error.message);
    else if (error instanceof Error && "syscall" in error)
      report(`${file} could not be written: ${error.message}.`);
    else throw error;
    return 1;
  }
}

function describeKeys({ encryptionKeys, dataDir }: Config): string {
  const where =
    encryptionKeys === null
      ? `${keyFileOf(dataDir)} and ${secretFileOf("authSecret", dataDir)}`
      : "ENCRYPTION_KEYS and AUTH_SECRET";
  return `It holds no keys. Keep ${where} in another place: without them what is sealed in it stays closed.`;
}

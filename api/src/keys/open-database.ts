/** The database for a command: the one that Gatehouse is using at this moment, or else our own, for as long as the command takes. */
import { setTimeout as pause } from "node:timers/promises";
import { probeDatabase } from "@gatehouse/prisma/database-url";
import { findRunningPostgres, hasCluster } from "@gatehouse/prisma/embedded-postgres";
import { migrationsAreApplied } from "@gatehouse/prisma/migrate";
import pg from "pg";
import type { Config } from "#config/config.ts";
import { DataDirHeld, openOwnDatabase } from "#process/database.ts";
import { keyFileOf, provideSecrets } from "#config/secret-files.ts";
import { StartupError } from "#config/startup-error.ts";
import { createEnvironmentSource, createFileSource, type KeySource } from "./key-source.ts";

export interface CommandDatabase extends AsyncDisposable {
  url: string;
  source: KeySource;
  /** `ours`: no Gatehouse can be running. `held`: one is. `shared`: any number, also none. */
  use: "ours" | "held" | "shared";
}

const attachTimeoutMs = 10_000;

/** Throws `StartupError`. */
export async function openCommandDatabase(
  config: Config,
  say: (line: string) => void,
  signal: AbortSignal,
): Promise<CommandDatabase> {
  const { dataDir, databaseUrl } = config;
  if (databaseUrl !== null) {
    const probe = await probeDatabase(databaseUrl);
    if (!probe.ok) throw new StartupError(probe.message);
    return attach(databaseUrl, config, "shared");
  }
  if (!hasCluster(dataDir)) {
    throw new StartupError(`There is no database in ${dataDir} yet. Start Gatehouse first.`);
  }
  try {
    const database = await openOwnDatabase(config, say, signal);
    return {
      url: database.url,
      source: chooseSource(config),
      use: "ours",
      [Symbol.asyncDispose]: () => database.close(),
    };
  } catch (error) {
    if (!(error instanceof DataDirHeld)) throw error;
    return attach(await findRunning(dataDir, signal), config, "held");
  }
}

/** Migrating is left to a start: processes of the version before may be running. */
async function attach(
  url: string,
  config: Config,
  use: "held" | "shared",
): Promise<CommandDatabase> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  const isCurrent = await migrationsAreApplied(client).catch(() => false);
  await client.end();
  if (!isCurrent) {
    throw new StartupError(
      "The database belongs to another version of Gatehouse. Start this version first.",
    );
  }
  return { url, source: chooseSource(config), use, [Symbol.asyncDispose]: async () => {} };
}

async function findRunning(dataDir: string, signal: AbortSignal): Promise<string> {
  const deadline = performance.now() + attachTimeoutMs;
  while (performance.now() < deadline && !signal.aborted) {
    const url = await findRunningPostgres(dataDir);
    if (url !== null) return url;
    await pause(100);
  }
  throw new StartupError(
    `Another process uses ${dataDir}, but its database does not answer. Try again when it is ready.`,
  );
}

function chooseSource({ encryptionKeys, authSecret, dataDir }: Config): KeySource {
  if (encryptionKeys !== null) return createEnvironmentSource(encryptionKeys);
  const { readEncryptionKeys } = provideSecrets({ encryptionKeys, authSecret }, dataDir, true);
  if (!readEncryptionKeys) throw new Error("there is no key file");
  return createFileSource(keyFileOf(dataDir), readEncryptionKeys);
}

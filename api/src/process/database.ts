/** The configured database with all migrations applied: an external server, or the embedded one. */
import { mkdirSync } from "node:fs";
import { type DataDirLock, describeHolder, takeDataDirLock } from "@gatehouse/prisma/data-dir-lock";
import { probeDatabase } from "@gatehouse/prisma/database-url";
import {
  EmbeddedPostgresError,
  hasCluster,
  startEmbeddedPostgres,
} from "@gatehouse/prisma/embedded-postgres";
import { applyMigrations, MigrationError } from "@gatehouse/prisma/migrate";
import type { Config } from "#config/config.ts";
import { provideSecrets, type Secrets } from "#config/secret-files.ts";
import { StartupError } from "#config/startup-error.ts";

export interface OwnDatabase {
  url: string;
  secrets: Secrets;
  /** Whether it is the embedded server, which no other process can be using. */
  isOurs: boolean;
  /**
   * Stores the URL of this process for a second process that is started with the same data folder.
   */
  announce(publicUrl: string): void;
  /** Resolves when the embedded server ends, also at shutdown; never for an external server. */
  ended: Promise<void>;
  /** Stops the embedded server, if used, and releases the data folder. */
  close(): Promise<void>;
}

type Say = (line: string) => void;

/** Another process is using the data folder and its database. */
export class DataDirHeld extends StartupError {}

/**
 * The signal aborts a slow start.
 * @throws StartupError if the database is not available; nothing is left running in that case
 */
export async function openOwnDatabase(
  config: Config,
  say: Say,
  signal: AbortSignal,
): Promise<OwnDatabase> {
  const database =
    config.databaseUrl === null
      ? await openEmbedded(config, say, signal)
      : await openGiven(config, config.databaseUrl);
  try {
    await applyMigrations(database.url, { say });
    return database;
  } catch (error) {
    await database.close();
    throw error instanceof MigrationError ? new StartupError(error.message) : error;
  }
}

async function openGiven(config: Config, url: string): Promise<OwnDatabase> {
  const probe = await probeDatabase(url);
  if (!probe.ok) throw new StartupError(probe.message);
  // With DATABASE_URL these variables are required.
  const { encryptionKeys, authSecret } = config;
  if (encryptionKeys === null || authSecret === null) {
    throw new StartupError("ENCRYPTION_KEYS and AUTH_SECRET are required with DATABASE_URL.");
  }
  return {
    url,
    secrets: { encryptionKeys, authSecret },
    isOurs: false,
    announce: () => {},
    ended: new Promise(() => {}),
    close: async () => {},
  };
}

async function openEmbedded(config: Config, say: Say, signal: AbortSignal): Promise<OwnDatabase> {
  const { dataDir } = config;
  const lock = lockDataDir(dataDir);
  try {
    const secrets = provideSecrets(config, dataDir, hasCluster(dataDir));
    const server = await startEmbeddedPostgres({ dataDir, say, signal });
    return {
      url: server.url,
      secrets,
      isOurs: true,
      announce: (url) => lock.announce(url),
      ended: server.ended,
      async close() {
        await server.stop();
        lock.release();
      },
    };
  } catch (error) {
    lock.release();
    throw error instanceof EmbeddedPostgresError ? new StartupError(error.message) : error;
  }
}

/** @throws DataDirHeld, or StartupError if the folder cannot be used */
export function lockDataDir(dataDir: string): DataDirLock {
  let answer: ReturnType<typeof takeDataDirLock>;
  try {
    // Other users may traverse it, as the user of the embedded server must if this process runs as
    // root. They cannot read the files in it.
    mkdirSync(dataDir, { recursive: true, mode: 0o711 });
    answer = takeDataDirLock(dataDir);
  } catch (error) {
    throw new StartupError(
      `Gatehouse cannot store its data in ${dataDir} (${error instanceof Error ? error.message : String(error)}). Set DATA_DIR to a folder that Gatehouse can write to.`,
    );
  }
  if (answer.kind === "held") throw new DataDirHeld(describeHolder(dataDir, answer.holder));
  return answer.lock;
}

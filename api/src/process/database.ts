/** The database that the configuration asks for, migrated: a server of the operator's, or the embedded one. */
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
  /** The embedded server, which nobody else can be using. */
  isOurs: boolean;
  /** Tells a second process on the same data folder where the first one is. */
  announce(publicUrl: string): void;
  /** Resolves when the embedded server ends, also when we end it; never for a server of the operator's. */
  ended: Promise<void>;
  /** Stops the embedded server, if it is one, and gives the data folder back. */
  close(): Promise<void>;
}

type Say = (line: string) => void;

/** Another process has the data folder, and its database with it. */
export class DataDirHeld extends StartupError {}

/** An abort ends a start that takes long. Throws `StartupError` when the database cannot be had; nothing is left running then. */
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
  // With DATABASE_URL the configuration is refused without them.
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

/** Throws `DataDirHeld`, or `StartupError` when the folder cannot be used. */
export function lockDataDir(dataDir: string): DataDirLock {
  let answer: ReturnType<typeof takeDataDirLock>;
  try {
    // Others may pass through it, as the embedded server's user must when we are root; what lies in it is closed to them.
    mkdirSync(dataDir, { recursive: true, mode: 0o711 });
    answer = takeDataDirLock(dataDir);
  } catch (error) {
    throw new StartupError(
      `Gatehouse cannot keep its data in ${dataDir} (${error instanceof Error ? error.message : String(error)}): set DATA_DIR to a folder that it may write to.`,
    );
  }
  if (answer.kind === "held") throw new DataDirHeld(describeHolder(dataDir, answer.holder));
  return answer.lock;
}

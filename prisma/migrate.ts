/**
 * Brings a database to the newest migration. Writes Prisma's own table, so that `prisma migrate deploy` can carry on elsewhere.
 *
 *     node prisma/migrate.ts new NAME    writes a migration with what schema.prisma asks for beyond the present ones
 *     node prisma/migrate.ts check       says what is missing, and fails if anything is
 */
import { PrismaPg } from "@prisma/adapter-pg";
import type { SqlDriverAdapter } from "@prisma/driver-adapter-utils";
import { Client, DatabaseError } from "pg";
import {
  listMigrations,
  MIGRATIONS_DIR,
  NO_FILTERS,
  openSchemaEngine,
  readMigrations,
} from "./schema-engine.ts";
import { runScriptsWhole } from "./whole-scripts.ts";

/** Any number that nobody else takes in this database; Prisma's own is 72707369. */
const MIGRATION_LOCK = 4_716_000_001;

/** `42P01`: no such table. */
const UNDEFINED_TABLE = "42P01";

/** The message is one sentence; the engine's own account is the cause. */
export class MigrationError extends Error {
  override readonly name = "MigrationError";
}

/**
 * Applies what is missing and returns its names, in order. Safe when several processes start at once: one applies, the others wait.
 * Throws `MigrationError` when one fails or had failed before; what was applied until then stays.
 */
export async function applyMigrations(
  databaseUrl: string,
  options: { say?: (line: string) => void; migrationsDir?: string } = {},
): Promise<string[]> {
  const { say = () => {}, migrationsDir = MIGRATIONS_DIR } = options;
  if (listMigrations(migrationsDir).length === 0) {
    throw new MigrationError(
      `There are no migrations in ${migrationsDir}: the checkout is incomplete.`,
    );
  }
  const client = new Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    // Without it, an unchanged start would load and compile five megabytes of WebAssembly for nothing.
    if (await isUpToDate(client, migrationsDir)) return [];
    await client.query("select pg_advisory_lock($1)", [MIGRATION_LOCK]);
    if (await isUpToDate(client, migrationsDir)) return [];
    say("Migrating the database...");
    await forgetInterrupted(client);
    return await runEngine(databaseUrl, migrationsDir);
  } finally {
    // Ends the session and with it the lock.
    await client.end();
  }
}

/** Whether every migration of this version has been applied. One statement; false also when nothing was ever applied. */
export async function migrationsAreApplied(
  client: { query(sql: string): Promise<{ rows: { migration_name: string }[] }> },
  migrationsDir: string = MIGRATIONS_DIR,
): Promise<boolean> {
  const { rows } = await client.query(
    "select migration_name from _prisma_migrations where finished_at is not null and rolled_back_at is null",
  );
  const applied = new Set(rows.map((row) => row.migration_name));
  return listMigrations(migrationsDir).every((name) => applied.has(name));
}

async function isUpToDate(client: Client, migrationsDir: string): Promise<boolean> {
  try {
    return await migrationsAreApplied(client, migrationsDir);
  } catch (error) {
    if (error instanceof DatabaseError && error.code === UNDEFINED_TABLE) return false;
    throw error;
  }
}

/**
 * A process that was killed while migrating leaves a migration begun, which would bar every later one. Nothing of it was applied (it
 * runs as one transaction), and nobody is at it (we hold the lock), so it may run again. One that failed has its error in `logs`.
 */
async function forgetInterrupted(client: Client): Promise<void> {
  const { rows } = await client.query("select to_regclass('_prisma_migrations') as found");
  if (rows[0]?.found === null) return;
  await client.query(
    `update _prisma_migrations set rolled_back_at = now()
     where finished_at is null and rolled_back_at is null and logs is null`,
  );
}

async function runEngine(databaseUrl: string, migrationsDir: string): Promise<string[]> {
  const adapters = new PrismaPg({ connectionString: databaseUrl, max: 1 });
  const opened: SqlDriverAdapter[] = [];
  const engine = await openSchemaEngine({
    provider: adapters.provider,
    adapterName: adapters.adapterName,
    connect: async () => {
      const adapter = await adapters.connect();
      opened.push(adapter);
      return runScriptsWhole(adapter, (script) => adapter.underlyingDriver().query(script));
    },
    connectToShadowDb: () => adapters.connectToShadowDb(),
  });
  try {
    const applied = await engine.applyMigrations({
      migrationsList: readMigrations(migrationsDir),
      filters: NO_FILTERS,
    });
    return applied.appliedMigrationNames;
  } catch (error) {
    throw new MigrationError(describeFailure(error), { cause: error });
  } finally {
    engine.free();
    // Its own lock goes with its connection, which would otherwise stay for the pool's ten idle seconds.
    await Promise.all(opened.map((adapter) => adapter.dispose()));
  }
}

/** The engine appends a trace of its own source. */
function describeFailure(error: unknown): string {
  const lines = error instanceof Error ? error.message.split("\n") : [String(error)];
  const name = /migration_name="([^"]+)"|The `([^`]+)` migration/.exec(lines.join("\n"));
  const reason = lines.find((line) => line.includes("ERROR:"))?.replace(/^.*ERROR: */, "");
  const migration = name?.[1] ?? name?.[2];
  if (reason !== undefined) return `The database could not be migrated: ${migration}: ${reason}.`;
  if (migration !== undefined) {
    return `The migration ${migration} failed earlier and bars all later ones: repair the database, then mark it with \`prisma migrate resolve\`.`;
  }
  return `The database could not be migrated: ${lines[0]}.`;
}

async function runCommand(command: string | undefined, name: string | undefined): Promise<number> {
  // Here alone: it needs development dependencies, and starting Gatehouse must not.
  const { checkDrift, createMigration } = await import("./new-migration.ts");
  if (command === "new" && name !== undefined) {
    const created = await createMigration(name);
    console.log(created === null ? "Nothing is missing." : `Wrote prisma/migrations/${created}.`);
    return 0;
  }
  if (command === "check") {
    const missing = await checkDrift();
    if (missing === null) return 0;
    console.error(`schema.prisma asks for what no migration gives:\n\n${missing}`);
    return 1;
  }
  console.error("Usage: node prisma/migrate.ts new NAME | check");
  return 2;
}

if (import.meta.main) process.exitCode = await runCommand(process.argv[2], process.argv[3]);

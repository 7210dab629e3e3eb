/** Prisma's schema engine as WebAssembly: migrations without its native binary, which only a download would bring. */
import { readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import {
  bindMigrationAwareSqlAdapterFactory,
  type SqlMigrationAwareDriverAdapterFactory,
} from "@prisma/driver-adapter-utils";
import * as bindings from "@prisma/schema-engine-wasm/schema_engine_bg";

type MigrationList = bindings.MigrationList;

export const SCHEMA_FILE = join(import.meta.dirname, "schema.prisma");
export const MIGRATIONS_DIR = join(import.meta.dirname, "migrations");

/** Nothing in the database is managed by others. */
export const NO_FILTERS: bindings.SchemaFilter = { externalTables: [], externalEnums: [] };

/** Only the browser's type library declares it. */
declare const WebAssembly: {
  instantiate(
    code: Uint8Array,
    imports: Record<string, Record<string, unknown>>,
  ): Promise<{ instance: { exports: { __wbindgen_start(): void } } }>;
};

let loading: Promise<void> | undefined;

/** Opens an engine on what the adapter connects to. Free it when done. */
export async function openSchemaEngine(
  adapterFactory: SqlMigrationAwareDriverAdapterFactory,
): Promise<bindings.SchemaEngine> {
  loading ??= loadWebAssembly();
  await loading;
  const datamodels: [string, string][] = [[SCHEMA_FILE, readFileSync(SCHEMA_FILE, "utf8")]];
  const adapter = bindMigrationAwareSqlAdapterFactory(adapterFactory);
  return await bindings.SchemaEngine.new({ datamodels }, () => {}, adapter);
}

/** The migrations of a folder as the engine takes them, in order. */
export function readMigrations(migrationsDir: string): MigrationList {
  const names = listMigrations(migrationsDir);
  return {
    baseDir: migrationsDir,
    lockfile: {
      path: "migration_lock.toml",
      content: readFileSync(join(migrationsDir, "migration_lock.toml"), "utf8"),
    },
    shadowDbInitScript: "",
    migrationDirectories: names.map((name) => ({
      path: name,
      migrationFile: {
        path: "migration.sql",
        content: {
          tag: "ok",
          value: readFileSync(join(migrationsDir, name, "migration.sql"), "utf8"),
        },
      },
    })),
  };
}

/** The names of the migrations in a folder, in the order in which they apply. */
export function listMigrations(migrationsDir: string): string[] {
  return readdirSync(migrationsDir, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    .toSorted();
}

async function loadWebAssembly(): Promise<void> {
  const entry = createRequire(import.meta.url).resolve("@prisma/schema-engine-wasm");
  const code = readFileSync(join(entry, "..", "schema_engine_bg.wasm"));
  const { instance } = await WebAssembly.instantiate(code, {
    "./schema_engine_bg.js": { ...bindings },
  });
  bindings.__wbg_set_wasm(instance.exports);
  instance.exports.__wbindgen_start();
}

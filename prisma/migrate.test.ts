import { randomBytes } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client } from "pg";
import { afterAll, beforeAll, expect, it, onTestFinished } from "vitest";
import { probeDatabase } from "./database-url.ts";
import { type EmbeddedPostgres, startEmbeddedPostgres } from "./embedded-postgres.ts";
import { applyMigrations, MigrationError, migrationsAreApplied } from "./migrate.ts";
import { checkDrift, createMigration } from "./new-migration.ts";
import { listMigrations, MIGRATIONS_DIR, SCHEMA_FILE } from "./schema-engine.ts";
import { makeFolder } from "./test-process.ts";

let server: EmbeddedPostgres;
let dataDir: string;

beforeAll(async () => {
  dataDir = mkdtempSync(join(tmpdir(), "gatehouse-test-"));
  server = await startEmbeddedPostgres({ dataDir, durability: "none" });
});
afterAll(async () => {
  await server.stop();
  rmSync(dataDir, { recursive: true, force: true });
});

/** A database of the test's own, and a connection to it. */
async function createDatabase(): Promise<{ url: string; client: Client }> {
  const name = `test_${randomBytes(6).toString("hex")}`;
  const admin = new Client({ connectionString: server.url });
  await admin.connect();
  await admin.query(`create database ${name}`);
  await admin.end();
  const url = new URL(server.url);
  url.pathname = `/${name}`;
  const client = new Client({ connectionString: url.href });
  await client.connect();
  onTestFinished(() => client.end());
  return { url: url.href, client };
}

function writeMigrations(migrations: Record<string, string>): string {
  const folder = makeFolder();
  writeFileSync(join(folder, "migration_lock.toml"), 'provider = "postgresql"\n');
  for (const [name, sql] of Object.entries(migrations)) {
    mkdirSync(join(folder, name));
    writeFileSync(join(folder, name, "migration.sql"), sql);
  }
  return folder;
}

async function exists(client: Client, table: string): Promise<boolean> {
  const { rows } = await client.query("select to_regclass($1) is not null as found", [table]);
  return rows[0].found;
}

it("applies what is missing, once", async () => {
  const { url, client } = await createDatabase();
  const applied = await applyMigrations(url);
  expect(applied).toEqual(listMigrations(MIGRATIONS_DIR));
  expect(await migrationsAreApplied(client)).toBe(true);
  expect(await applyMigrations(url)).toEqual([]);
});

it("lets one of two processes that start at once apply, and the other wait", async () => {
  const { url } = await createDatabase();
  const answers = await Promise.all([applyMigrations(url), applyMigrations(url)]);
  expect(answers.flat()).toEqual(listMigrations(MIGRATIONS_DIR));
});

it("runs a script as it stands, whatever its semicolons are part of", async () => {
  const { url, client } = await createDatabase();
  const migrationsDir = writeMigrations({
    "1_function": `create function answer() returns text language plpgsql as $$
      begin perform 1; return 'forty; two'; end $$;
      create table note (text text default 'a;b');`,
  });
  expect(await applyMigrations(url, { migrationsDir })).toEqual(["1_function"]);
  expect((await client.query("select answer() as answer")).rows).toEqual([
    { answer: "forty; two" },
  ]);
});

it("applies a migration entirely or not at all, and says in a sentence why not", async () => {
  const { url, client } = await createDatabase();
  const migrationsDir = writeMigrations({
    "1_good": "create table good (id int);",
    "2_bad": "create table half (id int); create tabble other (id int);",
  });
  const failing = applyMigrations(url, { migrationsDir });
  await expect(failing).rejects.toThrow(
    new MigrationError(
      'The database could not be migrated: 2_bad: syntax error at or near "tabble".',
    ),
  );
  expect([await exists(client, "good"), await exists(client, "half")]).toEqual([true, false]);
  expect(await migrationsAreApplied(client, migrationsDir)).toBe(false);
  await expect(applyMigrations(url, { migrationsDir })).rejects.toThrow(/2_bad failed earlier/);
});

it("does not take a folder without migrations for a database that needs none", async () => {
  const { url } = await createDatabase();
  const migrationsDir = writeMigrations({});
  await expect(applyMigrations(url, { migrationsDir })).rejects.toThrow(/^There are no migrations/);
});

it("goes on where a process was killed in the middle", async () => {
  const { url, client } = await createDatabase();
  const migrationsDir = writeMigrations({ "1_first": "create table first (id int);" });
  await applyMigrations(url, { migrationsDir });
  await client.query("drop table first");
  await client.query("update _prisma_migrations set finished_at = null, applied_steps_count = 0");
  expect(await applyMigrations(url, { migrationsDir })).toEqual(["1_first"]);
  expect(await exists(client, "first")).toBe(true);
});

it("sees what the schema asks for beyond the migrations", async () => {
  const schema = readFileSync(SCHEMA_FILE, "utf8");
  const changed = `${schema}\nmodel Planted {\n  id String @id\n}\n`;
  expect(await checkDrift({ schema: changed })).toContain('CREATE TABLE "Planted"');
});

it("writes a migration that gives the schema", async () => {
  const migrationsDir = join(makeFolder(), "migrations");
  const now = new Date("2026-01-02T03:04:05Z");
  expect(await createMigration("First Step", { migrationsDir, now })).toBe(
    "20260102030405_first_step",
  );
  expect(await createMigration("again", { migrationsDir, now })).toBeNull();
  const { url } = await createDatabase();
  expect(await applyMigrations(url, { migrationsDir })).toEqual(["20260102030405_first_step"]);
});

it.each<[string, (url: URL) => void, RegExp]>([
  ["a port where nothing listens", (url) => (url.port = "1"), /^Nothing listens at 127\.0\.0\.1:1/],
  ["an unknown host", (url) => (url.hostname = "db.invalid"), /^The host db\.invalid/],
  [
    "a wrong password",
    (url) => (url.password = "hunter2"),
    /refuses the user "gatehouse" or the password/,
  ],
  ["no password", (url) => (url.password = ""), /refuses the user "gatehouse" or the password/],
  ["a database that is not there", (url) => (url.pathname = "/nope"), /has no database "nope"/],
])("says in a sentence that DATABASE_URL names %s", async (_, change, expected) => {
  const url = new URL(server.url);
  change(url);
  const probe = await probeDatabase(url.href);
  expect(probe).toEqual({ ok: false, message: expect.stringMatching(expected) });
  expect(JSON.stringify(probe)).not.toContain("hunter2");
});

it("finds nothing wrong with a good DATABASE_URL", async () => {
  expect(await probeDatabase(server.url)).toEqual({ ok: true });
});

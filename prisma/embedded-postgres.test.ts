import {
  cpSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { Client } from "pg";
import { expect, it, onTestFinished } from "vitest";
import {
  type EmbeddedPostgres,
  EmbeddedPostgresError,
  type EmbeddedPostgresOptions,
  startEmbeddedPostgres,
} from "./embedded-postgres.ts";
import { chooseAccount } from "./postgres-account.ts";
import { findPackaged, provideBinaries } from "./postgres-binaries.ts";
import { readPostmasterFile } from "./postgres-process.ts";
import { makeFolder, startHolder } from "./test-process.ts";

const isRoot = process.getuid?.() === 0;

async function start(
  dataDir: string,
  options: Partial<EmbeddedPostgresOptions> = {},
): Promise<EmbeddedPostgres> {
  const server = await startEmbeddedPostgres({ dataDir, durability: "none", ...options });
  onTestFinished(() => server.stop());
  return server;
}

async function ask(url: string, sql: string): Promise<unknown> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    const { rows } = await client.query({ text: sql, rowMode: "array" });
    return rows[0]?.[0];
  } finally {
    await client.end();
  }
}

async function findFault(attempt: Promise<unknown>): Promise<EmbeddedPostgresError> {
  const error: unknown = await attempt.then(
    () => null,
    (reason: unknown) => reason,
  );
  if (!(error instanceof EmbeddedPostgresError)) throw new Error("no fault", { cause: error });
  return error;
}

it("starts on nothing, for this machine alone and behind a password", async () => {
  const dataDir = makeFolder();
  const server = await start(dataDir, { database: "acme notes" });
  expect(server.adopted).toBe(false);
  expect(await ask(server.url, "select current_database()")).toBe("acme notes");
  expect(await ask(server.url, "show server_encoding")).toBe("UTF8");
  expect(await ask(server.url, "show listen_addresses")).toBe("127.0.0.1");
  expect(await ask(server.url, "show unix_socket_directories")).toBe("");
  expect(statSync(join(dataDir, "postgres-password")).mode & 0o777).toBe(0o600);
  const wrong = new URL(server.url);
  wrong.password = "guess";
  await expect(ask(wrong.href, "select 1")).rejects.toMatchObject({ code: "28P01" });
});

it("finds its data at the second start", async () => {
  const dataDir = makeFolder();
  const first = await start(dataDir);
  await ask(first.url, "create table note (text text)");
  await ask(first.url, "insert into note values ('kept')");
  await first.stop();
  expect(readPostmasterFile(join(dataDir, "postgres"))).toBeNull();
  await first.ended;
  const second = await start(dataDir);
  expect(second.adopted).toBe(false);
  expect(await ask(second.url, "select text from note")).toBe("kept");
});

it.each([
  ["no LANG", {}],
  ["a LANG that is not installed", { LANG: "tlh_KX.UTF-8", LC_ALL: "tlh_KX.UTF-8" }],
])("stores any character with %s", async (_, env) => {
  const holder = await startHolder(makeFolder(), { server: true, env });
  const url = holder.said.url ?? "";
  expect(await ask(url, `select '{"a":"\\u00e9 \\u4e2d"}'::jsonb ->> 'a'`)).toBe("é 中");
  expect(await ask(url, "select upper('é')")).toBe("É");
});

it("takes over the server that a killed process left behind", async () => {
  const dataDir = makeFolder();
  const holder = await startHolder(dataDir, { server: true });
  await ask(holder.said.url ?? "", "create table note (text text)");
  await holder.kill();
  const server = await start(dataDir);
  expect(server.adopted).toBe(true);
  expect(server.url).toBe(holder.said.url);
  expect(await ask(server.url, "select count(*)::int from note")).toBe(0);
  const { pid = 0 } = readPostmasterFile(join(dataDir, "postgres")) ?? {};
  await server.stop();
  expect(pid).toBeGreaterThan(1);
  expect(readPostmasterFile(join(dataDir, "postgres"))).toBeNull();
  await expect(ask(server.url, "select 1")).rejects.toMatchObject({ code: "ECONNREFUSED" });
});

it("starts over when the server of a killed process is not to be talked to", async () => {
  const dataDir = makeFolder();
  const holder = await startHolder(dataDir, { server: true });
  await holder.kill();
  const { pid = 0 } = readPostmasterFile(join(dataDir, "postgres")) ?? {};
  // Frozen: it lives and listens, and never answers.
  process.kill(pid, "SIGSTOP");
  const server = await start(dataDir);
  expect(server.adopted).toBe(false);
  expect(await ask(server.url, "select 1")).toBe(1);
});

it("is not kept from starting by a process number that another program has by now", async () => {
  const dataDir = makeFolder();
  const first = await start(dataDir);
  const pidFile = join(dataDir, "postgres", "postmaster.pid");
  const lines = readFileSync(pidFile, "utf8").split("\n");
  await first.stop();
  writeFileSync(pidFile, [String(process.pid), ...lines.slice(1)].join("\n"), { mode: 0o600 });
  const second = await start(dataDir);
  expect(second.adopted).toBe(false);
  expect(await ask(second.url, "select 1")).toBe(1);
});

it("makes the database anew when making it was cut short", async () => {
  const dataDir = makeFolder();
  mkdirSync(join(dataDir, "postgres.new", "cluster"), { recursive: true });
  writeFileSync(join(dataDir, "postgres.new", "cluster", "PG_VERSION"), "18\n");
  const server = await start(dataDir);
  expect(await ask(server.url, "select 1")).toBe(1);
});

it("says in a sentence that the password is lost, or the database another version's", async () => {
  const dataDir = makeFolder();
  const server = await start(dataDir);
  await server.stop();
  const password = readFileSync(join(dataDir, "postgres-password"));
  rmSync(join(dataDir, "postgres-password"));
  const lost = await findFault(start(dataDir));
  expect(lost.code).toBe("CLUSTER_UNUSABLE");
  expect(lost.message).toMatch(/postgres-password is missing.*back-up\.$/);
  writeFileSync(join(dataDir, "postgres-password"), password, { mode: 0o600 });
  writeFileSync(join(dataDir, "postgres", "PG_VERSION"), "12\n");
  const old = await findFault(start(dataDir));
  expect(old.message).toMatch(/made by PostgreSQL 12 and this is PostgreSQL 18/);
});

it("says in a sentence why the server does not start", async () => {
  const dataDir = makeFolder();
  const server = await start(dataDir);
  await server.stop();
  writeFileSync(join(dataDir, "postgres", "postgresql.conf"), "no_such_setting = 1\n");
  const fault = await findFault(start(dataDir));
  expect(fault.code).toBe("START_FAILED");
  expect(fault.message).toMatch(/^PostgreSQL did not start: .*postgresql\.conf.*\.$/);
  expect(fault.message).not.toContain("\n");
});

it("copies binaries that lack their links to where they work", () => {
  const packaged = findPackaged();
  const folder = makeFolder();
  cpSync(join(packaged.folder, "native"), join(folder, "package", "native"), {
    recursive: true,
    verbatimSymlinks: true,
    filter: (source) => !lstatSync(source).isSymbolicLink(),
  });
  const copies = join(folder, "copies");
  const crippled = { folder: join(folder, "package"), version: packaged.version };
  const said: string[] = [];
  const account = chooseAccount(join(folder, "none"), join(folder, "none"));
  const provide = () => provideBinaries(account, copies, (line) => said.push(line), crippled);
  expect(provide().postgres.startsWith(copies)).toBe(true);
  provide();
  expect(said).toHaveLength(1);
});

it.runIf(isRoot)("does not run as root, and says which folder its user cannot enter", async () => {
  const outer = makeFolder();
  const server = await start(join(outer, "open"));
  expect(statSync(join(outer, "open", "postgres")).uid).not.toBe(0);
  await server.stop();
  mkdirSync(join(outer, "closed"), { mode: 0o700 });
  const fault = await findFault(start(join(outer, "closed", "data")));
  expect(fault.code).toBe("FOLDER_UNUSABLE");
  expect(fault.message).toContain(join(outer, "closed", "data"));
});

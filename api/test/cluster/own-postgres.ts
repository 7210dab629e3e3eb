import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type EmbeddedPostgres, startEmbeddedPostgres } from "@gatehouse/prisma/embedded-postgres";
import { applyMigrations } from "@gatehouse/prisma/migrate";
import pg from "pg";

/** A PostgreSQL of the test's own, which it may stop. */
export interface OwnPostgres extends AsyncDisposable {
  readonly url: string;
  stop(): Promise<void>;
  /** An immediate stop: nobody is told, and the next start recovers from the log. What was committed is kept. */
  crash(): Promise<void>;
  /** On the same data; answers its URL, which has another port. */
  start(): Promise<string>;
}

export async function startOwnPostgres(): Promise<OwnPostgres> {
  const dataDir = await mkdtemp(join(tmpdir(), "gatehouse-cluster-"));
  const run = () => startEmbeddedPostgres({ dataDir, durability: "none" });
  let server: EmbeddedPostgres = await run();
  await applyMigrations(server.url);
  await keepCommits(server.url);
  return {
    url: server.url,
    stop: () => server.stop(),
    async crash() {
      const file = await readFile(join(dataDir, "postgres", "postmaster.pid"), "utf8");
      process.kill(Number(file.split("\n")[0]), "SIGQUIT");
      await server.ended;
    },
    async start() {
      server = await run();
      return server.url;
    },
    async [Symbol.asyncDispose]() {
      await server.stop();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

/** Without it, a crash would take the last commits along, as no database that anybody relies on does. */
async function keepCommits(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  const name = pg.escapeIdentifier(new URL(url).pathname.slice(1));
  await client
    .query(`ALTER DATABASE ${name} SET synchronous_commit = on`)
    .finally(() => client.end());
}

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type EmbeddedPostgres, startEmbeddedPostgres } from "@gatehouse/prisma/embedded-postgres";
import { applyMigrations } from "@gatehouse/prisma/migrate";

/** A PostgreSQL of the test's own, which it may stop. */
export interface OwnPostgres extends AsyncDisposable {
  readonly url: string;
  stop(): Promise<void>;
  /** On the same data; answers its URL, which has another port. */
  start(): Promise<string>;
}

export async function startOwnPostgres(): Promise<OwnPostgres> {
  const dataDir = await mkdtemp(join(tmpdir(), "gatehouse-cluster-"));
  const run = () => startEmbeddedPostgres({ dataDir, durability: "none" });
  let server: EmbeddedPostgres = await run();
  await applyMigrations(server.url);
  return {
    url: server.url,
    stop: () => server.stop(),
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

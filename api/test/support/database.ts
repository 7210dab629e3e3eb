import { randomBytes } from "node:crypto";
import pg from "pg";
import { inject } from "vitest";

/** A database of the test's own on the suite's PostgreSQL, migrated unless told otherwise; dropped at the end. */
export async function createTestDatabase({ migrated = true } = {}): Promise<
  { url: string } & AsyncDisposable
> {
  const server = inject("postgresUrl");
  const name = `test_${randomBytes(6).toString("hex")}`;
  const url = new URL(server);
  url.pathname = `/${name}`;
  const original = migrated ? inject("migratedDatabase") : "template1";
  await runOnServer(server, `CREATE DATABASE ${name} TEMPLATE ${original}`);
  return {
    url: url.href,
    [Symbol.asyncDispose]: () => runOnServer(server, `DROP DATABASE ${name} WITH (FORCE)`),
  };
}

async function runOnServer(url: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query(statement).finally(() => client.end());
}

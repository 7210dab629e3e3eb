import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startEmbeddedPostgres } from "@gatehouse/prisma/embedded-postgres";
import { applyMigrations } from "@gatehouse/prisma/migrate";
import { createApp } from "#app.ts";
import { loadConfig } from "#config/config.ts";
import { generateKey } from "#crypto/keyring.ts";
import { findFreePort } from "../test/support/free-port.ts";

/** The suite's authorization servers know this metadata document and no other. */
const METADATA_DOCUMENT = "https://conformance-test.local/client-metadata.json";

export interface RunningGatehouse extends AsyncDisposable {
  url: string;
  /** Every line of the log so far. */
  log: string[];
}

/** A whole Gatehouse on loopback, with a database of its own that is gone afterwards. */
export async function startGatehouse(): Promise<RunningGatehouse> {
  await using resources = new AsyncDisposableStack();
  const dataDir = await mkdtemp(join(tmpdir(), "gatehouse-conformance-"));
  resources.defer(() => rm(dataDir, { recursive: true, force: true }));
  const postgres = await startEmbeddedPostgres({ dataDir, durability: "none" });
  resources.defer(() => postgres.stop());
  await applyMigrations(postgres.url);
  const answer = loadConfig(
    {
      PORT: String(await findFreePort()),
      SANDBOX: "off",
      LOG_LEVEL: "warn",
      CLIENT_METADATA_URL: METADATA_DOCUMENT,
    },
    { isRoot: false, checkoutDir: dataDir },
  );
  if (!answer.ok) throw new Error(answer.faults.join(" "));
  const log: string[] = [];
  const app = await createApp({
    config: answer.config,
    databaseUrl: postgres.url,
    secrets: {
      encryptionKeys: generateKey("conformance"),
      authSecret: randomBytes(32).toString("base64"),
    },
    log: (line) => log.push(line),
  });
  resources.defer(() => app.close());
  const { url } = await app.listen();
  const running = resources.move();
  return { url, log, [Symbol.asyncDispose]: () => running.disposeAsync() };
}

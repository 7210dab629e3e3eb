import { chmodSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openDatabase } from "@gatehouse/prisma";
import pg from "pg";
import { describe, expect, it } from "vitest";
import { generateKey, parseKeyring } from "#crypto/keyring.ts";
import { countKeyUses } from "#storage/key-uses.ts";
import { createTestDatabase } from "./support/database.ts";
import { findFreePort } from "./support/free-port.ts";
import { OwnProgram } from "./support/own-program.ts";
import { openExecutions, seedExecutions } from "./support/sealed-executions.ts";

const keys = (args: string[], env: Record<string, string>) =>
  new OwnProgram("api/commands/keys.ts", args, env);

async function runKeys(args: string[], env: Record<string, string>) {
  const run = keys(args, env);
  return { exitCode: await run.ended, output: run.output.trim() };
}

describe("pnpm keys with a database of the operator's", { timeout: 120_000 }, () => {
  async function setUp() {
    const resources = new AsyncDisposableStack();
    const { url } = resources.use(await createTestDatabase());
    const db = openDatabase(url, 2);
    resources.defer(() => db.$disconnect());
    const env = { DATABASE_URL: url, AUTH_SECRET: "a".repeat(32) };
    return { db, url, env, [Symbol.asyncDispose]: () => resources.disposeAsync() };
  }

  it("a reseal that is killed loses nothing and goes on where it was", async () => {
    await using world = await setUp();
    const { db, env } = world;
    const [k1, k2] = [generateKey("k1"), generateKey("k2")];
    const list = `${k2},${k1}`;
    const texts = (await seedExecutions(db, k1, 800)).map(({ text }) => text);
    const killed = keys(["reseal"], { ...env, ENCRYPTION_KEYS: list });
    await killed.says("ToolExecution.arguments: 50 of 800");
    killed.child.kill("SIGKILL");
    expect(await killed.ended).toBeNull();
    const counts = await countKeyUses(db);
    expect(new Set(counts.map(({ keyId }) => keyId))).toEqual(new Set(["k1", "k2"]));
    expect(await openExecutions(db, list)).toEqual(texts);

    const refused = await runKeys(["remove", "k1"], { ...env, ENCRYPTION_KEYS: list });
    expect(refused.exitCode).toBe(1);
    expect(refused.output).toMatch(/^The key k1 is needed by \d+ values .* Run keys reseal first/);

    const again = await runKeys(["reseal"], { ...env, ENCRYPTION_KEYS: list });
    expect(again.exitCode).toBe(0);
    const resealed = Number(/Resealed (\d+) values/.exec(again.output)?.[1]);
    expect(resealed).toBeGreaterThan(0);
    expect(resealed).toBeLessThan(800);
    expect(await openExecutions(db, k2)).toEqual(texts);
    const check = await runKeys(["check"], { ...env, ENCRYPTION_KEYS: list });
    expect(check.output).toContain("Nothing needs k1 any longer. The next step is keys remove.");
  });

  it("refuses while another command is at work, and what it does not know", async () => {
    await using world = await setUp();
    const env = { ...world.env, ENCRYPTION_KEYS: generateKey("k1") };
    const other = new pg.Client({ connectionString: world.url });
    await other.connect();
    await other.query("select pg_advisory_lock(4716000002)");
    expect(await runKeys(["add"], env)).toEqual({
      exitCode: 1,
      output: "Another command is changing the keys. Wait until it has finished.",
    });
    await other.end();
    expect(await runKeys(["rotate"], env)).toMatchObject({
      exitCode: 1,
      output: expect.stringMatching(/^ENCRYPTION_KEYS is set, .* Start with keys add/),
    });
    expect(await runKeys(["forget"], env)).toMatchObject({
      exitCode: 2,
      output: expect.stringMatching(/^Usage: pnpm keys /),
    });
  });
});

describe("pnpm keys with the embedded database", { timeout: 180_000 }, () => {
  it("rotates in one command, while Gatehouse runs and while it does not", async () => {
    const folder = mkdtempSync(join(tmpdir(), "gatehouse-keys-"));
    // Run by root, PostgreSQL runs as another user, who must get in.
    chmodSync(folder, 0o755);
    await using resources = new AsyncDisposableStack();
    resources.defer(() => rmSync(folder, { recursive: true, force: true }));
    const env = {
      PORT: String(await findFreePort()),
      SANDBOX: "off",
      LOG_LEVEL: "info",
      DATA_DIR: folder,
    };
    const readIds = () => parseKeyring(readFileSync(join(folder, "encryption-keys"), "utf8")).ids;
    const start = async () => {
      const run = new OwnProgram("api/src/main.ts", [], env);
      resources.defer(async () => {
        run.child.kill("SIGTERM");
        await run.ended;
      });
      await run.says("Gatehouse is ready at ");
      return run;
    };

    const early = await runKeys(["check"], env);
    expect(early).toMatchObject({
      exitCode: 1,
      output: expect.stringContaining("yet. Start Gatehouse first"),
    });

    const gatehouse = await start();
    const online = await runKeys(["rotate"], env);
    expect(online).toMatchObject({ exitCode: 0 });
    const [first = "", ...others] = readIds();
    expect(others).toEqual([]);
    expect(first).toMatch(/^k\d{8}$/);
    expect(online.output).toContain(`Removed the key k1.`);
    await gatehouse.says(`"keyIds":["${first}"],"msg":"the encryption keys have changed"`);
    const ready = await fetch(`http://localhost:${env.PORT}/readyz`);
    expect(ready.status).toBe(200);
    gatehouse.child.kill("SIGTERM");
    expect(await gatehouse.ended).toBe(0);

    const offline = await runKeys(["rotate"], env);
    expect(offline).toMatchObject({ exitCode: 0 });
    expect(readIds()).toEqual([`${first}-2`]);
    const check = await runKeys(["check"], env);
    expect(check).toMatchObject({ exitCode: 0 });
    expect(check.output).toMatch(/No process is running\.\nNo further step is needed\.$/);
    await start();
  });
});

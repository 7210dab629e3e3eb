import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { expect, it } from "vitest";
import { generateKey } from "#crypto/keyring.ts";
import { startSandbox } from "#sandbox/sandbox.ts";
import { connect, createServer, executeTool, readStatus, signUp } from "./support/client.ts";
import { createTestDatabase } from "./support/database.ts";
import { findFreePort } from "./support/free-port.ts";
import { OwnProgram } from "./support/own-program.ts";

async function run(command: string, args: string[], env: Record<string, string>) {
  const program = new OwnProgram(`api/commands/${command}.ts`, args, env);
  return { exitCode: await program.ended, output: program.output.trim() };
}

it(
  "a back-up made under way is restored on another machine, where everything goes on with the keys, and nothing happens without",
  { timeout: 240_000 },
  async () => {
    await using resources = new AsyncDisposableStack();
    const outer = mkdtempSync(join(tmpdir(), "gatehouse-back-up-"));
    // Run by root, PostgreSQL runs as another user, who must get in.
    chmodSync(outer, 0o755);
    resources.defer(() => rmSync(outer, { recursive: true, force: true }));
    const sandbox = resources.use(await startSandbox({ port: 0 }));
    const port = String(await findFreePort());
    const folders = { old: join(outer, "old"), new: join(outer, "new") };
    const envOf = (dataDir: string) => ({ PORT: port, SANDBOX: "off", DATA_DIR: dataDir });
    const start = async (dataDir: string) => {
      const program = new OwnProgram("api/src/main.ts", [], envOf(dataDir));
      const stop = async () => {
        program.child.kill("SIGTERM");
        return program.ended;
      };
      resources.defer(async () => void (await stop()));
      await program.says("Gatehouse is ready at ");
      return stop;
    };

    const stopOld = await start(folders.old);
    const ada = await signUp(`http://localhost:${port}`, "Ada");
    const serverId = await createServer(ada, sandbox.notesUrl, { name: "Notes" });
    await connect(ada, serverId);
    const readCursor = async (): Promise<string> => {
      const question = "query ($id: ID!) { node(id: $id) { ... on Workspace { eventCursor } } }";
      return (await ada.query(question, { id: ada.workspaceId })).node.eventCursor;
    };
    await executeTool(ada, serverId, "list_notes");
    const oldCursor = await readCursor();

    const file = join(outer, "gatehouse.backup");
    const made = await run("backup", [file], envOf(folders.old));
    expect(made, made.output).toMatchObject({ exitCode: 0 });
    expect(made.output).toMatch(/Wrote \d+ rows of \d+ tables to .*\nIt holds no keys\. Keep /);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const [, key = ""] = readFileSync(join(folders.old, "encryption-keys"), "utf8")
      .trim()
      .split(":");
    const plain = gunzipSync(readFileSync(file)).toString("latin1");
    expect(plain).toContain(sandbox.notesUrl);
    expect(plain).not.toContain(key);
    expect(plain).not.toContain(Buffer.from(key, "base64").toString("hex"));
    expect(await run("backup", [file], envOf(folders.old))).toMatchObject({
      exitCode: 1,
      output: expect.stringMatching(/is there already/),
    });
    expect(await stopOld()).toBe(0);

    mkdirSync(folders.new, { mode: 0o755 });
    const restore = (...args: string[]) => run("restore", [file, ...args], envOf(folders.new));
    expect(await restore()).toMatchObject({
      exitCode: 1,
      output: expect.stringMatching(
        /^The key file .*\/new\/encryption-keys is missing\. Restore it/,
      ),
    });
    const put = (name: string) => copyFileSync(join(folders.old, name), join(folders.new, name));
    put("auth-secret");
    const keyFile = join(folders.new, "encryption-keys");
    writeFileSync(keyFile, generateKey("k9"), { mode: 0o600 });
    expect((await restore()).output).toMatch(
      /The back-up is sealed with a key that is not here \(k1\): put the keys .* Nothing was changed\.$/,
    );
    writeFileSync(keyFile, generateKey("k1"), { mode: 0o600 });
    expect((await restore()).output).toMatch(
      /have the names of the back-up's, but are others: put /,
    );
    put("encryption-keys");
    const restored = await restore();
    expect(restored, restored.output).toMatchObject({ exitCode: 0 });

    const stopNew = await start(folders.new);
    expect(await readStatus(ada, serverId)).toMatchObject({ state: "CONNECTED" });
    // Both sealed tokens are good: the second costs a refresh, and nobody signs in.
    for (const expected of [0, 1]) {
      expect(await executeTool(ada, serverId, "list_notes")).toMatchObject({
        __typename: "ToolExecuted",
        execution: { status: "SUCCEEDED" },
      });
      expect(sandbox.traffic.countTokenRequests(), "the first was the consent's").toBe(
        1 + expected,
      );
      sandbox.expireAccessTokens();
    }
    const subscribe = (after: string) =>
      ada.subscribe(
        "subscription ($id: ID!, $after: String) { workspaceEvents(workspaceId: $id, after: $after) { type cursor } }",
        { id: ada.workspaceId, after },
      );
    await using stale = subscribe(oldCursor);
    expect((await stale.next()).value.errors[0].extensions).toMatchObject({
      code: "CURSOR_INVALID",
    });
    await using events = subscribe(await readCursor());
    const next = events.next();
    await createServer(ada, sandbox.weatherUrl);
    expect((await next).value.data.workspaceEvents).toMatchObject({ type: "SERVER_CREATED" });

    expect((await restore("--overwrite")).output).toMatch(/^Gatehouse is already running on /);
    expect(await stopNew()).toBe(0);
    expect((await restore()).output).toMatch(/is not empty: .* say --overwrite/);
    const cut = join(outer, "cut.backup");
    writeFileSync(cut, readFileSync(file).subarray(0, statSync(file).size / 2));
    expect(await run("restore", [cut, "--overwrite"], envOf(folders.new))).toMatchObject({
      exitCode: 1,
      output: expect.stringMatching(/cut short or damaged/),
    });
    const again = await restore("--overwrite");
    expect(again, again.output).toMatchObject({ exitCode: 0 });

    // The same file also moves an installation to a database of one's own.
    const given = resources.use(await createTestDatabase({ migrated: false }));
    const env = {
      DATABASE_URL: given.url,
      ENCRYPTION_KEYS: readFileSync(keyFile, "utf8").trim(),
      AUTH_SECRET: readFileSync(join(folders.new, "auth-secret"), "utf8").trim(),
      PORT: port,
    };
    const moved = await run("restore", [file], env);
    expect(moved, moved.output).toMatchObject({ exitCode: 0 });
    expect(await run("restore", [file], env)).toMatchObject({
      exitCode: 1,
      output: expect.stringMatching(/has tables already/),
    });
  },
);

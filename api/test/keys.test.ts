import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Database, openDatabase } from "@gatehouse/prisma";
import { describe, expect, it } from "vitest";
import { generateKey, parseKeyring } from "#crypto/keyring.ts";
import { createSealedBox } from "#crypto/sealed-box.ts";
import { createKeyCommands, type KeyCommandsDeps } from "#keys/key-commands.ts";
import { createFileSource, type KeySource } from "#keys/key-source.ts";
import { writeSecretFile } from "#config/secret-files.ts";
import { countKeyUses } from "#storage/key-uses.ts";
import { createProcessStore } from "#storage/processes.ts";
import { resealAll } from "#storage/reseal.ts";
import { connect, createServer, executeTool, readStatus, rowIdOf } from "./support/client.ts";
import { createTestDatabase } from "./support/database.ts";
import { startGatehouse } from "./support/gatehouse.ts";
import { openExecutions, seedExecutions } from "./support/sealed-executions.ts";

/** A Gatehouse whose keys stand in a file, as they do without ENCRYPTION_KEYS, and the commands on it. */
async function setUp(more: Partial<KeyCommandsDeps> = {}) {
  const resources = new AsyncDisposableStack();
  const folder = mkdtempSync(join(tmpdir(), "gatehouse-keys-"));
  resources.defer(() => rmSync(folder, { recursive: true }));
  const path = join(folder, "encryption-keys");
  writeSecretFile(path, generateKey("k1"));
  const source = createFileSource(path, () => readFileSync(path, "utf8").trim());
  const gatehouse = resources.use(
    await startGatehouse({
      secrets: { encryptionKeys: source.read(), readEncryptionKeys: source.read },
    }),
  );
  const said: string[] = [];
  const commands = createKeyCommands({
    ...commandDeps(gatehouse.db, source),
    say: (line) => said.push(line),
    ...more,
  });
  return {
    gatehouse,
    db: gatehouse.db,
    commands,
    source,
    path,
    said,
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
}

function commandDeps(db: Database, source: KeySource): KeyCommandsDeps {
  return {
    db,
    source,
    isAlone: false,
    say: () => {},
    wakeProcesses: async () => {
      await db.$executeRaw`SELECT pg_notify('gatehouse', 'keys')`;
    },
    signal: new AbortController().signal,
    now: () => new Date("2026-11-23T12:00:00Z"),
    settleMs: 500,
    batchSize: 3,
  };
}

const readUsedKeys = async (db: Database) =>
  new Set((await countKeyUses(db)).map(({ keyId }) => keyId));
const readProcessKeys = async (db: Database) =>
  (await db.process.findMany()).map(({ keyIds }) => keyIds);

describe("a rotation while two processes serve", { timeout: 90_000 }, () => {
  it("fails no reader, loses no token that is written meanwhile, and asks nobody to sign in again", async () => {
    await using world = await setUp();
    const { gatehouse, db } = world;
    const ada = await gatehouse.signUp("Ada");
    const elsewhere = ada.at(await gatehouse.addProcess());
    const serverId = await createServer(ada, gatehouse.sandbox.notesUrl);
    const headers = [{ name: "X-Key", value: "of the headers" }];
    await createServer(ada, gatehouse.sandbox.weatherUrl, { authType: "HEADERS", headers });
    await connect(ada, serverId);
    for (let i = 0; i < 10; i += 1) await executeTool(ada, serverId, "list_notes");
    gatehouse.sandbox.traffic.reset();

    const rotating = new AbortController();
    const answers: string[] = [];
    const read = async (user: typeof ada) => {
      while (!rotating.signal.aborted)
        answers.push((await executeTool(user, serverId, "list_notes")).__typename);
    };
    const write = async () => {
      while (!rotating.signal.aborted) {
        await db.oAuthGrant.updateMany({ data: { accessTokenExpiresAt: new Date(0) } });
        answers.push((await executeTool(ada, serverId, "list_notes")).__typename);
      }
    };
    const loops = Promise.all([read(ada), read(elsewhere), write()]);
    expect(await world.commands.rotate()).toEqual({ ok: true });
    rotating.abort();
    await loops;

    expect(new Set(answers)).toEqual(new Set(["ToolExecuted"]));
    expect(gatehouse.sandbox.traffic.countTokenRequests("refresh_token")).toBeGreaterThan(1);
    expect(await readUsedKeys(db)).toEqual(new Set(["k20261123"]));
    expect(parseKeyring(world.source.read()).ids).toEqual(["k20261123"]);
    expect(statSync(world.path).mode & 0o777).toBe(0o600);
    await expect
      .poll(() => readProcessKeys(db), { timeout: 10_000 })
      .toEqual([["k20261123"], ["k20261123"]]);
    const box = createSealedBox(parseKeyring(world.source.read()));
    const grant = await db.oAuthGrant.findFirstOrThrow();
    for (const column of ["accessToken", "refreshToken"] as const)
      box.open(grant[column] ?? new Uint8Array(), { table: "OAuthGrant", column, rowId: grant.id });
    // The authorization server ends a grant whose old refresh token comes back: the newest is the one that was kept.
    gatehouse.sandbox.expireAccessTokens();
    expect(await executeTool(elsewhere, serverId, "list_notes")).toMatchObject({
      __typename: "ToolExecuted",
    });
    expect(await readStatus(ada, serverId)).toMatchObject({ state: "CONNECTED", reason: null });
    expect(gatehouse.log.join("\n")).not.toMatch(/UnknownKeyError|BrokenSealError/);
  });

  it("step by step, each refuses before its turn, and processes follow without a word to them", async () => {
    // The wake-up is lost: the poll finds the change.
    await using world = await setUp({ wakeProcesses: async () => {} });
    const { commands, db, said } = world;
    expect(await commands.promote()).toMatchObject({ code: "NO_NEW_KEY" });
    expect(await commands.remove("k1")).toMatchObject({ code: "KEY_SEALS" });
    expect(await commands.add()).toEqual({ ok: true });
    expect(await commands.add()).toMatchObject({ code: "KEY_PENDING" });
    expect(await commands.reseal()).toMatchObject({ code: "NOT_PROMOTED" });
    expect(await commands.promote()).toEqual({ ok: true });
    expect(await commands.add()).toMatchObject({ code: "ROTATION_UNFINISHED" });
    expect(await commands.remove("k1")).toMatchObject({
      code: expect.stringMatching(/^KEY_(SEALS|IN_USE)$/),
    });
    expect(await commands.reseal()).toEqual({ ok: true });
    expect(await readProcessKeys(db)).toEqual([["k20261123", "k1"]]);
    expect(await commands.promote()).toMatchObject({ code: "NO_NEW_KEY" });
    expect(await commands.check()).toEqual({ ok: true });
    expect(said.at(-1)).toBe("Nothing needs k1 any longer. The next step is keys remove.");
    expect(await commands.remove("k1")).toEqual({ ok: true });
    await expect.poll(() => readProcessKeys(db), { timeout: 10_000 }).toEqual([["k20261123"]]);
    expect(await commands.check()).toEqual({ ok: true });
    expect(said.at(-1)).toBe("No further step is needed.");
  });

  it("a process that does not read the new key is named, and nothing changes", async () => {
    await using world = await setUp({ patienceMs: 0 });
    const id = "0199aaaa-0000-7000-8000-0000deadbeef";
    await world.db.process.create({
      data: { id, publicUrl: world.gatehouse.url, keyIds: ["k1"] },
    });
    await world.commands.add();
    const before = world.source.read();
    const refused = await world.commands.promote();
    expect(refused).toMatchObject({ code: "NOT_KNOWN_EVERYWHERE" });
    expect(world.source.read()).toBe(before);
  });

  it("an old key stays when a value that it sealed arrives late", async () => {
    await using world = await setUp();
    const { db, source } = world;
    for (const step of ["add", "promote", "reseal"] as const)
      expect(await world.commands[step]()).toEqual({ ok: true });
    const old = source.read().split(",")[1] ?? "";
    const late: Promise<unknown>[] = [];
    const watched = new Proxy(db, {
      get(target, name) {
        // Read after the values have been counted for the first time.
        if (name === "setting" && late.length === 0) late.push(seedExecutions(target, old, 1));
        return Reflect.get(target, name);
      },
    });
    const commands = createKeyCommands(commandDeps(watched, source));
    expect(await commands.remove("k1")).toMatchObject({ code: "KEY_IN_USE" });
    expect(parseKeyring(source.read()).ids).toEqual(["k20261123", "k1"]);
    await Promise.all(late);
  });

  it("an old key stays when a value that it sealed waits in a long transaction", async () => {
    await using world = await setUp();
    const { db, source } = world;
    for (const step of ["add", "promote", "reseal"] as const)
      expect(await world.commands[step]()).toEqual({ ok: true });
    const old = source.read().split(",")[1] ?? "";
    const written = Promise.withResolvers<void>();
    const ended = Promise.withResolvers<void>();
    const writing = db.$transaction(
      async (tx) => {
        await seedExecutions(tx, old, 1);
        written.resolve();
        await ended.promise;
      },
      { timeout: 60_000 },
    );
    await written.promise;
    const commands = createKeyCommands({
      ...commandDeps(db, source),
      say: (line) => line.startsWith("Waiting") && ended.resolve(),
    });
    const removed = await commands.remove("k1");
    ended.resolve();
    await writing;
    expect(removed).toMatchObject({ code: "KEY_IN_USE" });
    expect(parseKeyring(source.read()).ids).toEqual(["k20261123", "k1"]);
  });

  it("takes no list that does not open what is stored", async () => {
    await using world = await setUp();
    const { gatehouse, db, source } = world;
    if (source.kind !== "file") throw new Error("no file");
    source.write(generateKey("stranger"));
    await db.$executeRaw`SELECT pg_notify('gatehouse', 'keys')`;
    await expect
      .poll(() => gatehouse.log.filter((line) => line.includes("those before stay")).length, {
        timeout: 10_000,
      })
      .toBe(1);
    expect(await readProcessKeys(db)).toEqual([["k1"]]);
    const ada = await gatehouse.signUp("Ada");
    const headers = [{ name: "X-Key", value: "of the headers" }];
    await createServer(ada, gatehouse.sandbox.notesUrl, { authType: "HEADERS", headers });
    expect(await readUsedKeys(db)).toEqual(new Set(["k1"]));
  });
});

describe("keys in the environment", () => {
  it("says exactly what to set, waits for every process, and shows no key but the new one", async () => {
    await using database = await createTestDatabase();
    await using resources = new AsyncDisposableStack();
    const db = openDatabase(database.url, 2);
    resources.defer(() => db.$disconnect());
    const process = { id: "0199aaaa-0000-7000-8000-000000000001", publicUrl: "https://a.example" };
    await createProcessStore(db).register({ ...process, keyIds: ["k1"] }, false);
    const said: string[] = [];
    let list = generateKey("k1");
    const source: KeySource = { kind: "environment", read: () => list };
    const commands = createKeyCommands({
      ...commandDeps(db, source),
      say: (line) => said.push(line),
    });
    expect(await commands.rotate()).toMatchObject({ code: "NOT_HERE" });
    expect(await commands.add()).toEqual({ ok: true });
    const entry = said.at(-1)?.trim() ?? "";
    expect(entry).toMatch(/^,k20261123:\S{44}$/);
    list += entry;
    expect(await commands.promote()).toMatchObject({ code: "NOT_KNOWN_EVERYWHERE" });
    await createProcessStore(db).beat({ ...process, keyIds: ["k1", "k20261123"] });
    expect(await commands.promote()).toEqual({ ok: true });
    expect(said.at(-1)).toContain("the order is k20261123, k1");
    expect(said.filter((line) => /[\w+/]{43}=/.test(line))).toHaveLength(1);
  });
});

describe("reseal", { timeout: 60_000 }, () => {
  const [k1, k2] = [generateKey("k1"), generateKey("k2")];
  const list = `${k2},${k1}`;

  it("goes on where it was stopped, after any batch, and every value opens all the while", async () => {
    await using gatehouse = await startGatehouse({ secrets: { encryptionKeys: k1 } });
    const { db } = gatehouse;
    const seeded = await seedExecutions(db, k1, 20);
    const texts = seeded.map(({ text }) => text);
    const box = createSealedBox(parseKeyring(list));
    const done: number[] = [];
    for (let batches = 1; ; batches += 1) {
      const stop = new AbortController();
      let left = batches;
      const report = await resealAll({
        db,
        box,
        keyId: "k2",
        batchSize: 2,
        signal: stop.signal,
        onBatch: () => {
          left -= 1;
          if (left === 0) stop.abort();
        },
      });
      done.push(report.resealed);
      expect(await openExecutions(db, list)).toEqual(texts);
      if (report.complete) break;
      expect((await readUsedKeys(db)).has("k1")).toBe(true);
    }
    // 20 executions and the canary, each once.
    expect(done.reduce((sum, count) => sum + count, 0)).toBe(21);
    expect(done.length).toBeGreaterThan(3);
    expect(await readUsedKeys(db)).toEqual(new Set(["k2"]));
  });

  it("never overwrites a value that was written between its reading and its turn", async () => {
    await using gatehouse = await startGatehouse({ secrets: { encryptionKeys: k1 } });
    const { db } = gatehouse;
    const [row] = await seedExecutions(db, k1, 1);
    const id = row?.id ?? "";
    const context = { table: "ToolExecution", column: "arguments", rowId: id };
    const newer = createSealedBox(parseKeyring(`${k1},${k2}`)).seal("newer", context);
    let races = 0;
    const racing = new Proxy(db, {
      get(target, name) {
        const value: unknown = Reflect.get(target, name);
        if (name !== "$executeRaw" || typeof value !== "function") return value;
        return async (...statement: unknown[]) => {
          if (races === 0)
            await target.toolExecution.update({ where: { id }, data: { arguments: newer } });
          races += 1;
          return (await value.apply(target, statement)) as unknown;
        };
      },
    });
    const report = await resealAll({
      db: racing,
      box: createSealedBox(parseKeyring(list)),
      keyId: "k2",
      signal: new AbortController().signal,
      onBatch: () => {},
    });
    // What was written with the old key is met again, and resealed at the second pass.
    expect(report).toEqual({ complete: true, resealed: 2, unopened: [] });
    expect(await openExecutions(db, list)).toEqual(["newer"]);
    expect(await readUsedKeys(db)).toEqual(new Set(["k2"]));
  });

  it("touches nothing of a row but the sealed value", async () => {
    await using world = await setUp();
    const { gatehouse, db, commands } = world;
    const ada = await gatehouse.signUp("Ada");
    const serverId = await createServer(ada, gatehouse.sandbox.notesUrl);
    await connect(ada, serverId);
    await expect
      .poll(() => db.toolCatalog.count({ where: { serverId: rowIdOf(serverId) } }), {
        timeout: 10_000,
      })
      .toBe(1);
    const read = async () => {
      const { accessToken, refreshToken, ...rest } = await db.oAuthGrant.findFirstOrThrow();
      return { accessToken, refreshToken, rest };
    };
    const before = await read();
    expect(await commands.rotate()).toEqual({ ok: true });
    const after = await read();
    expect(after.rest).toEqual(before.rest);
    expect(after.accessToken).not.toEqual(before.accessToken);
    expect(after.refreshToken).not.toEqual(before.refreshToken);
  });

  it("R14 a missing key is named, harms nothing, and stops no other reader", async () => {
    await using world = await setUp();
    const { gatehouse, db, commands } = world;
    const ada = await gatehouse.signUp("Ada");
    const [lost, fine] = await Promise.all([
      createServer(ada, gatehouse.sandbox.notesUrl),
      createServer(ada, gatehouse.sandbox.notesUrl),
    ]);
    for (const id of [lost, fine]) await connect(ada, id);
    const where = { serverId: rowIdOf(lost) };
    const grant = await db.oAuthGrant.findFirstOrThrow({ where });
    const context = { table: "OAuthGrant", column: "accessToken", rowId: grant.id };
    const sealed = createSealedBox(parseKeyring(generateKey("lost-key"))).seal("token", context);
    await db.oAuthGrant.update({ where: { id: grant.id }, data: { accessToken: sealed } });

    const { errors } = await ada.graphql(
      'mutation ($id: ID!) { executeTool(input: { serverId: $id, toolName: "list_notes" }) { __typename } }',
      { id: lost },
    );
    expect(errors).toMatchObject([
      {
        message: expect.not.stringContaining("lost-key"),
        extensions: { code: "INTERNAL_SERVER_ERROR" },
      },
    ]);
    expect(gatehouse.log.some((line) => line.includes("lost-key"))).toBe(true);
    expect(await executeTool(ada, fine, "list_notes")).toMatchObject({
      __typename: "ToolExecuted",
    });
    expect(await readStatus(ada, lost)).toMatchObject({ state: "CONNECTED" });

    expect(await commands.check()).toMatchObject({
      message: expect.stringMatching(/key lost-key is missing but needed by 1 value/),
    });
    const list = world.source.read();
    const steps = ["add", "promote", "reseal", "rotate"] as const;
    const verdicts = [...steps.map((step) => commands[step]()), commands.remove("k1")];
    for (const verdict of await Promise.all(verdicts))
      expect(verdict).toMatchObject({
        code: "KEY_MISSING",
        message: expect.stringMatching(/^The key lost-key is missing but .*\. Restore it\.$/),
      });
    expect(world.source.read()).toBe(list);
    expect(await readUsedKeys(db)).toEqual(new Set(["k1", "lost-key"]));
    const after = await db.oAuthGrant.findFirstOrThrow({ where });
    expect(after.accessToken).toEqual(sealed);
  });

  it("nothing is done with a key file that has been replaced", async () => {
    await using world = await setUp();
    const { commands, db, path, said } = world;
    const stranger = generateKey("kx");
    writeSecretFile(path, stranger);
    expect(await commands.rotate()).toMatchObject({
      code: "KEY_MISSING",
      message: "The key k1 is missing but needed by 1 value (Setting.value 1). Restore it.",
    });
    expect(world.source.read()).toBe(stranger);
    writeSecretFile(path, `${stranger},${generateKey("ky")}`);
    expect(await commands.rotate()).toMatchObject({ code: "KEY_MISSING" });
    expect(said).toEqual([]);
    expect(await readUsedKeys(db)).toEqual(new Set(["k1"]));
  });

  it("a damaged value is told, stays as it is, and keeps no other from being resealed", async () => {
    await using world = await setUp();
    const { commands, db } = world;
    const [row] = await seedExecutions(db, world.source.read(), 2);
    const damaged = Buffer.from("no sealed value");
    await db.toolExecution.update({ where: { id: row?.id ?? "" }, data: { arguments: damaged } });
    expect(await commands.rotate()).toMatchObject({
      code: "VALUES_UNOPENED",
      message: expect.stringMatching(/^1 could not be decrypted .* some are damaged/),
    });
    const kept = await db.toolExecution.findUniqueOrThrow({ where: { id: row?.id ?? "" } });
    expect(Buffer.from(kept.arguments ?? [])).toEqual(damaged);
    expect(await readUsedKeys(db)).toEqual(new Set(["k20261123", null]));
  });
});

import { setTimeout as pause } from "node:timers/promises";
import type { Database } from "@gatehouse/prisma";
import { generateKey } from "#crypto/keyring.ts";
import { createSealedBox } from "#crypto/sealed-box.ts";
import { countKeyUses, listEverSealing, recordSealing } from "#storage/key-uses.ts";
import { listOpenTransactions } from "#storage/open-transactions.ts";
import { createProcessStore } from "#storage/processes.ts";
import { resealAll } from "#storage/reseal.ts";
import { describeKeys } from "./check.ts";
import { type KeySource, nameNewKey, readKeyring, splitList } from "./key-source.ts";
import {
  findPending,
  findRetired,
  judgeAdd,
  judgeList,
  judgePromote,
  judgeRemove,
  judgeReseal,
  type KeyFacts,
  refuse,
  type Verdict,
} from "./rotation.ts";

export interface KeyCommandsDeps {
  db: Database;
  source: KeySource;
  /** No Gatehouse can be running, whatever a killed one left. */
  isAlone: boolean;
  say(line: string): void;
  /** Wakes running processes, so that they look at their keys. */
  wakeProcesses(): Promise<void>;
  /** Stops a reseal between two rows. */
  signal: AbortSignal;
  now(): Date;
  /** How long running processes may take to read a changed file, in milliseconds. */
  patienceMs?: number;
  /** How long what was sealed with an old key may take until its statement, or its transaction, has begun, in milliseconds. */
  settleMs?: number;
  /** Longer than any transaction of ours takes, in milliseconds; those of others are not waited for any longer. */
  longestTransactionMs?: number;
  /** Values read by one statement. */
  batchSize?: number;
}

/** The steps of a rotation, each of which says what it did and refuses to run before its turn. */
export interface KeyCommands {
  add(): Promise<Verdict>;
  promote(): Promise<Verdict>;
  reseal(): Promise<Verdict>;
  check(): Promise<Verdict>;
  remove(keyId: string): Promise<Verdict>;
  rotate(): Promise<Verdict>;
}

const restart = "of every process, and restart the processes one after the other";

export function createKeyCommands(deps: KeyCommandsDeps): KeyCommands {
  const { db, source, say, signal, patienceMs = 15_000, settleMs = 6_000 } = deps;
  const { longestTransactionMs = 75_000 } = deps;
  const processes = createProcessStore(db);

  async function readFacts(): Promise<KeyFacts> {
    const { sealing, ids } = readKeyring(source);
    return {
      ids: [sealing.id, ...ids.slice(1)],
      processes: deps.isAlone ? [] : await processes.listLive(),
      uses: await countKeyUses(db),
      everSealing: await listEverSealing(db),
    };
  }

  /** Running processes read a changed file by themselves, which takes a moment; a changed environment never comes by waiting. */
  async function judgeInTime<T>(judge: (facts: KeyFacts) => Verdict<T>): Promise<Verdict<T>> {
    const deadline = performance.now() + (source.kind === "file" ? patienceMs : 0);
    const facts = await readFacts();
    let verdict = judge(facts);
    while (!verdict.ok && verdict.code.endsWith("_EVERYWHERE") && performance.now() < deadline) {
      if (signal.aborted) break;
      await pause(100);
      verdict = judge({ ...facts, processes: await processes.listLive() });
    }
    return verdict;
  }

  async function add(): Promise<Verdict> {
    const facts = await readFacts();
    const verdict = judgeAdd(facts);
    if (!verdict.ok) return verdict;
    const used = facts.uses.flatMap(({ keyId }) => keyId ?? []);
    const id = nameNewKey(deps.now(), new Set([...facts.ids, ...facts.everSealing, ...used]));
    const entry = generateKey(id);
    if (source.kind === "environment") {
      say(
        `Append this new key to ENCRYPTION_KEYS, after a comma, ${restart}. Then run keys promote:`,
      );
      say(`  ,${entry}`);
      return { ok: true };
    }
    source.write(`${source.read()},${entry}`);
    await deps.wakeProcesses();
    say(`Added the key ${id}. It does not encrypt anything yet. The next step is keys promote.`);
    return { ok: true };
  }

  async function promote(): Promise<Verdict> {
    const verdict = await judgeInTime(judgePromote);
    if (!verdict.ok) return verdict;
    const { keyId } = verdict;
    const entries = splitList(source.read());
    if (source.kind === "environment") {
      const order = [keyId, ...[...entries.keys()].filter((id) => id !== keyId)];
      say(`Every process has ${keyId}. Move its entry to the front of ENCRYPTION_KEYS, so that`);
      say(`the order is ${order.join(", ")}, ${restart}. Then run keys reseal.`);
      return { ok: true };
    }
    const promoted = entries.get(keyId);
    source.write(
      [promoted, ...[...entries.values()].filter((entry) => entry !== promoted)].join(","),
    );
    await deps.wakeProcesses();
    say(`The key ${keyId} encrypts all new values. The next step is keys reseal.`);
    return { ok: true };
  }

  async function reseal(): Promise<Verdict> {
    const verdict = await judgeInTime(judgeReseal);
    if (!verdict.ok) return verdict;
    const keyring = readKeyring(source);
    // An old key is known as such by what it has sealed, and that is about to vanish.
    for (const { keyId } of await countKeyUses(db))
      if (keyId !== null) await recordSealing(db, keyId);
    const report = await resealAll({
      db,
      box: createSealedBox(keyring),
      keyId: keyring.sealing.id,
      signal,
      onBatch: ({ column, done, total }) => say(`  ${column}: ${done} of ${total}`),
      ...(deps.batchSize && { batchSize: deps.batchSize }),
    });
    say(`Resealed ${report.resealed} ${report.resealed === 1 ? "value" : "values"}.`);
    if (signal.aborted) return refuse("INTERRUPTED", "Stopped. Run keys reseal again to continue.");
    if (report.unopened.length > 0) {
      const ids = new Set(report.unopened.map(({ keyId }) => keyId));
      const causes = [...ids].map((id) =>
        id === null ? "some are damaged" : `the key ${id} is missing`,
      );
      return refuse(
        "VALUES_UNOPENED",
        `${report.unopened.length} could not be decrypted and were not changed: ${causes.join(", ")}. See keys check.`,
      );
    }
    if (!report.complete)
      return refuse(
        "NOT_SEALING_EVERYWHERE",
        "A process keeps encrypting with another key. See keys check, then run keys reseal again.",
      );
    return { ok: true };
  }

  async function check(): Promise<Verdict> {
    const { lines, faults } = describeKeys(await readFacts());
    for (const line of lines) say(line);
    return faults.length === 0 ? { ok: true } : refuse("VALUES_UNOPENED", faults.join("\n"));
  }

  /** What was sealed before the promotion is in the database afterwards, to be seen by all. */
  async function waitForWriters(): Promise<void> {
    await pause(settleMs, undefined, { signal }).catch(() => undefined);
    const deadline = performance.now() + longestTransactionMs;
    let open = await listOpenTransactions(db);
    if (open.length > 0) say("Waiting for open transactions.");
    while (open.length > 0 && !signal.aborted && performance.now() < deadline) {
      await pause(100);
      const now = new Set(await listOpenTransactions(db));
      open = open.filter((name) => now.has(name));
    }
  }

  async function remove(keyId: string): Promise<Verdict> {
    const first = judgeRemove(await readFacts(), keyId);
    if (!first.ok) return first;
    if (!deps.isAlone) {
      await waitForWriters();
      if (signal.aborted)
        return refuse("INTERRUPTED", `Stopped. The key ${keyId} was not removed.`);
      const second = judgeRemove(await readFacts(), keyId);
      if (!second.ok) return second;
    }
    if (source.kind === "environment") {
      say(`Nothing needs ${keyId} any longer. Remove its entry from ENCRYPTION_KEYS ${restart}.`);
    } else {
      const entries = splitList(source.read());
      entries.delete(keyId);
      source.write([...entries.values()].join(","));
      await deps.wakeProcesses();
      say(`Removed the key ${keyId}.`);
    }
    return { ok: true };
  }

  async function rotate(): Promise<Verdict> {
    if (source.kind === "environment")
      return refuse(
        "NOT_HERE",
        "ENCRYPTION_KEYS is set, and a command cannot change it. Start with keys add, which prints the new value.",
      );
    const before = await readFacts();
    const list = judgeList(before);
    if (!list.ok) return list;
    if (before.ids.length > 1) say("Continuing an unfinished rotation.");
    else {
      const added = await add();
      if (!added.ok) return added;
    }
    if (findPending(await readFacts()).length > 0) {
      const promoted = await promote();
      if (!promoted.ok) return promoted;
    }
    const resealed = await reseal();
    if (!resealed.ok) return resealed;
    for (const keyId of findRetired(await readFacts())) {
      const removed = await remove(keyId);
      if (!removed.ok) return removed;
    }
    return { ok: true };
  }

  return { add, promote, reseal, check, remove, rotate };
}

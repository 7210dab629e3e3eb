/** When each step of a rotation may run; decided from facts alone. */
import type { KeyUse } from "#storage/key-uses.ts";
import type { LiveProcess } from "#storage/processes.ts";

export interface KeyFacts {
  /** Ids of the list that the command itself has; the first one seals. */
  ids: readonly [string, ...string[]];
  processes: readonly LiveProcess[];
  uses: readonly KeyUse[];
  /** Keys that have sealed at some time. */
  everSealing: ReadonlySet<string>;
}

export type RefusalCode =
  | "KEY_PENDING"
  | "ROTATION_UNFINISHED"
  | "NO_NEW_KEY"
  | "SEVERAL_NEW_KEYS"
  | "NOT_KNOWN_EVERYWHERE"
  | "NOT_PROMOTED"
  | "NOT_SEALING_EVERYWHERE"
  | "KEY_SEALS"
  | "KEY_IN_USE"
  | "KEY_UNKNOWN"
  | "KEY_MISSING"
  | "VALUES_UNOPENED"
  | "NOT_HERE"
  | "INTERRUPTED";

/** Why a step does not run. The message is for the terminal: what is the matter, and what to do. */
export interface Refusal {
  ok: false;
  code: RefusalCode;
  message: string;
}

export type Verdict<T = unknown> = ({ ok: true } & T) | Refusal;

export function refuse(code: RefusalCode, message: string): Refusal {
  return { ok: false, code, message };
}

/** Keys that were added and have sealed nothing yet. */
export function findPending(facts: KeyFacts, ids: readonly string[] = facts.ids): string[] {
  const used = new Set(facts.uses.map(({ keyId }) => keyId));
  return ids.filter((id) => id !== facts.ids[0] && !facts.everSealing.has(id) && !used.has(id));
}

/** Keys that have sealed before the present one. */
export function findRetired(facts: KeyFacts): string[] {
  const pending = findPending(facts);
  return facts.ids.slice(1).filter((id) => !pending.includes(id));
}

/** Keys that have sealed something and are not in the list: a sentence each. */
export function describeMissing({ ids, uses }: Pick<KeyFacts, "ids" | "uses">): string[] {
  const needed = new Set(uses.map(({ keyId }) => keyId));
  return [...needed].flatMap((id) => {
    if (id === null || ids.includes(id)) return [];
    const count = describeUses(uses.filter(({ keyId }) => keyId === id));
    return [`The key ${id} is missing but needed by ${count}. Restore it.`];
  });
}

/** The list may be another installation's, or a wrong back-up's: no step runs with one that does not open everything. */
export function judgeList(facts: Pick<KeyFacts, "ids" | "uses">): Verdict {
  const missing = describeMissing(facts);
  return missing.length === 0 ? { ok: true } : refuse("KEY_MISSING", missing.join("\n"));
}

export function judgeAdd(facts: KeyFacts): Verdict {
  const list = judgeList(facts);
  if (!list.ok) return list;
  const known = new Set([...facts.ids, ...facts.processes.flatMap(({ keyIds }) => keyIds)]);
  const [pending] = findPending(facts, [...known]);
  if (pending !== undefined)
    return refuse(
      "KEY_PENDING",
      `The key ${pending} has been added and does not encrypt yet. Promote it (keys promote), or remove it (keys remove ${pending}).`,
    );
  const [old] = [...known].filter((id) => id !== facts.ids[0]);
  if (old !== undefined)
    return refuse(
      "ROTATION_UNFINISHED",
      `The previous rotation is not finished, because the key ${old} still exists. Run keys reseal, then keys remove ${old}.`,
    );
  return { ok: true };
}

export function judgePromote(facts: KeyFacts): Verdict<{ keyId: string }> {
  const list = judgeList(facts);
  if (!list.ok) return list;
  const [keyId, ...others] = findPending(facts);
  if (keyId === undefined) {
    const [elsewhere] = findPending(
      facts,
      facts.processes.flatMap(({ keyIds }) => keyIds).filter((id) => !facts.ids.includes(id)),
    );
    if (elsewhere !== undefined)
      return refuse(
        "KEY_UNKNOWN",
        `Running processes have the key ${elsewhere}, but this command does not. Set ENCRYPTION_KEYS to their value.`,
      );
    const lagging = judgeSealing(facts);
    return lagging.ok
      ? refuse("NO_NEW_KEY", `There is no new key to promote. Create one with keys add.`)
      : lagging;
  }
  if (others.length > 0)
    return refuse(
      "SEVERAL_NEW_KEYS",
      `There are several new keys (${[keyId, ...others].join(", ")}). Remove all but one (keys remove ID).`,
    );
  const unaware = facts.processes.find(({ keyIds }) => !keyIds.includes(keyId));
  if (unaware)
    return refuse(
      "NOT_KNOWN_EVERYWHERE",
      `${describeProcess(unaware)} does not have the key ${keyId} yet, so it could not decrypt values that the others encrypt with it.`,
    );
  return { ok: true, keyId };
}

export function judgeReseal(facts: KeyFacts): Verdict {
  const list = judgeList(facts);
  if (!list.ok) return list;
  const [pending] = findPending(facts);
  if (pending !== undefined)
    return refuse(
      "NOT_PROMOTED",
      `The newest key, ${pending}, does not encrypt yet. Run keys promote first.`,
    );
  return judgeSealing(facts);
}

/** Whether every living process seals with the first key of the list. */
function judgeSealing({ ids: [sealing], processes }: KeyFacts): Verdict {
  const lagging = processes.find(({ keyIds }) => keyIds[0] !== sealing);
  if (!lagging) return { ok: true };
  return refuse(
    "NOT_SEALING_EVERYWHERE",
    `${describeProcess(lagging)} encrypts with ${lagging.keyIds[0] ?? "no key"}, but this command encrypts with ${sealing}. Use the same list of keys for both, then try again.`,
  );
}

export function judgeRemove(facts: KeyFacts, keyId: string): Verdict {
  const list = judgeList(facts);
  if (!list.ok) return list;
  if (facts.ids[0] === keyId)
    return refuse(
      "KEY_SEALS",
      `The key ${keyId} is in use for encryption. Promote another key before removing it.`,
    );
  const sealing = facts.processes.find(({ keyIds }) => keyIds[0] === keyId);
  if (sealing) return refuse("KEY_SEALS", `${describeProcess(sealing)} encrypts with ${keyId}.`);
  const uses = facts.uses.filter((use) => use.keyId === keyId);
  if (uses.length > 0)
    return refuse(
      "KEY_IN_USE",
      `The key ${keyId} is needed by ${describeUses(uses)}. Run keys reseal first.`,
    );
  const isKnown = [facts.ids, ...facts.processes.map((process) => process.keyIds)].some((ids) =>
    ids.includes(keyId),
  );
  return isKnown ? { ok: true } : refuse("KEY_UNKNOWN", `The key ${keyId} does not exist.`);
}

export function describeProcess({ id, startedAt }: LiveProcess): string {
  const started = startedAt.toISOString().slice(0, 19).replace("T", " ");
  return `Process ${id.slice(-8)} (started ${started} UTC)`;
}

/** `3 values (OAuthGrant.accessToken 1, OAuthGrant.refreshToken 2)`. */
export function describeUses(uses: readonly KeyUse[]): string {
  const total = uses.reduce((sum, { count }) => sum + count, 0);
  const columns = uses.map(({ column, count }) => `${column} ${count}`).join(", ");
  return `${total} ${total === 1 ? "value" : "values"} (${columns})`;
}

import {
  describeMissing,
  describeProcess,
  describeUses,
  findPending,
  findRetired,
  judgePromote,
  judgeReseal,
  type KeyFacts,
} from "./rotation.ts";

export interface CheckReport {
  lines: string[];
  /** Something is sealed with a key that is missing where it is needed, or is damaged: a sentence each. */
  faults: string[];
}

/** What `keys check` says: the keys, what each has sealed, which living process knows which, and the step that is next. */
export function describeKeys(facts: KeyFacts): CheckReport {
  const faults = findFaults(facts);
  const lines = [
    `Keys: ${describeIds(facts.ids)}.`,
    ...facts.ids.map((id) => {
      const uses = facts.uses.filter(({ keyId }) => keyId === id);
      return `  ${id}: ${uses.length === 0 ? "no value" : describeUses(uses)}`;
    }),
    facts.processes.length === 0 ? "No process is running." : "Running processes:",
    ...facts.processes.map(
      (process) => `  ${describeProcess(process)}: ${describeIds(process.keyIds)}`,
    ),
  ];
  if (faults.length === 0) lines.push(describeNext(facts));
  return { lines, faults };
}

function describeIds([sealing, ...others]: readonly string[]): string {
  const opening = others.length === 0 ? "" : `, opens with ${others.join(", ")} too`;
  return `seals with ${sealing ?? "nothing"}${opening}`;
}

function findFaults(facts: KeyFacts): string[] {
  const { ids, processes, uses } = facts;
  const faults = describeMissing(facts);
  for (const keyId of new Set(uses.map((use) => use.keyId))) {
    const count = describeUses(uses.filter((use) => use.keyId === keyId));
    if (keyId === null) faults.push(`Damaged, not encrypted with any key: ${count}.`);
    else if (ids.includes(keyId))
      for (const process of processes.filter(({ keyIds }) => !keyIds.includes(keyId)))
        faults.push(
          `${describeProcess(process)} does not have the key ${keyId}, which is needed by ${count}.`,
        );
  }
  return faults;
}

/** One sentence. */
function describeNext(facts: KeyFacts): string {
  if (findPending(facts).length > 0) {
    const verdict = judgePromote(facts);
    return verdict.ok
      ? `Every process has ${verdict.keyId}. The next step is keys promote.`
      : `The next step is keys promote, which is not possible yet. ${verdict.message}`;
  }
  const verdict = judgeReseal(facts);
  if (!verdict.ok)
    return `The next step is keys reseal, which is not possible yet. ${verdict.message}`;
  const retired = findRetired(facts);
  const needed = retired.filter((id) => facts.uses.some(({ keyId }) => keyId === id));
  if (needed.length > 0)
    return `The next step is keys reseal. Until then, ${needed.join(", ")} cannot be removed.`;
  if (retired.length > 0)
    return `Nothing needs ${retired.join(", ")} any longer. The next step is keys remove.`;
  return "No further step is needed.";
}

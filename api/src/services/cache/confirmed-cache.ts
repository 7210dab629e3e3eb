/** Values made of rows, kept for as long as a change of the rows is sure to be heard of. */
export interface RowMemory<Value> {
  /** What is kept, if it is sure to be of now; else null, which says nothing about the database. */
  recall(key: string): Value | null;
  /** What is kept or, without a promise for it, read. Null: there is none, which is never kept. */
  read(key: string): Value | Promise<Value | null>;
  /** The same, where it can be kept: null, and nothing is read, while word of a change may not arrive. */
  readToKeep(key: string): Value | null | Promise<Value | null>;
  /** Read now, whatever is kept. */
  reload(key: string): Promise<Value | null>;
  /** @param isMeant is asked with null for a value that is being read: it counts for nothing then */
  forget(isMeant: (key: string, value: Value | null) => boolean): void;
  /** What is kept and in use; the rest is let go of. */
  listInUse(): Value[];
  /** After a look at the database that began at `lookedAtMs`: what was not as it is kept is forgotten. */
  confirm(lookedAtMs: number, isCurrent: (value: Value) => boolean): void;
}

export interface RowMemoryDeps<Value> {
  load(key: string): Promise<Value | null>;
  /** Whether word of a change is sure to arrive. */
  isHearing(): boolean;
  clock: { monotonicMs(): number };
  /** Without being confirmed a value is good for so long. */
  sureForMs: number;
  /** All values together; the one that was used longest ago goes first. */
  most: number;
  /** What a value counts for among them; 1 each if left out. */
  weigh?(value: Value): number;
}

interface Entry<Value> {
  value: Value;
  weight: number;
  /** When the reading that it comes from began. */
  readAtMs: number;
  /** When it was last known to be as the database has it. */
  sureAtMs: number;
  usedAtMs: number;
}

interface Reading<Value> {
  answer: Promise<Value | null>;
  /** Word of a change came after it began. */
  isStale: boolean;
}

/** What nobody has asked for in this time is not worth confirming every second. */
const unusedMs = 60_000;

export function createRowMemory<Value>(deps: RowMemoryDeps<Value>): RowMemory<Value> {
  const { clock } = deps;
  const entries = new Map<string, Entry<Value>>();
  const readings = new Map<string, Reading<Value>>();
  let weight = 0;

  function drop(key: string): void {
    weight -= entries.get(key)?.weight ?? 0;
    entries.delete(key);
  }

  function keep(key: string, value: Value, readAtMs: number): void {
    drop(key);
    const own = deps.weigh?.(value) ?? 1;
    entries.set(key, { value, weight: own, readAtMs, sureAtMs: readAtMs, usedAtMs: readAtMs });
    weight += own;
    for (const oldest of entries.keys()) {
      if (weight <= deps.most) break;
      drop(oldest);
    }
  }

  function forget(isMeant: (key: string, value: Value | null) => boolean): void {
    for (const [key, { value }] of entries) if (isMeant(key, value)) drop(key);
    for (const [key, reading] of readings)
      if (isMeant(key, null)) {
        reading.isStale = true;
        // Whoever asks from now on gets one that begins after the word.
        readings.delete(key);
      }
  }

  function recall(key: string): Value | null {
    const entry = entries.get(key);
    if (!entry || !deps.isHearing()) return null;
    const nowMs = clock.monotonicMs();
    if (nowMs - entry.sureAtMs > deps.sureForMs) return null;
    entry.usedAtMs = nowMs;
    entries.delete(key);
    entries.set(key, entry);
    return entry.value;
  }

  async function load(key: string, reading: Pick<Reading<Value>, "isStale">) {
    const readAtMs = clock.monotonicMs();
    const value = await deps.load(key);
    if (reading.isStale) return value;
    if (value === null) drop(key);
    else keep(key, value, readAtMs);
    return value;
  }

  /** One for all who ask at the same time. */
  function share(key: string): Promise<Value | null> {
    // What a reading under way will answer may be older than the question, and nobody would say so.
    if (!deps.isHearing()) return deps.load(key);
    const underWay = readings.get(key);
    if (underWay) return underWay.answer;
    const begun = { isStale: false };
    const reading = Object.assign(begun, {
      answer: load(key, begun).finally(() => {
        if (readings.get(key) === begun) readings.delete(key);
      }),
    });
    readings.set(key, reading);
    return reading.answer;
  }

  return {
    recall,
    read: (key) => recall(key) ?? share(key),
    readToKeep: (key) => (deps.isHearing() ? (recall(key) ?? share(key)) : null),
    reload(key) {
      forget((other) => other === key);
      return share(key);
    },
    forget,
    listInUse() {
      const nowMs = clock.monotonicMs();
      for (const [key, { usedAtMs }] of entries) if (nowMs - usedAtMs > unusedMs) drop(key);
      return [...entries.values()].map(({ value }) => value);
    },
    confirm(lookedAtMs, isCurrent) {
      for (const [key, entry] of entries) {
        // One that was read meanwhile was not looked at.
        if (entry.readAtMs > lookedAtMs) continue;
        if (isCurrent(entry.value)) entry.sureAtMs = lookedAtMs;
        else drop(key);
      }
    },
  };
}

/**
 * A cache of values that are derived from database rows. A value is returned only while changes of its rows are certain to be noticed.
 * Cached values can allow a call but never reject one; a rejection is always checked against the database with `reload`.
 */
export interface ConfirmedCache<Value> {
  /** Returns the cached value if it is confirmed to be current, otherwise null. Null says nothing about the database. */
  recall(key: string): Value | null;
  /** Returns the cached value synchronously, or reads it. Null means that the database has no such row; this is never cached. */
  read(key: string): Value | Promise<Value | null>;
  /** Like `read`, but returns null without reading while notifications may be lost, because the value could not be cached. */
  readToKeep(key: string): Value | null | Promise<Value | null>;
  /** Reads the value from the database and replaces the cached one. */
  reload(key: string): Promise<Value | null>;
  /**
   * Removes the entries that match.
   * @param isMeant is called with null for a value that is being read; if it matches, the result of that read is not cached
   */
  forget(isMeant: (key: string, value: Value | null) => boolean): void;
  /** Returns the values that were used recently, and removes the others. */
  listInUse(): Value[];
  /** Processes the result of a database check that started at `lookedAtMs`: confirms the values that are current and removes the others. */
  confirm(lookedAtMs: number, isCurrent: (value: Value) => boolean): void;
}

export interface ConfirmedCacheDeps<Value> {
  load(key: string): Promise<Value | null>;
  /** Whether notifications of changes are currently received reliably. */
  isHearing(): boolean;
  clock: { monotonicMs(): number };
  /** How long a value can be used after it was last confirmed, in milliseconds. */
  sureForMs: number;
  /** The maximum total weight. The least recently used values are removed first. */
  most: number;
  /** The weight of a value; 1 if omitted. */
  weigh?(value: Value): number;
}

interface Entry<Value> {
  value: Value;
  weight: number;
  /** The time at which the read that returned the value started. */
  readAtMs: number;
  /** The time at which the value was last confirmed to match the database. */
  sureAtMs: number;
  usedAtMs: number;
}

interface Reading<Value> {
  answer: Promise<Value | null>;
  /** Whether a notification of a change arrived after the read started. */
  isStale: boolean;
}

/** Values that have not been used for this long are removed instead of being confirmed every second. */
const unusedMs = 60_000;

export function createConfirmedCache<Value>(
  deps: ConfirmedCacheDeps<Value>,
): ConfirmedCache<Value> {
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
        // Later calls start a new read, which sees the change.
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

  /** Shares one database read between concurrent calls. */
  function share(key: string): Promise<Value | null> {
    // Without reliable notifications, a read that is in progress may return a value older than this call, so it is not shared.
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
        // The check does not cover values that were read after it started.
        if (entry.readAtMs > lookedAtMs) continue;
        if (isCurrent(entry.value)) entry.sureAtMs = lookedAtMs;
        else drop(key);
      }
    },
  };
}

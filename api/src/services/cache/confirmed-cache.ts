/**
 * A cache of values that are derived from database rows. A value is returned only while changes of its rows are certain to be noticed.
 * Cached values can allow a call but never reject one; a rejection is always checked against the database with `reload`.
 */
export interface ConfirmedCache<Value, Source = void> {
  /** Returns the cached value if it is confirmed to be current, otherwise null. Null says nothing about the database. */
  recall(key: string): Value | null;
  /**
   * Returns the cached value synchronously, or reads it. Null means that the database has no such row; this is never cached.
   * @param source is passed to `load`
   */
  read(key: string, source: Source): Value | Promise<Value | null>;
  /** Like `read`, but returns null without reading while notifications may be lost, because the value could not be cached. */
  readToKeep(key: string, source: Source): Value | null | Promise<Value | null>;
  /** Reads the value from the database and replaces the cached one. */
  reload(key: string, source: Source): Promise<Value | null>;
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

export interface ConfirmedCacheDeps<Value, Source = void> {
  load(key: string, source: Source): Promise<Value | null>;
  /** Whether a value may be cached and returned from the cache; true if omitted. */
  isUsable?(value: Value): boolean;
  /** Whether notifications of changes are currently received reliably. */
  isHearing(): boolean;
  clock: { monotonicMs(): number };
  /** How long a value can be used after it was last confirmed, in milliseconds. */
  sureForMs: number;
  /** How long a value can be used after it was read although notifications may be lost, in milliseconds; 0 if omitted. */
  unheardForMs?: number;
  /** How long a value is cached at most, in milliseconds; unlimited if omitted. */
  maxAgeMs?: number;
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

export function createConfirmedCache<Value, Source = void>(
  deps: ConfirmedCacheDeps<Value, Source>,
): ConfirmedCache<Value, Source> {
  const { clock, isUsable = () => true, unheardForMs = 0, maxAgeMs = Infinity } = deps;
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
    if (!entry || !isUsable(entry.value)) return null;
    const nowMs = clock.monotonicMs();
    const ageMs = nowMs - entry.readAtMs;
    const isSure = deps.isHearing() && nowMs - entry.sureAtMs <= deps.sureForMs;
    if (ageMs >= maxAgeMs || !(isSure || ageMs < unheardForMs)) return null;
    entry.usedAtMs = nowMs;
    entries.delete(key);
    entries.set(key, entry);
    return entry.value;
  }

  async function load(key: string, source: Source, reading: Pick<Reading<Value>, "isStale">) {
    const readAtMs = clock.monotonicMs();
    const value = await deps.load(key, source);
    if (reading.isStale) return value;
    if (value === null || !isUsable(value)) drop(key);
    else keep(key, value, readAtMs);
    return value;
  }

  /** Shares one database read between concurrent calls. */
  function share(key: string, source: Source): Promise<Value | null> {
    // Without reliable notifications, a read that is in progress may return a value older than this call, so it is not shared.
    if (unheardForMs === 0 && !deps.isHearing()) return deps.load(key, source);
    const underWay = readings.get(key);
    if (underWay) return underWay.answer;
    const begun = { isStale: false };
    const reading = Object.assign(begun, {
      answer: load(key, source, begun).finally(() => {
        if (readings.get(key) === begun) readings.delete(key);
      }),
    });
    readings.set(key, reading);
    return reading.answer;
  }

  return {
    recall,
    read: (key, source) => recall(key) ?? share(key, source),
    readToKeep: (key, source) => (deps.isHearing() ? (recall(key) ?? share(key, source)) : null),
    reload(key, source) {
      forget((other) => other === key);
      return share(key, source);
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

import type { KeyObject } from "node:crypto";
import type { Keyring } from "./keyring.ts";

/**
 * A keyring whose keys can change while it is in use. Its users always seal and open with the
 * current keys.
 */
export interface LiveKeyring extends Keyring {
  replace(next: Keyring): void;
}

/**
 * @param monotonicMs a monotonic clock, in milliseconds
 * @param graceMs how long a removed key still opens values, in milliseconds, because a value that
 * was read just before it was resealed may be opened later
 */
export function createLiveKeyring(
  first: Keyring,
  monotonicMs: () => number,
  graceMs = 60_000,
): LiveKeyring {
  let current = first;
  const dropped = new Map<string, { key: KeyObject; untilMs: number }>();

  return {
    get sealing() {
      return current.sealing;
    },
    get ids() {
      return current.ids;
    },
    find(id) {
      const key = current.find(id);
      if (key) return key;
      const old = dropped.get(id);
      if (!old) return undefined;
      if (monotonicMs() < old.untilMs) return old.key;
      dropped.delete(id);
      return undefined;
    },
    replace(next) {
      for (const id of current.ids) {
        const key = current.find(id);
        if (key) dropped.set(id, { key, untilMs: monotonicMs() + graceMs });
      }
      for (const id of next.ids) dropped.delete(id);
      current = next;
    },
  };
}

import type { Person, Viewer } from "./viewer-identity.ts";

/** An open connection, stream or download, and the credential that it depends on. */
export interface CredentialWatch {
  viewer: Viewer;
  onEnd(): void;
}

export interface CredentialWatches {
  /** Returns a function that stops the watch. `onEnd` is called at most once. */
  add(watch: CredentialWatch): () => void;
  list(): readonly CredentialWatch[];
  /** Ends every watch of one credential. */
  end(credentialId: string): void;
  /** Confirms watches with the database at once. All that are requested at the same time share one statement. */
  confirmSoon(chosen: Iterable<CredentialWatch>): void;
  /** Ends those of `chosen` whose credential is not among the living. */
  settle(chosen: readonly CredentialWatch[], living: ReadonlyMap<string, Person>): void;
  /** While the database cannot answer: ends the watches whose expiry has passed, and no others. */
  endExpired(): void;
}

export interface CredentialWatchesDeps {
  readLive(viewers: readonly Viewer[]): Promise<ReadonlyMap<string, Person>>;
  now(): number;
}

/** Keeps track of the credentials behind everything that is open in this process. */
export function createCredentialWatches(deps: CredentialWatchesDeps): CredentialWatches {
  const watches = new Set<CredentialWatch>();
  const due = new Set<CredentialWatch>();

  function finish(watch: CredentialWatch): void {
    due.delete(watch);
    if (watches.delete(watch)) watch.onEnd();
  }

  function settle(chosen: readonly CredentialWatch[], living: ReadonlyMap<string, Person>): void {
    for (const watch of chosen) if (!living.has(watch.viewer.credentialId)) finish(watch);
  }

  async function confirmDue(): Promise<void> {
    const chosen = [...due];
    due.clear();
    if (chosen.length === 0) return;
    settle(chosen, await deps.readLive(chosen.map(({ viewer }) => viewer)));
  }

  return {
    add(watch) {
      watches.add(watch);
      return () => {
        watches.delete(watch);
        due.delete(watch);
      };
    },
    list: () => [...watches],
    end(credentialId) {
      for (const watch of watches) if (watch.viewer.credentialId === credentialId) finish(watch);
    },
    confirmSoon(chosen) {
      const isScheduled = due.size > 0;
      for (const watch of chosen) due.add(watch);
      // A failure is left to the regular confirmation.
      if (!isScheduled && due.size > 0)
        void Promise.resolve()
          .then(confirmDue)
          .catch(() => {});
    },
    settle,
    endExpired() {
      for (const watch of watches) {
        const { expiresAt } = watch.viewer;
        if (expiresAt && expiresAt.getTime() <= deps.now()) finish(watch);
      }
    },
  };
}

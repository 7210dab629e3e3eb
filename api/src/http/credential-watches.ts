import type { Person, Viewer } from "./viewer-identity.ts";

/** An open connection, stream or download, and the credential that it was opened with. */
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
  /** Checks watches against the database immediately. Concurrent requests share one statement. */
  confirmSoon(chosen: Iterable<CredentialWatch>): void;
  /** Ends those of `chosen` whose credential is not in `living`. */
  settle(chosen: readonly CredentialWatch[], living: ReadonlyMap<string, Person>): void;
  /** Used while the database is unavailable: ends only the watches whose credential has expired. */
  endExpired(): void;
}

export interface CredentialWatchesDeps {
  readLive(viewers: readonly Viewer[]): Promise<ReadonlyMap<string, Person>>;
  now(): number;
}

/**
 * Tracks the credentials of all connections, streams and downloads that are open in this process.
 */
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
      // After a failure the regular check tries again.
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

import { doRegularly } from "#events/regularly.ts";

export interface EpochWatchDeps {
  /** Calls back when the connection to the database was lost and is there again; returns what ends it. */
  onReconnected(listener: () => void): () => void;
  /** Whether the database turned out to be another one, and its logs have got new epochs. */
  renewEpochs(): Promise<boolean>;
  onRenewed(): void;
  retryMs?: number;
}

/**
 * Asks after each loss of the connection whether the database is still the one that it was: a back-up may have been restored under a
 * process that runs. Asked again until there is an answer.
 */
export function watchEpochs(deps: EpochWatchDeps): Disposable {
  let isInDoubt = false;
  let isAsking = false;

  async function ask(): Promise<void> {
    if (!isInDoubt || isAsking) return;
    isAsking = true;
    isInDoubt = false;
    try {
      if (await deps.renewEpochs()) deps.onRenewed();
    } catch {
      isInDoubt = true;
    } finally {
      isAsking = false;
    }
  }

  const stopListening = deps.onReconnected(() => {
    isInDoubt = true;
    void ask();
  });
  const asking = doRegularly(ask, deps.retryMs ?? 1_000);
  return {
    [Symbol.dispose]() {
      stopListening();
      asking[Symbol.dispose]();
    },
  };
}

import { doRegularly } from "#events/regularly.ts";

export interface EpochWatchDeps {
  /**
   * Calls back when a lost database connection was restored. Returns a function that stops the
   * calls.
   */
  onReconnected(listener: () => void): () => void;
  /**
   * Resolves to whether the database was restored or has failed over, and its logs have new epochs.
   */
  renewEpochs(): Promise<boolean>;
  onRenewed(): void;
  retryMs?: number;
}

/**
 * Checks after each loss of the connection whether the database was restored from a backup or has
 * failed over while this process was running. The check is repeated until it succeeds.
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

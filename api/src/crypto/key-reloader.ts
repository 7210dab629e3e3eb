import { type Keyring, parseKeyring } from "./keyring.ts";
import type { LiveKeyring } from "./live-keyring.ts";

export interface KeyReloaderDeps {
  keyring: LiveKeyring;
  /** The text from which the keyring was created. */
  initial: string;
  /** Reads the current text; an error counts as an unusable list. */
  read(): string;
  /** Throws if the keys must not be used. Called before any of them seals. */
  admit(candidate: Keyring): Promise<void>;
  onChanged(): void;
  /** The previous keys stay in use. Called once for each different list. */
  onRefused(error: unknown): void;
}

/**
 * Returns a function that checks whether the list of keys has changed and applies it if so. The
 * function never throws.
 */
export function createKeyReloader(deps: KeyReloaderDeps): () => Promise<void> {
  let inUse = deps.initial.trim();
  let refused: string | null = null;
  return async () => {
    let text = "";
    try {
      text = deps.read().trim();
      if (text === inUse) {
        refused = null;
        return;
      }
      const candidate = parseKeyring(text);
      await deps.admit(candidate);
      deps.keyring.replace(candidate);
    } catch (error) {
      if (text !== refused) deps.onRefused(error);
      refused = text;
      return;
    }
    inUse = text;
    refused = null;
    deps.onChanged();
  };
}

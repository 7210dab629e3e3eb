import { type Keyring, parseKeyring } from "./keyring.ts";
import type { LiveKeyring } from "./live-keyring.ts";

export interface KeyReloaderDeps {
  keyring: LiveKeyring;
  /** The list that the keyring was made from. */
  initial: string;
  /** The list as it stands now; a throw counts as one that cannot be used. */
  read(): string;
  /** Throws when the keys must not be taken; called before any of them seals. */
  admit(candidate: Keyring): Promise<void>;
  onChanged(): void;
  /** The keys in use stay. Told once for each different list. */
  onRefused(error: unknown): void;
}

/** Answers a function that looks whether the list of keys has changed and, if it has, puts it into use. It never throws. */
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

import { useSyncExternalStore } from "react";

let message = "";
const listeners = new Set<() => void>();

/** Says a sentence through the page's one polite live region. */
export function announce(sentence: string): void {
  message = sentence;
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** What the live region says now. */
export function useAnnouncement(): string {
  return useSyncExternalStore(subscribe, () => message);
}

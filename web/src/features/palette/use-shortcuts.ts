import { useEffect, useRef } from "react";
import { readShortcut, type Shortcut } from "./read-shortcut.ts";
import { hasSingleKeys } from "./single-keys.ts";

type Handlers = { onShortcut: (shortcut: Shortcut) => void; onPalette: () => void };

/** Listens for the shortcuts of the whole page. While one types, or a dialog is open, a key is a key. */
export function useShortcuts(handlers: Handlers): void {
  const current = useRef(handlers);
  useEffect(() => {
    current.current = handlers;
  });
  useEffect(() => {
    let begunMs: number | null = null;
    function listen(event: KeyboardEvent) {
      if (event.isComposing || event.defaultPrevented) return;
      const isPaletteKey = event.key.toLowerCase() === "k" && (event.ctrlKey || event.metaKey);
      if (isPaletteKey && !event.altKey && !event.shiftKey) {
        event.preventDefault();
        current.current.onPalette();
        return;
      }
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      if (event.key === "Shift") return;
      if (!hasSingleKeys() || isTyping(event.target) || isDialogOpen()) {
        begunMs = null;
        return;
      }
      const reading = readShortcut(begunMs, event.key, Date.now());
      begunMs = reading.begunMs;
      if (!reading.shortcut) return;
      event.preventDefault();
      current.current.onShortcut(reading.shortcut);
    }
    window.addEventListener("keydown", listen);
    return () => window.removeEventListener("keydown", listen);
  }, []);
}

function isTyping(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement &&
    (target.isContentEditable || target.matches("input, textarea, select, [role=menu] *"))
  );
}

function isDialogOpen(): boolean {
  return document.querySelector("[role=dialog]") !== null;
}

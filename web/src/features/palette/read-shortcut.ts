/** What single keys do: `g` and then a letter goes somewhere. */
export type Shortcut = "servers" | "activity" | "dashboard" | "help" | "search";

/** The second key comes within this after `g`, in milliseconds. */
const sequenceMs = 1_500;

const afterG: Record<string, Shortcut> = { s: "servers", a: "activity", d: "dashboard" };
const alone: Record<string, Shortcut> = { "?": "help", "/": "search" };

export type ShortcutReading = {
  shortcut: Shortcut | null;
  /** When `g` was pressed, while its second key is awaited. */
  begunMs: number | null;
};

/** One key, without modifiers, after what was pressed before. */
export function readShortcut(begunMs: number | null, key: string, nowMs: number): ShortcutReading {
  if (begunMs !== null && nowMs - begunMs <= sequenceMs) {
    const shortcut = afterG[key];
    if (shortcut) return { shortcut, begunMs: null };
  }
  if (key === "g") return { shortcut: null, begunMs: nowMs };
  return { shortcut: alone[key] ?? null, begunMs: null };
}

/** For the help sheet. */
export const shortcutWords: { keys: string[]; does: string }[] = [
  { keys: ["Ctrl or ⌘", "K"], does: "Search and commands" },
  { keys: ["/"], does: "Search this screen" },
  { keys: ["g", "s"], does: "Go to servers" },
  { keys: ["g", "a"], does: "Go to activity" },
  { keys: ["g", "d"], does: "Go to the dashboard" },
  { keys: ["?"], does: "Show this sheet" },
];

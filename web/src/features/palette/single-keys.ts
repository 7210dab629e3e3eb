const key = "gatehouse-single-keys";

/** Whether shortcuts without Ctrl or Cmd are on. Speech input and tremor need them off (WCAG 2.2, 2.1.4). */
export function hasSingleKeys(): boolean {
  try {
    return localStorage.getItem(key) !== "off";
  } catch {
    return true;
  }
}

export function setSingleKeys(on: boolean): void {
  try {
    if (on) localStorage.removeItem(key);
    else localStorage.setItem(key, "off");
  } catch {
    // Storage is blocked: they stay on.
  }
}

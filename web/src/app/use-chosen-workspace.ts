import { useState } from "react";

const key = "gatehouse-workspace";

/** The workspace chosen last in this browser, else the first. `undefined` where there is none. */
export function useChosenWorkspace<W extends { id: string }>(
  workspaces: W[],
): [chosen: W | undefined, choose: (id: string) => void] {
  const [id, setId] = useState(readChoice);
  const chosen = workspaces.find((workspace) => workspace.id === id) ?? workspaces[0];

  function choose(next: string) {
    setId(next);
    rememberWorkspace(next);
  }

  return [chosen, choose];
}

/** For the next load of the app: this one is shown then. */
export function rememberWorkspace(id: string): void {
  try {
    localStorage.setItem(key, id);
  } catch {
    // Storage is blocked: the choice lives as long as the page.
  }
}

function readChoice(): string | null {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}

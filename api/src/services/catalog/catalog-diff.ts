import type { Tool } from "#mcp/calls/catalog.ts";

/** How a list of tools differs from the one before; names, in the order of the lists. */
export interface CatalogDiff {
  added: string[];
  removed: string[];
  /** Those whose title, description, schemas or annotations are others. */
  changed: string[];
}

/** So many names of a kind are told of, and so much of each: a server chooses them, and an event stays small. */
const maxNames = 100;
const maxNameLength = 200;

/** Null when nothing differs. `before` is null where there was no list. */
export function diffCatalogs(
  before: readonly Tool[] | null,
  after: readonly Tool[],
): CatalogDiff | null {
  const old = new Map((before ?? []).map((tool) => [tool.name, JSON.stringify(tool)]));
  const kept = new Set(after.map(({ name }) => name));
  const changes = {
    added: after.filter(({ name }) => !old.has(name)).map(({ name }) => name),
    removed: [...old.keys()].filter((name) => !kept.has(name)),
    changed: after
      .filter((tool) => old.has(tool.name) && old.get(tool.name) !== JSON.stringify(tool))
      .map(({ name }) => name),
  };
  return Object.values(changes).some((names) => names.length > 0) ? changes : null;
}

/** What the log keeps of it. */
export function describeChanges({ added, removed, changed }: CatalogDiff) {
  const cut = (names: string[]) =>
    names.slice(0, maxNames).map((name) => name.slice(0, maxNameLength).toWellFormed());
  return {
    added: cut(added),
    removed: cut(removed),
    changed: cut(changed),
    addedCount: added.length,
    removedCount: removed.length,
    changedCount: changed.length,
  };
}

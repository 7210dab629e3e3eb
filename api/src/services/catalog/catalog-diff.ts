import type { Tool } from "#mcp/calls/catalog.ts";

/**
 * The differences between a list of tools and the previous one: names, in the order of the lists.
 */
export interface CatalogDiff {
  added: string[];
  removed: string[];
  /** Tools with a different title, description, schema or annotations. */
  changed: string[];
}

/**
 * The number of names of each kind in an event. Servers choose names, so their number and length
 * are limited.
 */
const maxNames = 100;
const maxNameLength = 200;

/** Null if there are no differences. `before` is null if there was no list. */
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

/** The part of the differences that is stored in the log. */
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

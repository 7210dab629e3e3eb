import { type DefaultConnectionArguments, resolveArrayConnection } from "@pothos/plugin-relay";

/** A page of a list that is completely in memory. */
export function pageOf<Item extends object>(args: DefaultConnectionArguments, items: Item[]) {
  const page = resolveArrayConnection({ args, defaultSize: 20, maxSize: 100 }, items);
  return { ...page, totalCount: items.length };
}

/**
 * The items whose title, description or `identify` text contains the search text, ignoring case.
 */
export function searchIn<Item extends { title: string | null; description: string | null }>(
  items: Item[],
  search: string | null | undefined,
  identify: (item: Item) => string,
): Item[] {
  const wanted = search?.trim().toLowerCase();
  if (!wanted) return items;
  return items.filter((item) =>
    [identify(item), item.title, item.description].some((text) =>
      text?.toLowerCase().includes(wanted),
    ),
  );
}

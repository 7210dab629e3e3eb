import DataLoader from "dataloader";

/**
 * Loads the objects that the rows of a page refer to, in one statement. Results are not cached,
 * because an operation can be a subscription that runs for hours.
 *
 * @param load returns the items in the order of the ids, which contain no duplicates
 */
export function createBatchLoader<Item>(
  load: (ids: readonly string[]) => Promise<readonly Item[]>,
  options: { maxBatchSize?: number } = {},
): DataLoader<string, Item> {
  return new DataLoader(
    async (ids) => {
      const distinct = [...new Set(ids)];
      const items = await load(distinct);
      const places = new Map(distinct.map((id, place) => [id, place]));
      return ids.map((id) => items[places.get(id) ?? -1] as Item);
    },
    { ...options, cache: false },
  );
}

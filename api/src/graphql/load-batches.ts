import DataLoader from "dataloader";

/**
 * Loads what the rows of a page refer to in one statement. What it has loaded is not kept: an operation can be a subscription that lives
 * for hours.
 *
 * @param load answers in the order of its ids, each of which it gets once
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

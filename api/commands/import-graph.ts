/** Imports between groups of files, as layers: each group above the groups that it imports. */

/** How many imports lead from one group to another, by importer and imported group. */
export type ImportCounts = ReadonlyMap<string, ReadonlyMap<string, number>>;

export interface Arrow {
  from: string;
  to: string;
}

export interface LayeredImports {
  /** From the top (imported by none of the others) to the bottom, each by name. */
  layers: string[][];
  /** Downward, without the arrows that follow from others. */
  arrows: Arrow[];
  /** The fewest imports that have to be set aside so that the others form layers: they lead upward. */
  upward: Arrow[];
}

/** The result depends on the imports alone: equal counts are decided by name. */
export function layerImports(counts: ImportCounts): LayeredImports {
  const graph = new Map(
    [...counts].map(([name, targets]): [string, Map<string, number>] => [name, new Map(targets)]),
  );
  for (const targets of counts.values())
    for (const name of targets.keys()) if (!graph.has(name)) graph.set(name, new Map());
  const upward = breakCycles(graph);
  return { layers: listLayers(graph), arrows: reduceArrows(graph), upward };
}

type Graph = Map<string, Map<string, number>>;

function listArrows(graph: Graph): (Arrow & { count: number })[] {
  const arrows = [...graph].flatMap(([from, targets]) =>
    [...targets].map(([to, count]) => ({ from, to, count })),
  );
  return arrows.toSorted((a, b) => compare(nameOf(a), nameOf(b)));
}

function listLayers(graph: Graph): string[][] {
  const names = [...graph.keys()].toSorted();
  const heights = new Map(names.map((name) => [name, heightOf(graph, name)]));
  const highest = Math.max(0, ...heights.values());
  const layers = Array.from({ length: highest + 1 }, (): string[] => []);
  for (const name of names) {
    const height = heights.get(name) ?? 0;
    const importers = names.filter((other) => graph.get(other)?.has(name));
    const lowest = Math.min(highest + 1, ...importers.map((other) => heights.get(other) ?? 0));
    // What imports nothing stands directly below its importers, for short arrows.
    layers[highest - (height === 0 ? lowest - 1 : height)]?.push(name);
  }
  return layers;
}

/** Removes arrows with the fewest imports, and among those the ones that end the most cycles. Changes the graph. */
function breakCycles(graph: Graph): Arrow[] {
  const removed: Arrow[] = [];
  for (;;) {
    const [weakest] = listCyclic(graph)
      .map((arrow) => ({ ...arrow, left: listCyclic(without(graph, arrow)).length }))
      .toSorted((a, b) => a.count - b.count || a.left - b.left);
    if (!weakest) return removed;
    const { from, to } = weakest;
    graph.get(from)?.delete(to);
    removed.push({ from, to });
  }
}

/** The arrows that are part of a cycle. */
function listCyclic(graph: Graph): (Arrow & { count: number })[] {
  return listArrows(graph).filter(({ from, to }) => isReachable(graph, to, from));
}

function without(graph: Graph, { from, to }: Arrow): Graph {
  const targets = new Map(graph.get(from));
  targets.delete(to);
  return new Map(graph).set(from, targets);
}

/** An arrow that another path implies says nothing new. */
function reduceArrows(graph: Graph): Arrow[] {
  return listArrows(graph)
    .filter(({ from, to }) => {
      const others = [...(graph.get(from)?.keys() ?? [])].filter((other) => other !== to);
      return !others.some((other) => isReachable(graph, other, to));
    })
    .map(({ from, to }) => ({ from, to }));
}

function isReachable(graph: Graph, from: string, to: string): boolean {
  const seen = new Set([from]);
  // A set is iterated including what is added meanwhile.
  for (const name of seen) {
    if (name === to) return true;
    for (const next of graph.get(name)?.keys() ?? []) seen.add(next);
  }
  return false;
}

/** The length of the longest path down. */
function heightOf(graph: Graph, name: string): number {
  const targets = [...(graph.get(name)?.keys() ?? [])];
  return Math.max(0, ...targets.map((target) => 1 + heightOf(graph, target)));
}

function nameOf({ from, to }: Arrow): string {
  return `${from} ${to}`;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Places layers of boxes so that the arrows between them are short and cross rarely. */
import type { Arrow, LayeredImports } from "./import-graph.ts";

export const BOX = { width: 156, height: 44 };
const layerGap = 34;
const boxGap = 16;
/** The room of an arrow that passes between the boxes of a layer. */
const passageWidth = 14;
/** Between the ends of two arrows at one box. */
const portGap = 16;

export interface Point {
  x: number;
  y: number;
}

export interface PlacedArrow {
  /** Passes through each point vertically, from the importing box to the imported one. */
  points: Point[];
  isUpward: boolean;
}

export interface Layout {
  width: number;
  height: number;
  /** Top left corners. */
  boxes: { name: string; x: number; y: number }[];
  arrows: PlacedArrow[];
}

/** A box, or the place where an arrow passes a layer. */
interface Slot {
  name: string | null;
  x: number;
  above: Slot[];
  below: Slot[];
}

/** Coordinates are whole numbers. */
export function layOut({ layers, arrows, upward }: LayeredImports): Layout {
  const rows = layers.map((names) =>
    names.map((name): Slot => ({ name, x: 0, above: [], below: [] })),
  );
  const downward = [
    ...arrows.map((arrow) => ({ arrow, isUpward: false })),
    ...upward.map(({ from, to }) => ({ arrow: { from: to, to: from }, isUpward: true })),
  ];
  const paths = downward.map(({ arrow, isUpward }) => ({
    isUpward,
    path: insertPassages(rows, arrow),
  }));
  orderRows(rows);
  placeSlots(rows);
  const left = Math.min(...rows.flat().map(({ x, name }) => x - widthOf(name) / 2));
  const right = Math.max(...rows.flat().map(({ x, name }) => x + widthOf(name) / 2));
  for (const slot of rows.flat()) slot.x = Math.round(slot.x - left);
  const topOf = (row: number) => row * (BOX.height + layerGap);
  return {
    width: Math.round(right - left),
    height: topOf(rows.length - 1) + BOX.height,
    boxes: rows.flatMap((row, index) =>
      row.flatMap(({ name, x }) =>
        name === null ? [] : [{ name, x: x - BOX.width / 2, y: topOf(index) }],
      ),
    ),
    arrows: paths.map(({ path, isUpward }) => {
      const first = rows.findIndex((row) => path[0] !== undefined && row.includes(path[0]));
      const points = path.flatMap((slot, step): Point[] => {
        const top = topOf(first + step);
        const bottom = top + BOX.height;
        if (slot.name === null)
          return [
            { x: slot.x, y: top },
            { x: slot.x, y: bottom },
          ];
        const isStart = step === 0;
        const neighbors = isStart ? slot.below : slot.above;
        const next = path[isStart ? 1 : step - 1];
        return [{ x: slot.x + portOf(neighbors, next), y: isStart ? bottom : top }];
      });
      return { points: isUpward ? points.toReversed() : points, isUpward };
    }),
  };
}

/** An arrow that skips layers takes a slot in each of them. */
function insertPassages(rows: Slot[][], { from, to }: Arrow): Slot[] {
  const find = (name: string) => rows.findIndex((row) => row.some((slot) => slot.name === name));
  const [first, last] = [find(from), find(to)];
  const path: Slot[] = [];
  for (let index = first; index <= last; index++) {
    const row = rows[index] ?? [];
    const name = index === first ? from : index === last ? to : null;
    const known = name === null ? undefined : row.find((slot) => slot.name === name);
    const slot = known ?? { name: null, x: 0, above: [], below: [] };
    if (!known) row.push(slot);
    const previous = path.at(-1);
    if (previous) {
      previous.below.push(slot);
      slot.above.push(previous);
    }
    path.push(slot);
  }
  return path;
}

/** Sorts each row by the places of its neighbors, down and up in turn, and keeps the order with the fewest crossings. */
function orderRows(rows: Slot[][]): void {
  let best = rows.map((row) => [...row]);
  let fewest = countCrossings(rows);
  for (let sweep = 0; sweep < 16; sweep++) {
    const isDown = sweep % 2 === 0;
    for (const row of isDown ? rows : rows.toReversed()) {
      const places = new Map(rows.flatMap((other) => other.map((slot, place) => [slot, place])));
      const keyOf = (slot: Slot) => {
        const neighbors = isDown ? slot.above : slot.below;
        const own = places.get(slot) ?? 0;
        return mean(neighbors.map((neighbor) => places.get(neighbor) ?? 0)) ?? own;
      };
      row.sort((a, b) => keyOf(a) - keyOf(b));
    }
    const crossings = countCrossings(rows);
    if (crossings < fewest) {
      fewest = crossings;
      best = rows.map((row) => [...row]);
    }
  }
  for (const [index, row] of best.entries()) rows[index]?.splice(0, row.length, ...row);
}

function countCrossings(rows: Slot[][]): number {
  let count = 0;
  for (const [index, row] of rows.entries()) {
    const next = rows[index + 1] ?? [];
    const ends = row.flatMap((slot, place) =>
      slot.below.map((target) => [place, next.indexOf(target)] as const),
    );
    for (const [a, b] of ends) for (const [c, d] of ends) if (a < c && b > d) count++;
  }
  return count;
}

/** Moves each slot towards its neighbors, as far as the others of its row allow. */
function placeSlots(rows: Slot[][]): void {
  for (const row of rows) spread(row, () => 0);
  for (let round = 0; round < 40; round++)
    for (const row of round % 2 === 0 ? rows : rows.toReversed())
      spread(row, ({ x, above, below }) => mean([...above, ...below].map((other) => other.x)) ?? x);
}

/** The places nearest to the wanted ones, by least squares, that keep the order and the gaps (pool adjacent violators). */
function spread(row: Slot[], wantedX: (slot: Slot) => number): void {
  let offset = 0;
  const offsets = row.map(({ name }, place) => {
    const previous = row[place - 1];
    if (previous) offset += (widthOf(previous.name) + widthOf(name)) / 2 + boxGap;
    return offset;
  });
  const pools: { sum: number; size: number }[] = [];
  for (const [place, slot] of row.entries()) {
    let pool = { sum: wantedX(slot) - (offsets[place] ?? 0), size: 1 };
    for (;;) {
      const previous = pools.at(-1);
      if (!previous || previous.sum / previous.size <= pool.sum / pool.size) break;
      pools.pop();
      pool = { sum: pool.sum + previous.sum, size: pool.size + previous.size };
    }
    pools.push(pool);
  }
  const places = pools.flatMap(({ sum, size }) => Array.from({ length: size }, () => sum / size));
  for (const [place, slot] of row.entries()) slot.x = (places[place] ?? 0) + (offsets[place] ?? 0);
}

/** Where an arrow meets a box, from its center. */
function portOf(neighbors: readonly Slot[], neighbor: Slot | undefined): number {
  const sorted = neighbors.toSorted((a, b) => a.x - b.x);
  const place = sorted.findIndex((slot) => slot === neighbor);
  return (place - (sorted.length - 1) / 2) * portGap;
}

function widthOf(name: string | null): number {
  return name === null ? passageWidth : BOX.width;
}

function mean(numbers: readonly number[]): number | null {
  if (numbers.length === 0) return null;
  return numbers.reduce((sum, number) => sum + number, 0) / numbers.length;
}

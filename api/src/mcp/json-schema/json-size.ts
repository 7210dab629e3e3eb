/** Measures JSON values before they are processed recursively. */
import { isObject } from "./json.ts";

export interface JsonSize {
  /** The number of values at all levels. A long text counts as several. */
  nodes: number;
  /** 1 for a value without children. */
  depth: number;
}

/**
 * Measures a JSON value without recursion. Stops as soon as a limit in `most` is exceeded.
 *
 * @param charactersPerNode the number of characters that count as one node
 */
export function measureJson(
  value: unknown,
  most: Partial<JsonSize> = {},
  charactersPerNode = 32,
): JsonSize {
  const workOf = (text: string) => Math.floor(text.length / charactersPerNode);
  const { nodes = Infinity, depth = Infinity } = most;
  const size = { nodes: 0, depth: 0 };
  let level: unknown[] = [value];
  while (level.length > 0 && size.depth <= depth) {
    size.depth += 1;
    const below: unknown[] = [];
    for (const one of level) {
      size.nodes += 1;
      if (typeof one === "string") size.nodes += workOf(one);
      else if (Array.isArray(one)) for (const item of one) below.push(item);
      else if (isObject(one))
        for (const key of Object.keys(one)) {
          size.nodes += workOf(key);
          below.push(one[key]);
        }
      if (size.nodes > nodes) return size;
    }
    level = below;
  }
  return size;
}

/** Serialization is recursive and fails at several thousand levels. No legitimate value is nested more deeply than this. */
const MOST_LEVELS = 200;

/** Whether the value is nested too deeply for recursive processing. */
export function isTooDeep(value: unknown): boolean {
  return measureJson(value, { depth: MOST_LEVELS }).depth > MOST_LEVELS;
}

/** How much JSON there is, before anything goes through it by recursion. */
import { isObject } from "./json.ts";

export interface JsonSize {
  /** Values, however they are nested; a long text counts as several more. */
  nodes: number;
  /** 1 for what holds nothing. */
  depth: number;
}

/**
 * Measures JSON without recursion, and no further than to what is more than `most` in any respect.
 *
 * @param charactersPerNode so many of a text are as much work as a value
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

/** Writing JSON is recursive too, and fails at some thousand levels; nobody means more than this. */
const MOST_LEVELS = 200;

/** True for what no stack should be asked to go through. */
export function isTooDeep(value: unknown): boolean {
  return measureJson(value, { depth: MOST_LEVELS }).depth > MOST_LEVELS;
}

/** What a schema and a value may cost each other, counted before anything is compiled or checked. */
import { isObject } from "./json.ts";
import type { JsonObject } from "./json.ts";

export interface SchemaCost {
  /** Keywords and subschemas that one place of a value may have to meet; Infinity where that depends on the value. */
  perPlace: number;
  /** Each item may be compared with each other (`uniqueItems`). */
  isQuadratic: boolean;
  /** Texts or names are read character by character (`format`, `pattern`, `patternProperties`). */
  readsText: boolean;
}

const READING = new Set(["format", "pattern", "patternProperties"]);

/** References may lead further down than the schema is deep. */
const DEEPEST = 500;

/** @param schema as JSON is, without cycles, and not nested more deeply than a stack takes */
export function estimateSchemaCost(schema: JsonObject): SchemaCost {
  const known = new Map<unknown, number>();
  const open = new Set<unknown>();
  let isQuadratic = false;
  let readsText = false;

  function countNodes(node: unknown, depth: number): number {
    if (typeof node !== "object" || node === null) return 1;
    const before = known.get(node);
    if (before !== undefined) return before;
    // A schema within itself goes as deep as the value does, and may branch at every level.
    if (open.has(node) || depth > DEEPEST) return Infinity;
    open.add(node);
    let nodes = 1;
    for (const [key, part] of Object.entries(node)) {
      if (key === "uniqueItems" && part === true) isQuadratic = true;
      readsText ||= READING.has(key);
      const isTarget = isReference(key) && typeof part === "string";
      nodes += isTarget ? countTarget(key, part, depth) : countNodes(part, depth + 1);
    }
    open.delete(node);
    known.set(node, nodes);
    return nodes;
  }

  function countTarget(key: string, reference: string, depth: number): number {
    const target = key === "$ref" ? findByPointer(schema, reference) : undefined;
    return target === undefined ? Infinity : countNodes(target, depth + 1);
  }

  const perPlace = countNodes(schema, 1);
  return { perPlace, isQuadratic, readsText };
}

function isReference(key: string): boolean {
  return key === "$ref" || key === "$dynamicRef" || key === "$recursiveRef";
}

/** RFC 6901 §6, for references into the schema itself; anything else is undefined. */
function findByPointer(schema: JsonObject, reference: string): unknown {
  if (!reference.startsWith("#")) return undefined;
  let place: unknown = schema;
  for (const step of reference.slice(1).split("/").slice(1)) {
    if (!isObject(place) && !Array.isArray(place)) return undefined;
    const key = decode(step).replaceAll("~1", "/").replaceAll("~0", "~");
    place = Object.getOwnPropertyDescriptor(place, key)?.value;
  }
  return reference === "#" || reference.startsWith("#/") ? place : undefined;
}

function decode(step: string): string {
  try {
    return decodeURIComponent(step);
  } catch {
    return step;
  }
}

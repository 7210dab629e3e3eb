/** Estimates the cost of validating a value with a schema, before anything is compiled or validated. */
import { isObject } from "./json.ts";
import type { JsonObject } from "./json.ts";

export interface SchemaCost {
  /** The number of keywords and subschemas that apply to one node of the value. Infinity if it depends on the value, or on a pattern. */
  perPlace: number;
  /** Whether each item may be compared with every other item (`uniqueItems`). */
  isQuadratic: boolean;
  /** Whether texts or names are examined character by character (`format`, `pattern`, `patternProperties`). */
  readsText: boolean;
}

const READING = new Set(["format", "pattern", "patternProperties"]);

/** The maximum depth. References can make a schema deeper than its own nesting. */
const DEEPEST = 500;

/** @param schema a JSON value without cycles that is not nested too deeply for recursion */
export function estimateSchemaCost(schema: JsonObject): SchemaCost {
  const known = new Map<unknown, number>();
  const open = new Set<unknown>();
  let isQuadratic = false;
  let readsText = false;

  function countNodes(node: unknown, depth: number): number {
    if (typeof node !== "object" || node === null) return 1;
    const before = known.get(node);
    if (before !== undefined) return before;
    // A recursive schema is as deep as the value, and may branch at every level.
    if (open.has(node) || depth > DEEPEST) return Infinity;
    open.add(node);
    // Even a short text can keep a pattern busy for hours.
    let nodes = runsPattern(node) ? Infinity : 1;
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

/** Whether a node has a pattern, unless `pattern` is the name of a property. The format `url` is a pattern that backtracks at every colon. */
function runsPattern(node: object): boolean {
  const { pattern, patternProperties, format } = node as JsonObject;
  return typeof pattern === "string" || patternProperties !== undefined || format === "url";
}

function isReference(key: string): boolean {
  return key === "$ref" || key === "$dynamicRef" || key === "$recursiveRef";
}

/** Resolves a reference within the schema (RFC 6901 §6). Returns undefined for other references. */
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

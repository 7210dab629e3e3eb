/** The rules for `x-mcp-header` in a tool's input schema (revision 2026-07-28). A client must not offer a tool that violates them. */
import { isObject } from "../json-schema/json.ts";

const KEYWORD = "x-mcp-header";
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const TYPES = new Set<unknown>(["string", "integer", "boolean"]);
const DEEPEST = 64;

/**
 * Returns a description of the first violated rule, or null. A declaration is allowed only on a string, integer or boolean property that is
 * reached through `properties` alone. Its name must be a header token (RFC 9110 §5.6.2) and unique, ignoring case.
 */
export function findHeaderFault(inputSchema: unknown): string | null {
  return visit(inputSchema, { names: new Set(), isProperty: false, isReachable: true, depth: 0 });
}

interface Place {
  names: Set<string>;
  isProperty: boolean;
  isReachable: boolean;
  depth: number;
}

function visit(node: unknown, place: Place): string | null {
  if (typeof node !== "object" || node === null || place.depth > DEEPEST) return null;
  if (isObject(node) && Object.hasOwn(node, KEYWORD)) {
    const fault = checkDeclaration(node[KEYWORD], node["type"], place);
    if (fault) return fault;
  }
  const depth = place.depth + 1;
  for (const [key, child] of Object.entries(node)) {
    // Property names are not keywords, and examples are not schemas.
    if (["default", "const", "enum", "examples", KEYWORD].includes(key)) continue;
    const isProperties = key === "properties" && isObject(child);
    const branches = isProperties ? Object.values(child) : [child];
    for (const branch of branches) {
      const isReachable = place.isReachable && isProperties;
      const fault = visit(branch, { ...place, isProperty: isProperties, isReachable, depth });
      if (fault) return fault;
    }
  }
  return null;
}

function checkDeclaration(name: unknown, type: unknown, place: Place): string | null {
  if (!place.isReachable || !place.isProperty) return `${KEYWORD} stands where it is not allowed.`;
  if (typeof name !== "string" || !TOKEN.test(name)) return `${KEYWORD} is not a header name.`;
  if (!TYPES.has(type)) return `${KEYWORD} needs a string, integer or boolean property.`;
  if (place.names.has(name.toLowerCase())) return `${KEYWORD} names "${name}" twice.`;
  place.names.add(name.toLowerCase());
  return null;
}

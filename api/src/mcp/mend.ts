/**
 * Makes results that break the protocol in small ways acceptable before the SDK checks them, so that one odd tool or one odd
 * content block does not cost the whole answer (S4, D10). What was changed is told in `_meta` under `NOTES_KEY`.
 */
import { isSpecType } from "@modelcontextprotocol/client";
import { findHeaderFault } from "./header-params.ts";
import { isObject } from "./json.ts";
import type { JsonObject } from "./json.ts";
import type { Era } from "./era-cache.ts";

/** Under this key of a result's `_meta` stands what was mended: an array of sentences. */
export const NOTES_KEY = "gatehouse/notes";

const LONGEST_TOOL_NAME = 256;
const HINTS = ["readOnlyHint", "destructiveHint", "idempotentHint", "openWorldHint"];

/** The result of `method`, mended if it needs it. A result that cannot be mended is left for the SDK to refuse. */
export function mendResult(method: string, result: JsonObject, era: Era): JsonObject {
  // Assumed where it is not said (revision 2026-07-28); the SDK refuses such a result.
  const whole = era === "modern" ? { resultType: "complete", ...result } : result;
  if (method === "tools/list") return mendToolList(whole, era);
  if (method === "tools/call") return mendToolResult(whole, era);
  return whole;
}

function mendToolList(result: JsonObject, era: Era): JsonObject {
  if (!Array.isArray(result["tools"])) return result;
  const notes: string[] = [];
  const tools = result["tools"].flatMap((raw: unknown) => mendTool(raw, era, notes));
  // The cache hints are required since 2026-07-28, but a list without them is as good.
  const mended: JsonObject = { ttlMs: 0, cacheScope: "private", ...result, tools };
  const cursor = result["nextCursor"];
  if (typeof cursor !== "string" || cursor === "") delete mended["nextCursor"];
  return withNotes(mended, notes);
}

function mendTool(raw: unknown, era: Era, notes: string[]): JsonObject[] {
  const name = isObject(raw) ? raw["name"] : null;
  if (!isObject(raw) || typeof name !== "string" || name === "") {
    notes.push("A tool without a name was left out.");
    return [];
  }
  if (name.length > LONGEST_TOOL_NAME) {
    notes.push(`A tool with a name of ${name.length} characters was left out.`);
    return [];
  }
  const fault = era === "modern" ? findHeaderFault(raw["inputSchema"]) : null;
  if (fault) {
    notes.push(`The tool "${name}" was left out: ${fault}`);
    return [];
  }
  const tool: JsonObject = { name, inputSchema: mendInputSchema(raw["inputSchema"], name, notes) };
  if (typeof raw["title"] === "string") tool["title"] = raw["title"];
  if (typeof raw["description"] === "string") tool["description"] = raw["description"];
  if (isObject(raw["outputSchema"])) tool["outputSchema"] = dropOddMembers(raw["outputSchema"]);
  if (isObject(raw["annotations"])) tool["annotations"] = mendAnnotations(raw["annotations"]);
  return [tool];
}

function mendInputSchema(schema: unknown, name: string, notes: string[]): JsonObject {
  if (!isObject(schema)) {
    notes.push(`The tool "${name}" declares no input schema; any object is taken.`);
    return { type: "object" };
  }
  return { ...dropOddMembers(schema), type: "object" };
}

/** Drops members whose very shape the SDK refuses; what they would say cannot be understood anyway. */
function dropOddMembers(schema: JsonObject): JsonObject {
  const clean = { ...schema };
  if ("$schema" in clean && typeof clean["$schema"] !== "string") delete clean["$schema"];
  if ("properties" in clean && !isObject(clean["properties"])) delete clean["properties"];
  const { required } = clean;
  if (Array.isArray(required)) {
    clean["required"] = required.filter((key: unknown) => typeof key === "string");
  } else {
    delete clean["required"];
  }
  return clean;
}

function mendAnnotations(annotations: JsonObject): JsonObject {
  const clean: JsonObject = {};
  if (typeof annotations["title"] === "string") clean["title"] = annotations["title"];
  for (const hint of HINTS) {
    if (typeof annotations[hint] === "boolean") clean[hint] = annotations[hint];
  }
  return clean;
}

function mendToolResult(result: JsonObject, era: Era): JsonObject {
  if (result["resultType"] !== undefined && result["resultType"] !== "complete") return result;
  if ("task" in result) return result;
  const { content, isError, structuredContent } = result;
  const mended: JsonObject = { ...result, content: mendContents(content ?? result["toolResult"]) };
  if (isError !== undefined) mended["isError"] = isError === true;
  if (structuredContent === null) delete mended["structuredContent"];
  // Only objects are allowed before 2026-07-28; the SDK's servers wrap anything else in the same way.
  else if (era === "legacy" && structuredContent !== undefined && !isObject(structuredContent)) {
    mended["structuredContent"] = { result: structuredContent };
  }
  return mended;
}

/** `toolResult` is what the revision 2024-10-07 had in place of content: any JSON. */
function mendContents(content: unknown): unknown[] {
  if (content === undefined || content === null) return [];
  return Array.isArray(content) ? content.map(mendContent) : [mendContent(content)];
}

function mendContent(block: unknown): unknown {
  if (isSpecType.ContentBlock(block)) return block;
  if (isObject(block)) {
    const guess = { mimeType: "application/octet-stream", annotations: undefined, ...block };
    const bare = { ...guess, annotations: undefined, _meta: undefined };
    if (isSpecType.ContentBlock(bare)) return bare;
  }
  const kind = isObject(block) && typeof block["type"] === "string" ? block["type"] : "unknown";
  return { type: "text", text: `[Content of the type "${kind}", as it came]\n${toText(block)}` };
}

function toText(value: unknown): string {
  return JSON.stringify(value, null, 2) ?? "";
}

function withNotes(result: JsonObject, notes: string[]): JsonObject {
  const meta = isObject(result["_meta"]) ? result["_meta"] : {};
  return { ...result, _meta: { ...meta, [NOTES_KEY]: notes } };
}

/**
 * Corrects minor protocol violations in results before the SDK validates them, so that one invalid tool or content block does not make the
 * whole result unusable (S4, D10).
 */
import { isSpecType } from "@modelcontextprotocol/client";
import { isTooDeep } from "../json-schema/json-size.ts";
import { isObject } from "../json-schema/json.ts";
import type { JsonObject } from "../json-schema/json.ts";
import type { Era } from "../protocol-era.ts";
import { normalizeDiscovery, normalizeInitialization } from "./normalize-handshake.ts";
import { normalizeCacheHints, normalizeList, NOTES_KEY } from "./normalize-lists.ts";

const TOO_DEEP = "[This content is nested too deeply and was omitted.]";

/** The maximum number of content blocks, messages or contents in a result. */
const MOST_PARTS = 1_000;
const CONTENT_TYPES = new Set<unknown>(["text", "image", "audio", "resource_link", "resource"]);
/** Longer JSON is written without indentation, which could multiply its size. */
const MOST_INDENTED = 10_000;

/** Returns the result of `method`, corrected if necessary. A result that cannot be corrected is left unchanged and rejected by the SDK. */
export function normalizeResult(method: string, result: JsonObject, era: Era): JsonObject {
  // The default if it is missing (revision 2026-07-28). The SDK would reject such a result.
  const whole =
    era === "modern" ? { ...result, resultType: result["resultType"] ?? "complete" } : result;
  if (method === "initialize") return normalizeInitialization(result);
  if (method === "server/discover") return normalizeDiscovery(result);
  if (method === "tools/call") return normalizeToolResult(whole, era);
  if (isIncomplete(whole)) return whole;
  if (method === "resources/read") return normalizeResourceContents(whole, era);
  if (method === "prompts/get") return normalizePromptMessages(whole);
  return normalizeList(method, whole, era) ?? whole;
}

/** An elicitation, or a result type of a later revision. */
function isIncomplete({ resultType }: JsonObject): boolean {
  return resultType !== undefined && resultType !== "complete";
}

/** Contents that are neither text nor Base64 are removed. A single one is also accepted without an array. */
function normalizeResourceContents(result: JsonObject, era: Era): JsonObject {
  const { contents } = result;
  const parts = Array.isArray(contents) ? contents : isObject(contents) ? [contents] : [];
  const kept = parts.slice(0, MOST_PARTS).flatMap((part: unknown): JsonObject[] => {
    if (!isObject(part) || typeof part["uri"] !== "string") return [];
    const { uri, mimeType, text, blob } = part;
    const kind = typeof mimeType === "string" ? { mimeType } : {};
    if (typeof text === "string") return [{ uri, ...kind, text }];
    return isBase64(blob) ? [{ uri, ...kind, blob }] : [];
  });
  const mended = { ...normalizeCacheHints(result, era), contents: kept };
  return addNote(mended, describeRest(parts.length, "contents"));
}

/** A message contains one content block, so a message with several is split. */
function normalizePromptMessages(result: JsonObject): JsonObject {
  const { messages, description } = result;
  if (!Array.isArray(messages)) return result;
  const mended: JsonObject = {
    ...result,
    messages: normalizeMessages(messages),
  };
  if (typeof description !== "string") delete mended["description"];
  return mended;
}

function normalizeMessages(messages: readonly unknown[]): JsonObject[] {
  const mended: JsonObject[] = [];
  for (const message of messages.slice(0, MOST_PARTS).filter(isObject)) {
    const role = message["role"] === "assistant" ? "assistant" : "user";
    const blocks = normalizeContents(message["content"], MOST_PARTS - mended.length);
    for (const content of blocks) mended.push({ role, content });
  }
  return mended;
}

/** According to `atob`. The SDK rejects a whole result with invalid Base64. */
function isBase64(value: unknown): value is string {
  return typeof value === "string" && /^[A-Za-z0-9+/\s]*(?:={1,2}\s*)?$/.test(value);
}

function normalizeToolResult(result: JsonObject, era: Era): JsonObject {
  if (result["task"] !== undefined && result["task"] !== null) return result;
  if (isIncomplete(result)) {
    // A result with content is complete, whatever it is called (regressions I6).
    const isNamedOtherwise = result["resultType"] !== "input_required" && hasContent(result);
    return isNamedOtherwise
      ? normalizeToolResult({ ...result, resultType: "complete" }, era)
      : result;
  }
  const { content, isError, structuredContent } = result;
  const given = content ?? result["toolResult"];
  const note = describeRest(Array.isArray(given) ? given.length : 0, "content blocks");
  const mended = addNote({ ...result, content: normalizeContents(given) }, note);
  if (isError !== undefined) mended["isError"] = isError === true;
  if (structuredContent === null) delete mended["structuredContent"];
  // Before 2026-07-28 only objects are allowed. Servers built with the official SDKs wrap other values in the same way.
  else if (era === "legacy" && structuredContent !== undefined && !isObject(structuredContent)) {
    mended["structuredContent"] = { result: structuredContent };
  }
  if (isTooDeep(structuredContent)) {
    delete mended["structuredContent"];
    mended["content"] = [
      ...normalizeContents(given, MOST_PARTS - 1),
      { type: "text", text: TOO_DEEP },
    ];
  }
  return mended;
}

function hasContent({ content }: JsonObject): boolean {
  return Array.isArray(content) || typeof content === "string";
}

/** In revision 2024-10-07 the result was in `toolResult`, as any JSON value. */
function normalizeContents(content: unknown, most = MOST_PARTS): unknown[] {
  if (content === undefined || content === null) return [];
  if (typeof content === "string") return [{ type: "text", text: content }];
  const blocks: unknown[] = Array.isArray(content) ? content : [content];
  return blocks.slice(0, most).map(normalizeContent);
}

function describeRest(all: number, kind: string): string | null {
  if (all <= MOST_PARTS) return null;
  return `Only the first ${MOST_PARTS} of ${all} ${kind} were kept.`;
}

/** Only Gatehouse writes the notes. Values from the server under their key are removed. */
function addNote(result: JsonObject, note: string | null): JsonObject {
  const meta = isObject(result["_meta"]) ? result["_meta"] : {};
  if (note !== null) return { ...result, _meta: { ...meta, [NOTES_KEY]: [note] } };
  if (!(NOTES_KEY in meta)) return { ...result };
  const { [NOTES_KEY]: _, ...rest } = meta;
  return { ...result, _meta: rest };
}

function normalizeContent(block: unknown): unknown {
  if (isPlainText(block)) return block;
  if (isTooDeep(block)) return { type: "text", text: TOO_DEEP };
  const isKnown = isObject(block) && CONTENT_TYPES.has(block["type"]);
  if (isKnown && isSpecType.ContentBlock(block)) return block;
  if (isKnown) {
    const guess = { mimeType: "application/octet-stream", annotations: undefined, ...block };
    const bare = { ...guess, annotations: undefined, _meta: undefined };
    if (isSpecType.ContentBlock(bare)) return bare;
  }
  const kind = isObject(block) && typeof block["type"] === "string" ? block["type"] : "unknown";
  return { type: "text", text: `[Unchanged content of the type "${kind}"]\n${toText(block)}` };
}

/** A quick check for the most common content, without a schema. */
function isPlainText(block: unknown): boolean {
  if (!isObject(block) || block["type"] !== "text" || typeof block["text"] !== "string")
    return false;
  return Object.keys(block).length === 2;
}

function toText(value: unknown): string {
  const text = JSON.stringify(value) ?? "";
  return text === "" || text.length > MOST_INDENTED ? text : JSON.stringify(value, null, 2);
}

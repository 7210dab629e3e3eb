/** Corrects minor protocol violations in lists, so that one invalid entry does not make the whole list unusable (S4, D10). */
import type { Era } from "../protocol-era.ts";
import { findHeaderFault } from "./header-params.ts";
import { isTooDeep } from "../json-schema/json-size.ts";
import { isObject } from "../json-schema/json.ts";
import type { JsonObject } from "../json-schema/json.ts";
import { Notes } from "./repair-notes.ts";

/** The key in a result's `_meta` for the messages about corrections, an array of strings. */
export const NOTES_KEY = "gatehouse/notes";
/** The key for the number of further messages. */
export const MORE_NOTES_KEY = "gatehouse/more-notes";

const LONGEST_NAME = 256;
const LONGEST_URI = 8_192;
const HINTS = ["readOnlyHint", "destructiveHint", "idempotentHint", "openWorldHint"];

type NormalizeItem = (raw: unknown, era: Era, notes: Notes) => JsonObject[];

const lists: Record<string, { member: string; mend: NormalizeItem }> = {
  "tools/list": { member: "tools", mend: normalizeTool },
  "resources/list": {
    member: "resources",
    mend: (raw, _era, notes) => normalizeResource(raw, "resource", "uri", notes),
  },
  "resources/templates/list": {
    member: "resourceTemplates",
    mend: (raw, _era, notes) => normalizeResource(raw, "resource template", "uriTemplate", notes),
  },
  "prompts/list": { member: "prompts", mend: normalizePrompt },
};

/** Returns null if `method` does not return a list or the result contains none. */
export function normalizeList(method: string, result: JsonObject, era: Era): JsonObject | null {
  const list = lists[method];
  const given = list && result[list.member];
  const items = given === null ? [] : given;
  if (!list || !Array.isArray(items)) return null;
  const notes = new Notes();
  const kept = items.flatMap((raw: unknown) => list.mend(raw, era, notes));
  const mended: JsonObject = { ...normalizeCacheHints(result, era), [list.member]: kept };
  const cursor = result["nextCursor"];
  // An empty cursor is one since 2026-07-28; before, servers used it for the end of the list (regressions I8).
  const isCursor = typeof cursor === "string" && (cursor !== "" || era === "modern");
  if (!isCursor) delete mended["nextCursor"];
  const meta = isObject(result["_meta"]) ? result["_meta"] : {};
  return { ...mended, _meta: { ...meta, [NOTES_KEY]: notes.kept, [MORE_NOTES_KEY]: notes.more } };
}

/** The cache hints are required since 2026-07-28. A result without them is treated as immediately stale. */
export function normalizeCacheHints(result: JsonObject, era: Era): JsonObject {
  const { ttlMs, cacheScope, ...rest } = result;
  const isTtl = Number.isSafeInteger(ttlMs) && Number(ttlMs) >= 0;
  if (era === "legacy") return isTtl ? { ...rest, ttlMs } : rest;
  return {
    ...rest,
    ttlMs: isTtl ? ttlMs : 0,
    cacheScope: cacheScope === "public" ? "public" : "private",
  };
}

/** PostgreSQL cannot store NUL characters or lone surrogates, and names are included in events. */
function isFitName(name: unknown, longest = LONGEST_NAME): name is string {
  if (typeof name !== "string" || name === "" || name.length > longest) return false;
  return name.isWellFormed() && !name.includes("\0");
}

function describeUnfit(kind: string, member: string, value: unknown): string {
  if (typeof value !== "string" || value === "")
    return `A ${kind} without a ${member} was left out.`;
  const fault =
    value.length > LONGEST_NAME ? `of ${value.length} characters` : "that is not a string";
  return `A ${kind} with a ${member} ${fault} was left out.`;
}

/** Returns the members that contain text. */
function pickText(raw: JsonObject, ...members: string[]): JsonObject {
  return Object.fromEntries(
    members
      .filter((member) => typeof raw[member] === "string")
      .map((member) => [member, raw[member]]),
  );
}

function normalizeResource(
  raw: unknown,
  kind: string,
  address: string,
  notes: Notes,
): JsonObject[] {
  const uri = isObject(raw) ? raw[address] : null;
  if (!isObject(raw) || !isFitName(uri, LONGEST_URI)) {
    notes.add(describeUnfit(kind, address, uri));
    return [];
  }
  const text = pickText(raw, "name", "title", "description", "mimeType");
  const size = isSize(raw["size"]) ? { size: raw["size"] } : {};
  return [{ name: uri, ...text, ...size, [address]: uri }];
}

/** In bytes. JSON can contain numbers that are infinite when they are read, such as 1e999. */
function isSize(size: unknown): size is number {
  return typeof size === "number" && size >= 0 && Number.isFinite(size);
}

function normalizePrompt(raw: unknown, _era: Era, notes: Notes): JsonObject[] {
  const name = isObject(raw) ? raw["name"] : null;
  if (!isObject(raw) || !isFitName(name)) {
    notes.add(describeUnfit("prompt", "name", name));
    return [];
  }
  const declared = Array.isArray(raw["arguments"]) ? raw["arguments"] : [];
  const args = declared.flatMap((argument: unknown) => {
    if (!isObject(argument) || !isFitName(argument["name"])) {
      notes.add(`An argument without a name was left out of the prompt "${name}".`);
      return [];
    }
    const required = argument["required"] === true;
    return [{ ...pickText(argument, "name", "title", "description"), required }];
  });
  return [{ ...pickText(raw, "title", "description"), name, arguments: args }];
}

function normalizeTool(raw: unknown, era: Era, notes: Notes): JsonObject[] {
  const name = isObject(raw) ? raw["name"] : null;
  if (!isObject(raw) || !isFitName(name)) {
    notes.add(describeUnfit("tool", "name", name));
    return [];
  }
  if (isTooDeep(raw)) {
    notes.add(`The tool "${name}" was left out: it is nested too deeply.`);
    return [];
  }
  const fault = era === "modern" ? findHeaderFault(raw["inputSchema"]) : null;
  if (fault) {
    notes.add(`The tool "${name}" was left out: ${fault}`);
    return [];
  }
  const tool: JsonObject = {
    name,
    inputSchema: normalizeInputSchema(raw["inputSchema"], name, notes),
  };
  if (typeof raw["title"] === "string") tool["title"] = raw["title"];
  if (typeof raw["description"] === "string") tool["description"] = raw["description"];
  if (isObject(raw["outputSchema"])) tool["outputSchema"] = dropOddMembers(raw["outputSchema"]);
  if (isObject(raw["annotations"])) tool["annotations"] = normalizeAnnotations(raw["annotations"]);
  return [tool];
}

function normalizeInputSchema(schema: unknown, name: string, notes: Notes): JsonObject {
  if (!isObject(schema)) {
    notes.add(`The tool "${name}" declares no input schema. Any object is accepted.`);
    return { type: "object" };
  }
  return { ...dropOddMembers(schema), type: "object" };
}

/** Removes members that the SDK would reject because of their type; their meaning is unknown anyway. */
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

function normalizeAnnotations(annotations: JsonObject): JsonObject {
  const clean: JsonObject = {};
  if (typeof annotations["title"] === "string") clean["title"] = annotations["title"];
  for (const hint of HINTS) {
    if (typeof annotations[hint] === "boolean") clean[hint] = annotations[hint];
  }
  return clean;
}

/**
 * Corrects the envelope of JSON-RPC messages before the SDK validates it, because the SDK rejects a whole message for one invalid member
 * (regressions I5, I6). Returns the same object if nothing has to be corrected.
 */
import type { RequestId } from "@modelcontextprotocol/client";
import { isObject } from "../json-schema/json.ts";
import type { JsonObject } from "../json-schema/json.ts";

/** The code of an error that has none (JSON-RPC 2.0, section 5.1: Internal error). */
const INTERNAL_ERROR = -32_603;

/**
 * @param value a message, or a batch of messages (MCP 2025-03-26)
 * @param requestId the request that the message responds to, if only one is possible
 */
export function normalizeMessage(value: unknown, requestId: RequestId | undefined): unknown {
  if (Array.isArray(value)) return value.map((one) => normalizeMessage(one, requestId));
  if (!isObject(value)) return value;
  return typeof value["method"] === "string"
    ? normalizeCall(value)
    : normalizeResponse(value, requestId);
}

function normalizeResponse(message: JsonObject, requestId: RequestId | undefined): JsonObject {
  const { jsonrpc, id, result, error } = message;
  const hasError = error !== undefined && error !== null;
  if (!hasError && !("result" in message)) return message;
  const clean = hasError
    ? { jsonrpc: "2.0", id: matchId(id, requestId), error: normalizeError(error) }
    : { jsonrpc: "2.0", id: matchId(id, requestId), result: normalizeResult(result) };
  const isSame =
    jsonrpc === "2.0" &&
    hasOnly(message, responseMembers) &&
    id === clean.id &&
    !("result" in message && "error" in message) &&
    (hasError ? error === clean.error : result === clean.result);
  if (isSame) return message;
  // An error without an ID is allowed, but not one that is null or undefined.
  const { id: matched, ...rest } = clean;
  return matched === undefined ? rest : { ...rest, id: matched };
}

/** Some servers return a number as a string, or null although they answer the request. */
function matchId(id: unknown, requestId: RequestId | undefined): RequestId | undefined {
  const isId = typeof id === "string" || typeof id === "number";
  if (requestId === undefined) return isId ? id : undefined;
  if (id === null || id === undefined) return requestId;
  if (!isId) return undefined;
  return String(id) === String(requestId) ? requestId : id;
}

function normalizeResult(result: unknown): JsonObject {
  if (result === null || result === undefined) return {};
  // Only the result of a tool has a meaning without its envelope.
  return isObject(result) ? dropNullMeta(result) : { content: result };
}

function normalizeError(error: unknown): JsonObject {
  if (!isObject(error)) return { code: INTERNAL_ERROR, message: describe(error) };
  const { code, message } = error;
  if (Number.isSafeInteger(code) && typeof message === "string") return error;
  const number = typeof code === "string" && code.trim() !== "" ? Number(code) : code;
  return {
    ...error,
    code: Number.isSafeInteger(number) ? number : INTERNAL_ERROR,
    message: describe(message),
  };
}

const responseMembers: ReadonlySet<string> = new Set(["jsonrpc", "id", "result", "error"]);
const callMembers: ReadonlySet<string> = new Set(["jsonrpc", "id", "method", "params"]);

/** The SDK rejects a message with any other member. */
function hasOnly(message: JsonObject, members: ReadonlySet<string>): boolean {
  return Object.keys(message).every((name) => members.has(name));
}

function describe(text: unknown): string {
  return typeof text === "string" ? text : "";
}

/** A request or notification of the server. */
function normalizeCall(message: JsonObject): JsonObject {
  const { jsonrpc, params, id } = message;
  const clean = isObject(params) ? normalizeParams(message["method"], params) : undefined;
  const isFit = params === undefined || clean === params;
  if (jsonrpc === "2.0" && isFit && id !== null && hasOnly(message, callMembers)) return message;
  return {
    jsonrpc: "2.0",
    method: message["method"],
    ...(id === undefined || id === null ? {} : { id }),
    ...(clean === undefined ? {} : { params: clean }),
  };
}

function normalizeParams(method: unknown, params: JsonObject): JsonObject {
  const clean = dropNullMeta(params);
  return method === "notifications/progress" ? normalizeProgress(clean) : clean;
}

/** A progress notification whose numbers are strings, or whose optional members are null. */
function normalizeProgress(params: JsonObject): JsonObject {
  const { progress, total, message, ...rest } = params;
  const isFit =
    isNumber(progress) &&
    (total === undefined || isNumber(total)) &&
    (message === undefined || typeof message === "string");
  if (isFit) return params;
  const amount = toNumber(progress);
  const whole = toNumber(total);
  return {
    ...rest,
    progress: amount ?? 0,
    ...(whole === null ? {} : { total: whole }),
    ...(typeof message === "string" ? { message } : {}),
  };
}

/** JSON can contain numbers that are infinite when they are read, such as 1e999. */
function isNumber(value: unknown): value is number {
  return typeof value === "number" && Number.isFinite(value);
}

function toNumber(value: unknown): number | null {
  const number = typeof value === "string" && value.trim() !== "" ? Number(value) : value;
  return isNumber(number) ? number : null;
}

function dropNullMeta(holder: JsonObject): JsonObject {
  if (!("_meta" in holder) || isObject(holder["_meta"])) return holder;
  const { _meta, ...rest } = holder;
  return rest;
}

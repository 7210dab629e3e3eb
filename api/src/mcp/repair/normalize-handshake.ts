/** Corrects the results of `initialize` and `server/discover`, so that one invalid member does not make a server unusable (regressions I5). */
import { isSpecType } from "@modelcontextprotocol/client";
import { isObject } from "../json-schema/json.ts";
import type { JsonObject } from "../json-schema/json.ts";
import { normalizeCacheHints } from "./normalize-lists.ts";

/** The revision to assume if a server names none (MCP 2025-11-25, protocol version header). */
const DEFAULT_VERSION = "2025-03-26";

/** The result of `initialize`. */
export function normalizeInitialization(result: JsonObject): JsonObject {
  const { protocolVersion, instructions, serverInfo, capabilities, ...rest } = result;
  const version = typeof protocolVersion === "string" ? protocolVersion : DEFAULT_VERSION;
  return {
    ...rest,
    protocolVersion: version,
    capabilities: normalizeCapabilities(capabilities),
    serverInfo: normalizeServerInfo(serverInfo),
    ...(typeof instructions === "string" ? { instructions } : {}),
  };
}

/** The result of `server/discover`. Without a list of versions it proves nothing and is left unchanged. */
export function normalizeDiscovery(result: JsonObject): JsonObject {
  const { supportedVersions, instructions, capabilities, resultType, ...rest } = result;
  const given: unknown[] = Array.isArray(supportedVersions)
    ? supportedVersions
    : [supportedVersions];
  const versions = given.filter((version) => typeof version === "string");
  if (versions.length === 0) return result;
  return {
    ...normalizeCacheHints(rest, "modern"),
    resultType: resultType ?? "complete",
    supportedVersions: versions,
    capabilities: normalizeCapabilities(capabilities),
    ...(typeof instructions === "string" ? { instructions } : {}),
  };
}

/** Each capability is an object. One that is something else, or has an invalid member, is declared without members. */
function normalizeCapabilities(capabilities: unknown): JsonObject {
  if (!isObject(capabilities)) return {};
  return Object.fromEntries(
    Object.entries(capabilities)
      .filter(([, value]) => isObject(value) || value === true)
      .map(([name, value]) =>
        isSpecType.ServerCapabilities({ [name]: value }) ? [name, value] : [name, {}],
      ),
  );
}

/** An empty name means that the server does not identify itself. */
function normalizeServerInfo(info: unknown): JsonObject {
  const { name, version, title } = isObject(info) ? info : {};
  return {
    name: typeof name === "string" ? name : "",
    version: typeof version === "string" || typeof version === "number" ? String(version) : "",
    ...(typeof title === "string" ? { title } : {}),
  };
}

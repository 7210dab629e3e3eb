import { readJsonc } from "./read-jsonc.ts";

/** A header of a server. `value` may be a secret: it is sent to Gatehouse and never shown. */
export type ConfigHeader = {
  name: string;
  value: string;
  /** `${input:key}`, `${env:KEY}` and the like: what the person has to fill in. */
  placeholders: string[];
};

export type ConfigEntry =
  | { kind: "remote"; name: string; url: string; headers: ConfigHeader[] }
  /** Runs as a program on the person's machine. */
  | { kind: "local"; name: string; command: string }
  | { kind: "faulty"; name: string; message: string };

export type ConfigReading = { ok: true; entries: ConfigEntry[] } | { ok: false; message: string };

const placeholder = /\$\{(?:(?:input|env|secret):)?[\w.-]+(?::-[^}]*)?\}/g;

/**
 * The servers of an mcp.json as Claude, Cursor, VS Code (`servers`, or `mcp.servers` in its settings) and Cline
 * write it. One faulty entry spoils no other.
 */
export function readConfig(text: string): ConfigReading {
  const json = readJsonc(text);
  if (!json.ok) return json;
  const servers = findServers(json.value);
  if (!servers) {
    return {
      ok: false,
      message: 'There are no servers in it. They stand under "mcpServers" or "servers".',
    };
  }
  const entries = Object.entries(servers).map(([name, entry]) => readEntry(name, entry));
  return entries.length > 0
    ? { ok: true, entries }
    : { ok: false, message: "The list of servers is empty." };
}

function findServers(value: unknown): Record<string, unknown> | undefined {
  const root = asObject(value);
  if (!root) return undefined;
  const nested = asObject(root["mcp"]);
  for (const list of [root["mcpServers"], root["servers"], nested?.["servers"]]) {
    const servers = asObject(list);
    if (servers) return servers;
  }
  // A bare list: every value looks like a server.
  const values = Object.values(root).map(asObject);
  const isBare = values.length > 0 && values.every((each) => each && looksLikeServer(each));
  return isBare ? root : undefined;
}

function looksLikeServer(entry: Record<string, unknown>): boolean {
  return ["url", "serverUrl", "httpUrl", "command"].some((key) => typeof entry[key] === "string");
}

function readEntry(name: string, value: unknown): ConfigEntry {
  const entry = asObject(value);
  if (!entry) return { kind: "faulty", name, message: "It is not an object." };
  const url = entry["url"] ?? entry["serverUrl"] ?? entry["httpUrl"];
  if (typeof url === "string") return readRemote(name, url, readHeaders(entry));
  if (typeof entry["command"] !== "string") {
    return { kind: "faulty", name, message: "It has neither a URL nor a command." };
  }
  const args = asStrings(entry["args"]);
  return (
    readBridge(name, args, asObject(entry["env"])) ?? {
      kind: "local",
      name,
      // Its arguments may hold secrets: the program alone is enough to know it by.
      command: entry["command"].split(/[\\/]/).at(-1) ?? entry["command"],
    }
  );
}

/** `npx mcp-remote URL --header "Name: value"`: a program here, but only to reach a server elsewhere. */
function readBridge(
  name: string,
  args: string[],
  env: Record<string, unknown> | undefined,
): ConfigEntry | undefined {
  const at = args.findIndex((arg) => /^(mcp-remote|supergateway)(@|$)/.test(arg));
  const url = at < 0 ? undefined : args.slice(at + 1).find((arg) => /^https?:\/\//i.test(arg));
  if (!url) return undefined;
  const headers = args.flatMap((arg, index) => {
    const line = args[index - 1] === "--header" ? /^([^:\s]+)\s*:\s*(.*)$/.exec(arg) : null;
    return line?.[1] && line[2] !== undefined ? [[line[1], fillFrom(env, line[2])] as const] : [];
  });
  return readRemote(name, url, Object.fromEntries(headers));
}

function fillFrom(env: Record<string, unknown> | undefined, text: string): string {
  return text.replace(/\$\{(\w+)\}/g, (whole, key: string) => {
    const value = env?.[key];
    return typeof value === "string" ? value : whole;
  });
}

function readHeaders(entry: Record<string, unknown>): Record<string, unknown> {
  const requestInit = asObject(entry["requestInit"]);
  return asObject(entry["headers"]) ?? asObject(requestInit?.["headers"]) ?? {};
}

function readRemote(name: string, url: string, headers: Record<string, unknown>): ConfigEntry {
  if (url.match(placeholder)) {
    const message = "Its URL has a placeholder. Put the real value there first.";
    return { kind: "faulty", name, message };
  }
  if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol)) {
    return { kind: "faulty", name, message: "Its URL is not one of a web server." };
  }
  const read = Object.entries(headers)
    .filter((header): header is [string, string] => typeof header[1] === "string")
    .map(([header, value]) => ({
      name: header,
      value,
      placeholders: [...new Set(value.match(placeholder))],
    }));
  return { kind: "remote", name, url, headers: read };
}

/** The header as it is sent, with what the person filled in for its placeholders. */
export function fillHeader(header: ConfigHeader, filled: Record<string, string>): string {
  return header.placeholders.reduce(
    (value, each) => value.replaceAll(each, () => filled[each] ?? ""),
    header.value,
  );
}

function asObject(value: unknown): Record<string, unknown> | undefined {
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : undefined;
}

function asStrings(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((each) => typeof each === "string") : [];
}

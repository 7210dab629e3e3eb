import type { CreateMcpServerInput } from "../../graphql/generated/graphql.ts";
import { fillHeader, type ConfigEntry } from "./read-config.ts";

type Remote = Extract<ConfigEntry, { kind: "remote" }>;

/** What would become of one entry. */
export type PlannedRow = { key: string; name: string } & (
  | { kind: "new"; entry: Remote }
  | { kind: "duplicate"; entry: Remote; reason: string }
  | { kind: "unusable"; reason: string }
);

const credentialName = /authorization|api[-_]?key|token|secret/i;

/** Entries beside the servers that are there: the same URL is not added twice. */
export function planImport(entries: ConfigEntry[], present: { url: string }[]): PlannedRow[] {
  const urls = new Set(present.map(({ url }) => normalizeUrl(url)));
  const seen = new Set<string>();
  return entries.map((entry, index) => {
    const row = { key: String(index), name: entry.name };
    if (entry.kind === "faulty") return { ...row, kind: "unusable", reason: entry.message };
    if (entry.kind === "local") {
      const reason = `Runs on your machine (${entry.command}): cannot be used here.`;
      return { ...row, kind: "unusable", reason };
    }
    const url = normalizeUrl(entry.url);
    if (urls.has(url)) return { ...row, kind: "duplicate", entry, reason: "Is here already." };
    if (seen.has(url)) {
      return { ...row, kind: "duplicate", entry, reason: "Has the same URL as one above." };
    }
    seen.add(url);
    return { ...row, kind: "new", entry };
  });
}

/** What still has to be filled in before this one can be created. */
export function findMissing(entry: Remote, filled: Record<string, string>): string[] {
  const wanted = new Set(entry.headers.flatMap((header) => header.placeholders));
  return [...wanted].filter((each) => !filled[each]);
}

export function toCreateInput(
  workspaceId: string,
  entry: Remote,
  filled: Record<string, string>,
): CreateMcpServerInput {
  const headers = entry.headers.map((header) => ({
    name: header.name,
    value: fillHeader(header, filled),
  }));
  return {
    workspaceId,
    name: entry.name.trim().slice(0, 100) || new URL(entry.url).host,
    url: entry.url,
    headers: headers.length > 0 ? headers : undefined,
    // Whoever brings a key wants it used; all else is found out by asking the server.
    authType: headers.some(({ name }) => credentialName.test(name)) ? "HEADERS" : undefined,
  };
}

function normalizeUrl(url: string): string {
  return URL.canParse(url) ? new URL(url).href.replace(/\/$/, "") : url;
}

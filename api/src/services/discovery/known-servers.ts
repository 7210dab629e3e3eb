/**
 * Well-known MCP servers, from public documentation. The entries are suggestions: detection always
 * asks the server itself.
 */
import { knownProviders } from "#oauth/known-providers.ts";
import { commerceServers } from "./known-servers/commerce-servers.ts";
import { developerServers } from "./known-servers/developer-servers.ts";
import { documentationServers } from "./known-servers/documentation-servers.ts";
import type { KnownServer } from "./known-servers/known-server.ts";
import { workplaceServers } from "./known-servers/workplace-servers.ts";

export type { KnownServer } from "./known-servers/known-server.ts";

/** By name. */
export const knownServers: readonly KnownServer[] = [
  ...commerceServers,
  ...developerServers,
  ...documentationServers,
  ...workplaceServers,
].toSorted((one, other) => one.name.localeCompare(other.name, "en"));

const byHost = new Map(knownServers.map((server) => [hostOf(server.url), server]));

/** The entry with the host of this URL; null if there is none or the text is not a URL. */
export function findKnownServer(url: string): KnownServer | null {
  return byHost.get(hostOf(url) ?? "") ?? null;
}

/** The entries whose name, host or purpose contains the text, ignoring case. All if it is blank. */
export function searchKnownServers(text: string): KnownServer[] {
  const wanted = text.trim().toLowerCase();
  return knownServers.filter(({ name, url, purpose }) =>
    [name, hostOf(url) ?? "", purpose].some((part) => part.toLowerCase().includes(wanted)),
  );
}

/**
 * The names of the deviations of its authorization server (`Deviations` in
 * `oauth/provider-profiles.ts`), in the order of the profile.
 */
export function listQuirks({ provider }: KnownServer): string[] {
  const profile = knownProviders.find(({ name }) => name === provider);
  return Object.keys(profile?.deviations ?? {});
}

function hostOf(url: string): string | null {
  return URL.parse(url)?.host ?? null;
}

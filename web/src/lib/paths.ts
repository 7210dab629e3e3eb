/** Addresses within the app. Ids and names are encoded: a tool may be called anything. */
export function serverPath(id: string): string {
  return `/s/${encodeURIComponent(id)}`;
}

export function toolPath(serverId: string, toolName: string): string {
  return `${serverPath(serverId)}/t/${encodeURIComponent(toolName)}`;
}

export function addPath(url: string): string {
  return url ? `/add?url=${encodeURIComponent(url)}` : "/add";
}

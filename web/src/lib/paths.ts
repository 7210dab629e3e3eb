/** Addresses within the app. Ids and names are encoded: a tool may be called anything. */
export function serverPath(id: string): string {
  return `/s/${encodeURIComponent(id)}`;
}

export function toolPath(serverId: string, toolName: string): string {
  return `${serverPath(serverId)}/t/${encodeURIComponent(toolName)}`;
}

export function invitePath(token: string): string {
  return `/invite/${encodeURIComponent(token)}`;
}

export function addPath(url: string): string {
  return url ? `/add?url=${encodeURIComponent(url)}` : "/add";
}

export function webhookPath(endpointId: string): string {
  return `/webhooks?endpoint=${encodeURIComponent(endpointId)}`;
}

export function diagnosePath(url: string): string {
  return `/diagnose?url=${encodeURIComponent(url)}`;
}

export function runPath(id: string): string {
  return `/runs/${encodeURIComponent(id)}`;
}

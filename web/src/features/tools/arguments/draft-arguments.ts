/** The arguments being written, kept for the tab's life: a consent in the same tab must not lose them. */
export type Draft = { mode: "form" | "json"; value: Record<string, unknown>; text: string };

function keyOf(serverId: string, toolName: string): string {
  return `gatehouse-arguments:${serverId}:${toolName}`;
}

function isDraft(value: unknown): value is Draft {
  if (typeof value !== "object" || value === null) return false;
  const { mode, value: fields, text } = value as Record<string, unknown>;
  const known = mode === "form" || mode === "json";
  return known && typeof text === "string" && typeof fields === "object" && fields !== null;
}

export function readDraft(storage: Storage, serverId: string, toolName: string): Draft | undefined {
  try {
    const parsed: unknown = JSON.parse(storage.getItem(keyOf(serverId, toolName)) ?? "null");
    return isDraft(parsed) ? parsed : undefined;
  } catch {
    return undefined;
  }
}

export function writeDraft(
  storage: Storage,
  serverId: string,
  toolName: string,
  draft: Draft,
): void {
  try {
    storage.setItem(keyOf(serverId, toolName), JSON.stringify(draft));
  } catch {
    // Storage is full or blocked: the draft lives as long as the page.
  }
}

import type { McpServer } from "@gatehouse/prisma";

/** What a change leaves behind that is no setting. */
const notSettings: ReadonlySet<string> = new Set([
  "configVersion",
  "updatedAt",
  "reachability",
  "reachabilityCheckedAt",
  "reachabilityMessage",
  // Their values tell of a change of names too.
  "headerNames",
] satisfies (keyof McpServer)[]);

/**
 * Names of the settings that differ, as the input has them; never a value.
 * @param written by this change: what somebody else changed meanwhile is not told as its doing
 */
export function listChangedSettings(
  before: McpServer,
  after: McpServer,
  written: Partial<Record<keyof McpServer, unknown>>,
): string[] {
  const columns = Object.keys(after) as (keyof McpServer)[];
  return columns.filter(
    (column) =>
      written[column] !== undefined &&
      !notSettings.has(column) &&
      !isSame(before[column], after[column]),
  );
}

function isSame(one: unknown, other: unknown): boolean {
  if (one instanceof Uint8Array && other instanceof Uint8Array)
    return Buffer.compare(one, other) === 0;
  return JSON.stringify(one) === JSON.stringify(other);
}

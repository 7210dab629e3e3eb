import type { McpServer } from "@gatehouse/prisma";

/** Columns of a change that are not settings. */
const notSettings: ReadonlySet<string> = new Set([
  "configVersion",
  "updatedAt",
  "reachability",
  "reachabilityCheckedAt",
  "reachabilityMessage",
  // Changes of names are reported by the values.
  "headerNames",
] satisfies (keyof McpServer)[]);

/**
 * The names of the settings that differ, as in the input; never their values.
 * @param written the columns that this change wrote; other differences were made by concurrent
 * changes and are not reported
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

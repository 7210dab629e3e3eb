/** The arguments of a call in the form in which they are stored, and their size. */
export interface WrittenArguments {
  /** JSON. */
  text: string;
  bytes: number;
}

const maxBytes = 1024 * 1024;
/** Validators and servers process arguments recursively, so deeply nested values could exhaust the stack. */
const maxDepth = 100;

/**
 * Serializes arguments, or rejects those that exceed the limits for all tools regardless of their schemas. `fault` is a message for the
 * caller.
 */
export function writeArguments(args: unknown): WrittenArguments | { fault: string } {
  if (isDeeperThan(args, maxDepth)) return { fault: `must not be nested deeper than ${maxDepth}` };
  const text = JSON.stringify(args);
  const bytes = Buffer.byteLength(text);
  return bytes > maxBytes
    ? { fault: `must not be larger than ${maxBytes} bytes` }
    : { text, bytes };
}

/** Iterative instead of recursive, because it protects the recursive code from deep nesting. */
function isDeeperThan(value: unknown, depth: number): boolean {
  let level: unknown[] = [value];
  for (let deep = 0; level.length > 0; deep += 1) {
    if (deep > depth) return true;
    const next: unknown[] = [];
    for (const part of level)
      if (typeof part === "object" && part !== null) {
        for (const inner of Object.values(part))
          if (typeof inner === "object" && inner !== null) next.push(inner);
      }
    level = next;
  }
  return false;
}

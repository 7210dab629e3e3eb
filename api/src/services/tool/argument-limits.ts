/** The arguments of a call as they are stored and counted. */
export interface WrittenArguments {
  /** JSON. */
  text: string;
  bytes: number;
}

const maxBytes = 1024 * 1024;
/** Validators and servers go through them by recursion. */
const maxDepth = 100;

/** What no tool is handed, whatever its schema says; a `fault` is in words for the caller. */
export function writeArguments(args: unknown): WrittenArguments | { fault: string } {
  if (isDeeperThan(args, maxDepth)) return { fault: `must not be nested deeper than ${maxDepth}` };
  const text = JSON.stringify(args);
  const bytes = Buffer.byteLength(text);
  return bytes > maxBytes
    ? { fault: `must not be larger than ${maxBytes} bytes` }
    : { text, bytes };
}

/** Without recursion: this is what keeps everybody else's in bounds. */
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

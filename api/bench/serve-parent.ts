import type { Reply } from "./child.ts";

/** The other end of `startChild`: answers the parent's questions until it lets go. */
export function serveParent<Answers extends Record<string, unknown>>(
  handlers: { [Kind in keyof Answers]: (request: never) => Answers[Kind] | Promise<Answers[Kind]> },
  onEnd: () => Promise<void> = async () => {},
): void {
  const reply = (message: Reply) => process.send?.(message);
  const answer = async (request: { kind: keyof Answers & string }) => {
    const { kind } = request;
    try {
      reply({ kind, answer: await handlers[kind](request as never) });
    } catch (error) {
      reply({ kind, error: error instanceof Error ? (error.stack ?? error.message) : "failed" });
    }
  };
  process.on("message", (request: { kind: keyof Answers & string }) => void answer(request));
  process.once("disconnect", () => void onEnd().finally(() => process.exit()));
}

/** Milliseconds of the system's monotonic clock, the same in all processes. */
export function readMonotonicMs(): number {
  const [seconds, nanoseconds] = process.hrtime();
  return seconds * 1e3 + nanoseconds / 1e6;
}

export interface Memory {
  heapBytes: number;
  rssBytes: number;
}

/** After a collection; the process runs with `--expose-gc`. */
export async function readMemory(): Promise<Memory> {
  for (let turn = 0; turn < 4; turn += 1) {
    globalThis.gc?.();
    await new Promise((resolve) => setImmediate(resolve));
  }
  const { heapUsed, rss } = process.memoryUsage();
  return { heapBytes: heapUsed, rssBytes: rss };
}

import type { Export } from "#services/event/exports.ts";
import type { ExportFormat } from "./export-format.ts";

export interface ExportStream {
  body: ReadableStream<Uint8Array>;
  /** Breaks it off. It is not closed: whoever reads must not take what came for the whole. */
  abort(reason: Error): void;
}

/**
 * The pages of an export as bytes. The next page is read when the reader has taken the one before: at most one waits here.
 * @param onOver called once, however it ends
 */
export function streamExport(
  { columns, pages }: Export,
  format: ExportFormat,
  onOver: () => void,
): ExportStream {
  const encoder = new TextEncoder();
  let over = false;
  let isFirst = true;
  let breakOff: (reason: Error) => void = () => {};
  const settle = (): boolean => {
    if (over) return false;
    over = true;
    onOver();
    return true;
  };
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      breakOff = (reason) => {
        if (!settle()) return;
        controller.error(reason);
        // What is being read is the last.
        pages.return().catch(() => {});
      };
      controller.enqueue(encoder.encode(format.begin(columns)));
    },
    async pull(controller) {
      try {
        // A page may be empty although there is more: an empty chunk would not be pulled after.
        for (;;) {
          const { done, value } = await pages.next();
          if (over) return;
          if (done) {
            controller.enqueue(encoder.encode(format.end));
            settle();
            return controller.close();
          }
          const text = format.write(value, columns, isFirst);
          if (text === "") continue;
          isFirst = false;
          return controller.enqueue(encoder.encode(text));
        }
      } catch (error) {
        if (settle()) throw error;
      }
    },
    cancel() {
      if (settle()) pages.return().catch(() => {});
    },
  });
  return { body, abort: (reason) => breakOff(reason) };
}

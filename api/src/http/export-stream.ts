import type { Export } from "#services/event/exports.ts";
import type { ExportFormat } from "./export-format.ts";

export interface ExportStream {
  body: ReadableStream<Uint8Array>;
  /**
   * Aborts the stream. It is not closed, so that the reader does not mistake the received part for
   * the complete file.
   */
  abort(reason: Error): void;
}

/**
 * Streams the pages of an export. The next page is read when the reader has consumed the previous
 * one, so at most one page is in memory.
 * @param onOver called once when the stream ends, in any way
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
        // The page that is being read is the last one.
        pages.return().catch(() => {});
      };
      controller.enqueue(encoder.encode(format.begin(columns)));
    },
    async pull(controller) {
      try {
        // A page can be empty although there are more, and an empty chunk would not trigger another
        // pull.
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

/**
 * Corrects event streams before the SDK reads them: every kind of line end (also a single CR, which HTML allows), batches in one event
 * (MCP 2025-03-26), and the envelopes of messages. Events that need no correction are forwarded as they are.
 */
import type { RequestId } from "@modelcontextprotocol/client";
import { normalizeMessage } from "./normalize-message.ts";

/** @param onError receives the reason if the stream breaks off */
export function normalizeEvents(
  body: ReadableStream<Uint8Array>,
  requestId: RequestId | undefined,
  onError?: (error: unknown) => void,
): ReadableStream<Uint8Array> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  const encoder = new TextEncoder();
  const splitter = createEventSplitter();
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          for (;;) {
            const { done, value } = await reader.read();
            const text = done ? decoder.decode() : decoder.decode(value, { stream: true });
            const events = splitter.add(text, done);
            const output = events.map((lines) => rewrite(lines, requestId)).join("");
            if (output !== "") controller.enqueue(encoder.encode(output));
            if (done) return controller.close();
            if (output !== "") return;
          }
        } catch (error) {
          onError?.(error);
          throw error;
        }
      },
      cancel: (reason) => reader.cancel(reason),
    },
    { highWaterMark: 0 },
  );
}

/** Splits text into events, each of which is a list of lines. The size of an event is limited by the stream that is read. */
function createEventSplitter() {
  let rest = "";
  let lines: string[] = [];
  let endedWithCr = false;
  return {
    add(chunk: string, isLast: boolean): string[][] {
      const text = endedWithCr && chunk.startsWith("\n") ? chunk.slice(1) : chunk;
      // A CR at the end is a line end, because nothing may follow for a long time.
      if (chunk !== "") endedWithCr = chunk.endsWith("\r");
      const parts = text.split(/\r\n|\n|\r/);
      parts[0] = rest + (parts[0] ?? "");
      rest = parts.pop() ?? "";
      if (isLast && rest !== "") parts.push(rest);
      // Some servers close the stream without the empty line that ends an event.
      if (isLast) parts.push("");
      const events: string[][] = [];
      for (const line of parts) {
        if (line !== "") lines.push(line);
        else if (lines.length > 0) {
          events.push(lines);
          lines = [];
        }
      }
      return events;
    },
  };
}

function rewrite(lines: string[], requestId: RequestId | undefined): string {
  const data = lines.flatMap((line) => /^data(?:: ?(.*))?$/s.exec(line)?.slice(1) ?? []);
  const messages = readMessages(data.join("\n"), requestId);
  if (messages === null) return `${lines.join("\n")}\n\n`;
  const others = lines.filter((line) => !/^(data|id)(:|$)/.test(line));
  const ids = lines.filter((line) => /^id(:|$)/.test(line));
  return messages
    .map((message, index) => {
      const isLast = index === messages.length - 1;
      const head = [...others, ...(isLast ? ids : [])];
      return `${[...head, `data: ${JSON.stringify(message)}`].join("\n")}\n\n`;
    })
    .join("");
}

/** Returns the corrected messages, or null if the event needs no correction or contains no JSON. */
function readMessages(data: string, requestId: RequestId | undefined): unknown[] | null {
  if (!data.startsWith("{") && !data.startsWith("[")) return null;
  try {
    const parsed: unknown = JSON.parse(data);
    const clean = normalizeMessage(parsed, requestId);
    if (Array.isArray(clean)) return clean;
    return clean === parsed ? null : [clean];
  } catch {
    return null;
  }
}

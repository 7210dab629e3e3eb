/**
 * The form of a back-up: gzip around frames, each one byte that says what it is, four bytes of length (big endian), and the content.
 * `H` the header, once and first; `T` a table begins; `D` a piece of its rows, as PostgreSQL's COPY writes them in text; `E` the end of
 * the table; `Z` the end of the file, without which it was cut short.
 */
import type { Readable } from "node:stream";

export interface BackUpHeader {
  format: "gatehouse-back-up";
  version: 1;
  /** ISO 8601, by the database's clock. */
  madeAt: string;
  /** The migrations that the database had, in order. */
  migrations: string[];
}

export interface BackUpTable {
  table: string;
  columns: string[];
}

export type Frame =
  | { kind: "header"; header: BackUpHeader }
  | { kind: "table"; table: BackUpTable }
  | { kind: "rows"; bytes: Buffer }
  | { kind: "tableEnd" }
  | { kind: "end" };

/** The file is no back-up, a damaged one, or one of another version. The message is a sentence. */
export class BackUpFileError extends Error {
  override readonly name = "BackUpFileError";
}

const letters = { header: "H", table: "T", rows: "D", tableEnd: "E", end: "Z" } as const;
const headBytes = 5;
/** COPY hands out pieces of some ten kilobytes, and one row is never longer than this. */
const longestFrame = 1 << 30;

export function encodeFrame(frame: Frame): Buffer {
  const content = encodeContent(frame);
  const bytes = Buffer.allocUnsafe(headBytes + content.length);
  bytes.write(letters[frame.kind], 0, "latin1");
  bytes.writeUInt32BE(content.length, 1);
  content.copy(bytes, headBytes);
  return bytes;
}

function encodeContent(frame: Frame): Buffer {
  if (frame.kind === "header") return Buffer.from(JSON.stringify(frame.header));
  if (frame.kind === "table") return Buffer.from(JSON.stringify(frame.table));
  return frame.kind === "rows" ? frame.bytes : Buffer.alloc(0);
}

/** @param stream already unpacked; throws `BackUpFileError` when it is not whole */
export async function* readFrames(stream: Readable): AsyncGenerator<Frame, void> {
  let rest = Buffer.alloc(0);
  let isEnded = false;
  try {
    for await (const chunk of stream) {
      rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
      while (rest.length >= headBytes) {
        const length = rest.readUInt32BE(1);
        if (length > longestFrame) throw new BackUpFileError("The file is no back-up.");
        if (rest.length < headBytes + length) break;
        const frame = decodeFrame(
          rest.toString("latin1", 0, 1),
          rest.subarray(headBytes, headBytes + length),
        );
        rest = rest.subarray(headBytes + length);
        isEnded = frame.kind === "end";
        yield frame;
      }
    }
  } catch (error) {
    if (!isFromUnpacking(error)) throw error;
    throw new BackUpFileError("The file is no back-up, or it was cut short or damaged.", {
      cause: error,
    });
  }
  if (!isEnded || rest.length > 0) throw new BackUpFileError("The back-up was cut short.");
}

function decodeFrame(letter: string, content: Buffer): Frame {
  switch (letter) {
    case letters.header:
      return { kind: "header", header: readHeader(content) };
    case letters.table:
      return { kind: "table", table: JSON.parse(content.toString()) };
    case letters.rows:
      return { kind: "rows", bytes: content };
    case letters.tableEnd:
      return { kind: "tableEnd" };
    case letters.end:
      return { kind: "end" };
    default:
      throw new BackUpFileError("The file is no back-up.");
  }
}

function readHeader(content: Buffer): BackUpHeader {
  const header: BackUpHeader = JSON.parse(content.toString());
  if (header.format !== "gatehouse-back-up") throw new BackUpFileError("The file is no back-up.");
  if (header.version !== 1)
    throw new BackUpFileError(
      "The back-up was made by a newer version of Gatehouse: restore it with that.",
    );
  return header;
}

function isFromUnpacking(error: unknown): boolean {
  return (
    error instanceof SyntaxError ||
    (error instanceof Error && "code" in error && String(error.code).startsWith("Z_"))
  );
}

import { Readable } from "node:stream";
import type { Duplex } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { ReadableStream as NodeReadableStream } from "node:stream/web";
import {
  constants,
  createBrotliDecompress,
  createGunzip,
  createInflate,
  createZstdDecompress,
} from "node:zlib";
import { EgressError } from "./egress-error.ts";

/** The maximum number of content codings. Each can expand its input a thousandfold. */
const MOST_CODINGS = 3;

// A truncated body is decoded as far as possible, and the reader detects that it is incomplete.
const zlibOptions = { flush: constants.Z_SYNC_FLUSH, finishFlush: constants.Z_SYNC_FLUSH };
const decoders: Readonly<Record<string, () => Duplex>> = {
  gzip: () => createGunzip(zlibOptions),
  "x-gzip": () => createGunzip(zlibOptions),
  deflate: () => createInflate(zlibOptions),
  br: () => createBrotliDecompress(),
  zstd: () => createZstdDecompress(),
};

/**
 * Decodes the content codings of a body (RFC 9110 §8.4), starting with the last one applied.
 * @throws {EgressError} RESPONSE_INVALID for codings that were not requested
 */
export function decodeBody(
  body: ReadableStream<Uint8Array>,
  headers: Headers,
): ReadableStream<Uint8Array> {
  const codings = (headers.get("content-encoding") ?? "")
    .split(",")
    .map((coding) => coding.trim().toLowerCase())
    .filter((coding) => coding !== "" && coding !== "identity")
    .toReversed();
  if (codings.length === 0) return body;
  const steps = codings.map((coding) => decoders[coding]?.());
  const known = steps.filter((step) => step !== undefined);
  const last = known.at(-1);
  if (!last || known.length < codings.length || codings.length > MOST_CODINGS) {
    throw new EgressError("RESPONSE_INVALID", "The response has an unknown content encoding.");
  }
  const source = Readable.fromWeb(body as NodeReadableStream<Uint8Array>);
  // Errors are reported to the reader of the stream.
  pipeline([source, ...known]).catch(() => {});
  return Readable.toWeb(last) as ReadableStream<Uint8Array>;
}

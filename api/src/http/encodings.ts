import { promisify } from "node:util";
import { brotliCompress, constants, gzip } from "node:zlib";

export type Encoding = "br" | "gzip" | "identity";

/**
 * Chooses the best supported encoding that an `Accept-Encoding` header accepts (RFC 9110 §12.5.3).
 */
export function negotiateEncoding(acceptEncoding: string): Encoding {
  const accepted = new Set(
    acceptEncoding
      .split(",")
      .filter((item) => !/;\s*q=0(\.0*)?\s*$/.test(item))
      .map((item) => item.split(";", 1)[0]?.trim().toLowerCase()),
  );
  if (accepted.has("br")) return "br";
  return accepted.has("gzip") ? "gzip" : "identity";
}

/** @param brotliQuality 0 to 11; above 5 the time increases faster than the compression improves */
export async function compress(
  content: Uint8Array,
  encoding: Exclude<Encoding, "identity">,
  brotliQuality: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const made =
    encoding === "br"
      ? promisify(brotliCompress)(content, {
          params: { [constants.BROTLI_PARAM_QUALITY]: brotliQuality },
        })
      : promisify(gzip)(content, { level: 9 });
  return new Uint8Array(await made);
}

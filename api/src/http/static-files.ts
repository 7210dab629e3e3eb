import { createHash } from "node:crypto";
import { readFile, stat } from "node:fs/promises";
import { extname, join, normalize, sep } from "node:path";

import { compress, type Encoding, negotiateEncoding } from "./encodings.ts";

/**
 * The files of the built web app, read on demand and cached in compressed form until the file
 * changes.
 */
export interface StaticFiles {
  /** Null if there is no such file. */
  read(path: string, acceptEncoding: string): Promise<StaticAnswer | null>;
}

export interface StaticAnswer {
  body: Uint8Array<ArrayBuffer>;
  etag: string;
  headers: Record<string, string>;
}

interface StoredFile {
  version: string;
  content: Uint8Array<ArrayBuffer>;
  etag: string;
  /** Created once, at the first request that accepts it. */
  encoded: Map<Encoding, Promise<Uint8Array<ArrayBuffer>>>;
}

const CONTENT_TYPES: Record<string, string> = {
  ".css": "text/css; charset=utf-8",
  ".html": "text/html; charset=utf-8",
  ".ico": "image/x-icon",
  ".js": "text/javascript; charset=utf-8",
  ".json": "application/json",
  ".map": "application/json",
  ".png": "image/png",
  ".svg": "image/svg+xml",
  ".txt": "text/plain; charset=utf-8",
  ".webmanifest": "application/manifest+json",
  ".webp": "image/webp",
  ".woff2": "font/woff2",
};
const COMPRESSIBLE = /^(text\/|application\/(json|manifest)|image\/svg)/;
const MIN_COMPRESSED_BYTES = 1_024;
/** The files are small, and each is compressed once. */
const BROTLI_QUALITY = 9;

/** Serves the files below `root`, except hidden files. */
export function createStaticFiles(root: string): StaticFiles {
  const files = new Map<string, StoredFile>();

  async function load(file: string): Promise<StoredFile | null> {
    const found = await stat(file).catch(() => null);
    if (!found?.isFile()) return null;
    const version = `${found.mtimeMs}-${found.size}`;
    const known = files.get(file);
    if (known?.version === version) return known;
    const content = new Uint8Array(await readFile(file));
    const etag = createHash("sha256").update(content).digest("base64url").slice(0, 22);
    const stored: StoredFile = { version, content, etag, encoded: new Map() };
    files.set(file, stored);
    return stored;
  }

  return {
    async read(path, acceptEncoding) {
      const file = resolveBelow(root, path);
      const stored = file && (await load(file));
      if (!stored) return null;
      const type = CONTENT_TYPES[extname(file).toLowerCase()] ?? "application/octet-stream";
      const encoding = chooseEncoding(type, stored.content.length, acceptEncoding);
      return {
        body: await encode(stored, encoding),
        etag: `"${stored.etag}-${encoding}"`,
        headers: {
          "Content-Type": type,
          "Cache-Control": chooseCaching(path),
          ...(COMPRESSIBLE.test(type) && { Vary: "Accept-Encoding" }),
          ...(encoding !== "identity" && { "Content-Encoding": encoding }),
        },
      };
    },
  };
}

/** The file of a URL path; null if the path is outside of `root`, hidden or cannot be decoded. */
function resolveBelow(root: string, path: string): string | null {
  let decoded: string;
  try {
    decoded = decodeURIComponent(path);
  } catch {
    return null;
  }
  if (decoded.includes("\0") || decoded.includes("\\") || /(^|\/)\./.test(decoded)) return null;
  const file = normalize(join(root, decoded));
  return file.startsWith(normalize(root + sep)) ? file : null;
}

/**
 * File names below `assets/` contain a hash of their content; any other file can change without a
 * new name.
 */
function chooseCaching(path: string): string {
  return path.startsWith("/assets/") ? "public, max-age=31536000, immutable" : "no-cache";
}

function chooseEncoding(type: string, bytes: number, acceptEncoding: string): Encoding {
  if (bytes < MIN_COMPRESSED_BYTES || !COMPRESSIBLE.test(type)) return "identity";
  return negotiateEncoding(acceptEncoding);
}

function encode(file: StoredFile, encoding: Encoding): Promise<Uint8Array<ArrayBuffer>> {
  if (encoding === "identity") return Promise.resolve(file.content);
  const known = file.encoded.get(encoding);
  if (known) return known;
  const made = compress(file.content, encoding, BROTLI_QUALITY);
  file.encoded.set(encoding, made);
  return made;
}

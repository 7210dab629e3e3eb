import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";

import { compress, type Encoding } from "./encodings.ts";

/**
 * The files of the GraphiQL page. They are separate files, because its policy allows no inline
 * scripts.
 */
export interface GraphiQLAssets {
  /** The URL of an asset, which changes with its content. */
  urlOf(name: AssetName): string;
  /**
   * Compressed at the first request that accepts the encoding, then cached. Null if there is no
   * such asset.
   */
  read(
    name: string,
    encoding: Encoding,
  ): Promise<{ body: Uint8Array<ArrayBuffer>; contentType: string }> | null;
}

export type AssetName =
  | "graphiql.js"
  | "graphiql.css"
  | "start.js"
  | "editor-worker.js"
  | "graphql-worker.js"
  | "json-worker.js";

/**
 * Compresses five megabytes in half a second. Higher qualities take three times as long and save
 * only 4 %.
 */
const BROTLI_QUALITY = 5;

/** Loads GraphiQL, which has nine megabytes, when the page is first opened. */
export function createGraphiQLLoader(): () => Promise<GraphiQLAssets> {
  let loaded: Promise<GraphiQLAssets> | null = null;
  return () => (loaded ??= loadGraphiQLAssets());
}

async function loadGraphiQLAssets(): Promise<GraphiQLAssets> {
  const [packaged, start] = await Promise.all([
    import("@graphql-yoga/render-graphiql/graphiql"),
    readFile(new URL("./graphiql-assets/start.js", import.meta.url), "utf8"),
  ]);
  const sources: Record<AssetName, string> = {
    "graphiql.js": packaged.js,
    "graphiql.css": packaged.css,
    "start.js": start,
    "editor-worker.js": packaged.editorWorkerService,
    "graphql-worker.js": packaged.graphqlWorker,
    "json-worker.js": packaged.jsonWorker,
  };
  const assets = new Map(
    Object.entries(sources).map(([name, source]) => {
      const content = new TextEncoder().encode(source);
      const hash = createHash("sha256").update(content).digest("base64url").slice(0, 10);
      const contentType = name.endsWith(".css") ? "text/css" : "text/javascript";
      const encoded = new Map<Encoding, Promise<Uint8Array<ArrayBuffer>>>([
        ["identity", Promise.resolve(content)],
      ]);
      return [name, { content, hash, contentType: `${contentType}; charset=utf-8`, encoded }];
    }),
  );
  return {
    urlOf: (name) => `/graphiql/assets/${name}?v=${assets.get(name)?.hash}`,
    read(name, encoding) {
      const asset = assets.get(name);
      if (!asset) return null;
      const { content, contentType, encoded } = asset;
      let body = encoded.get(encoding);
      if (!body && encoding !== "identity") {
        body = compress(content, encoding, BROTLI_QUALITY);
        encoded.set(encoding, body);
      }
      return (body ?? Promise.resolve(content)).then((bytes) => ({ body: bytes, contentType }));
    },
  };
}

import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";

import { compress, type Encoding } from "./encodings.ts";

/** What GraphiQL's page is made of; files of their own, as its policy allows no inline script. */
export interface GraphiQLAssets {
  /** The address of an asset, which changes with its content. */
  urlOf(name: AssetName): string;
  /** Compressed at the first request that takes the encoding, then kept. Null when there is no such asset. */
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

/** Five megabytes in half a second; better ones take three times as long to save 4 %. */
const BROTLI_QUALITY = 5;

/** Loads GraphiQL, nine megabytes of it, when somebody opens it for the first time. */
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

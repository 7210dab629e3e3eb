import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";

/**
 * The files of the GraphiQL page. They are separate files, because its policy allows no inline
 * scripts.
 */
export interface GraphiQLAssets {
  /** The URL of an asset, which changes with its content. */
  urlOf(name: AssetName): string;
  /** Null if there is no such asset. */
  read(name: string): { body: string; contentType: string } | null;
}

export type AssetName =
  | "graphiql.js"
  | "graphiql.css"
  | "start.js"
  | "editor-worker.js"
  | "graphql-worker.js"
  | "json-worker.js";

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
      const hash = createHash("sha256").update(source).digest("base64url").slice(0, 10);
      const contentType = name.endsWith(".css") ? "text/css" : "text/javascript";
      return [name, { body: source, hash, contentType: `${contentType}; charset=utf-8` }];
    }),
  );
  return {
    urlOf: (name) => `/graphiql/assets/${name}?v=${assets.get(name)?.hash}`,
    read: (name) => assets.get(name) ?? null,
  };
}

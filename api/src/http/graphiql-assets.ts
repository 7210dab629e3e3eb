import { readFile } from "node:fs/promises";
import { createPageAssets } from "./page-assets.ts";

export type GraphiQLAssets = Awaited<ReturnType<typeof loadGraphiQLAssets>>;

/** Loads GraphiQL, which has nine megabytes, when the page is first opened. */
export function createGraphiQLLoader(): () => Promise<GraphiQLAssets> {
  let loaded: Promise<GraphiQLAssets> | null = null;
  return () => (loaded ??= loadGraphiQLAssets());
}

async function loadGraphiQLAssets() {
  const [packaged, start] = await Promise.all([
    import("@graphql-yoga/render-graphiql/graphiql"),
    readFile(new URL("./graphiql-assets/start.js", import.meta.url), "utf8"),
  ]);
  return createPageAssets("/graphiql/assets", {
    "graphiql.js": packaged.js,
    "graphiql.css": packaged.css,
    "start.js": start,
    "editor-worker.js": packaged.editorWorkerService,
    "graphql-worker.js": packaged.graphqlWorker,
    "json-worker.js": packaged.jsonWorker,
  });
}

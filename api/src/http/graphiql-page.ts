import { html } from "hono/html";

import type { GraphiQLAssets } from "./graphiql-assets.ts";
import { exampleOperations } from "./graphiql-examples.ts";

/**
 * Renders the GraphiQL page for one user. Parameters of its script are in attributes, because
 * inline scripts are not allowed.
 */
export function renderGraphiQLPage(
  assets: GraphiQLAssets,
  viewerId: string,
): ReturnType<typeof html> {
  const settings = { viewerId, operations: exampleOperations };
  // By the names under which the editor requests them.
  const workers = {
    editorWorkerService: assets.urlOf("editor-worker.js"),
    graphql: assets.urlOf("graphql-worker.js"),
    json: assets.urlOf("json-worker.js"),
  };
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <meta name="robots" content="noindex" />
        <title>GraphiQL · Gatehouse</title>
        <link rel="icon" href="/favicon.svg" type="image/svg+xml" />
        <link rel="stylesheet" href="${assets.urlOf("graphiql.css")}" />
        <script src="${assets.urlOf("graphiql.js")}" defer></script>
        <script src="${assets.urlOf("start.js")}" type="module"></script>
      </head>
      <body id="body" class="no-focus-outline">
        <noscript>GraphiQL requires JavaScript, which is disabled in this browser.</noscript>
        <main
          id="root"
          data-settings="${JSON.stringify(settings)}"
          data-workers="${JSON.stringify(workers)}"
        ></main>
      </body>
    </html> `;
}

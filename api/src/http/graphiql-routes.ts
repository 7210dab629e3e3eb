import { Hono } from "hono";
import { compress } from "hono/compress";

import type { HttpEnvironment } from "./environment.ts";
import type { GraphiQLAssets } from "./graphiql-assets.ts";
import { renderGraphiQLPage } from "./graphiql-page.ts";
import type { ViewerResolver } from "./viewer.ts";

export interface GraphiQLRoutesDeps {
  viewers: ViewerResolver;
  loadGraphiQL: () => Promise<GraphiQLAssets>;
  /** The schema in SDL. */
  printSchema: () => string;
}

/** Serves GraphiQL to signed-in users from this origin, and the schema as a file to everyone. */
export function createGraphiQLRoutes(deps: GraphiQLRoutesDeps): Hono<HttpEnvironment> {
  const routes = new Hono<HttpEnvironment>();

  routes.get("/graphiql", async (c) => {
    const viewer = await deps.viewers.resolveViewer(c.req.raw.headers);
    // The page is for users, not for programs with an API token.
    if (!viewer || viewer.apiToken) return c.redirect("/sign-in?next=%2Fgraphiql", 303);
    return c.html(renderGraphiQLPage(await deps.loadGraphiQL(), viewer.userId));
  });

  routes.get("/graphiql/assets/:name", compress(), async (c) => {
    const assets = await deps.loadGraphiQL();
    const asset = assets.read(c.req.param("name"));
    if (!asset) return c.notFound();
    return c.body(asset.body, 200, {
      "Content-Type": asset.contentType,
      "Cache-Control": "public, max-age=31536000, immutable",
    });
  });

  routes.get("/graphql/schema.graphql", (c) =>
    c.body(deps.printSchema(), 200, {
      "Content-Type": "application/graphql; charset=utf-8",
      "Content-Disposition": 'attachment; filename="gatehouse.graphql"',
    }),
  );

  return routes;
}

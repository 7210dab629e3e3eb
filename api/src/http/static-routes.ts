import { serveStatic } from "@hono/node-server/serve-static";
import { Hono } from "hono";
import type { Context } from "hono";
import { etag } from "hono/etag";

import type { HttpEnvironment } from "./environment.ts";
import { isApiPath } from "./security-headers.ts";

/**
 * Serves the files of the web app as its build has compressed them, and its index page for every
 * other path that can be a page of the app. Paths of the API and missing files are left to the 404
 * handler.
 * @param webRoot the folder of the build; null if there is none
 */
export function createStaticRoutes(webRoot: string | null): Hono<HttpEnvironment> {
  const routes = new Hono<HttpEnvironment>();
  if (webRoot === null) return routes;
  const serveFile = serveStatic<HttpEnvironment>({ root: webRoot, precompressed: true });
  const serveIndex = serveStatic<HttpEnvironment>({
    root: webRoot,
    path: "index.html",
    precompressed: true,
  });
  routes.get("*", etag(), async (c, next) => {
    const { path } = c.req;
    if (isApiPath(path)) return next();
    // A part of a file would get an ETag of its own. A server may ignore the header (RFC 9110 §14.2).
    c.req.raw.headers.delete("range");
    const file = isHidden(path) ? undefined : await serveFile(c, async () => {});
    const answer = file ?? (isPage(c) ? await serveIndex(c, async () => {}) : undefined);
    if (!answer) return next();
    // File names below `assets/` contain a hash of their content; any other file can change without
    // a new name.
    const isHashed = path.startsWith("/assets/");
    const caching = isHashed ? "public, max-age=31536000, immutable" : "no-cache";
    answer.headers.set("Cache-Control", caching);
    return answer;
  });
  return routes;
}

function isHidden(path: string): boolean {
  return path.includes("/.");
}

/**
 * The index page is sent for navigations of a browser and for paths without an extension. A missing
 * script must be a 404 instead of a page that the browser then rejects. Paths of pages can contain
 * a dot, for example in the name of a tool.
 */
function isPage(c: Context<HttpEnvironment>): boolean {
  const { path } = c.req;
  const lastSegment = path.slice(path.lastIndexOf("/") + 1);
  const navigates = c.req.header("accept")?.includes("text/html") ?? false;
  return !path.startsWith("/assets/") && (!lastSegment.includes(".") || navigates);
}

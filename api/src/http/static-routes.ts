import { Hono } from "hono";
import type { Context } from "hono";

import type { HttpEnvironment } from "./environment.ts";
import { isApiPath } from "./security-headers.ts";
import { createStaticFiles } from "./static-files.ts";
import type { StaticFiles } from "./static-files.ts";

/**
 * Serves the files of the web app, and its index page for every other path that can be a page of
 * the app. Paths of the API and missing files are left to the 404 handler.
 * @param webRoot the folder of the build; null if there is none
 */
export function createStaticRoutes(webRoot: string | null): Hono<HttpEnvironment> {
  const routes = new Hono<HttpEnvironment>();
  const files = webRoot === null ? null : createStaticFiles(webRoot);
  routes.get("*", async (c, next) => {
    const { path } = c.req;
    if (isApiPath(path) || !files) return next();
    return (await sendFile(c, files, path)) ?? (await sendIndex(c, files)) ?? next();
  });
  return routes;
}

/**
 * The index page is sent for navigations of a browser and for paths without an extension. A missing
 * script must be a 404 instead of a page that the browser then rejects. Paths of pages can contain
 * a dot, for example in the name of a tool.
 */
async function sendIndex(
  c: Context<HttpEnvironment>,
  files: StaticFiles,
): Promise<Response | null> {
  const { path } = c.req;
  const lastSegment = path.slice(path.lastIndexOf("/") + 1);
  const navigates = c.req.header("accept")?.includes("text/html") ?? false;
  if (path.startsWith("/assets/") || (lastSegment.includes(".") && !navigates)) return null;
  return sendFile(c, files, "/index.html");
}

async function sendFile(
  c: Context<HttpEnvironment>,
  files: StaticFiles,
  path: string,
): Promise<Response | null> {
  const answer = await files.read(path, c.req.header("accept-encoding") ?? "");
  if (!answer) return null;
  const headers = { ...answer.headers, ETag: answer.etag };
  const known = c.req
    .header("if-none-match")
    ?.split(",")
    .map((tag) => tag.trim().replace(/^W\//, ""));
  if (known?.includes(answer.etag)) return c.body(null, 304, headers);
  return c.body(answer.body, 200, headers);
}

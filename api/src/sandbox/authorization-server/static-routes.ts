import { acmeSvg } from "../pages/layout.ts";
import { renderHomePage, type HomePage } from "../pages/home-page.ts";
import { styleSheet } from "../pages/style.ts";
import type { Middleware } from "./page-context.ts";

/** The home page, the style sheet and the logo. */
export function createStaticRoutes(homePage: HomePage): Middleware {
  const files: Readonly<Record<string, { type: string; body: string }>> = {
    "/": { type: "html", body: renderHomePage(homePage) },
    "/acme.css": { type: "css", body: styleSheet },
    "/acme.svg": { type: "svg", body: acmeSvg },
  };
  return async (ctx, next) => {
    const file = ctx.method === "GET" ? files[ctx.path] : undefined;
    if (!file) return next();
    ctx.type = file.type;
    ctx.body = file.body;
  };
}

import type { Context } from "hono";
import { Hono } from "hono";

import { toAppPath } from "./app-path.ts";
import type { HttpEnvironment } from "./environment.ts";
import { createHeldCookie, RESUME_PATH } from "./held-callback-cookie.ts";
import type { HttpLogger } from "./logger.ts";
import type { OAuthAssets } from "./oauth-assets.ts";
import type { CallbackOutcome, OAuthCallbacks } from "./oauth-callbacks.ts";
import {
  renderDonePage,
  renderPendingPage,
  renderProblemPage,
  renderUnknownPage,
} from "./oauth-pages.ts";
import type { ViewerResolver } from "./viewer.ts";

export interface OAuthRoutesDeps {
  oauth: OAuthCallbacks;
  viewers: ViewerResolver;
  assets: OAuthAssets;
  /** The client id metadata document; null if none is served. */
  clientMetadata: object | null;
  publicOrigin: string;
  logger: HttpLogger;
}

/** Serves the popup's pages, the callback, and the client id metadata document. */
export function createOAuthRoutes(deps: OAuthRoutesDeps): Hono<HttpEnvironment> {
  const { oauth, viewers, assets, logger } = deps;
  const heldCookie = createHeldCookie(deps.publicOrigin);
  const routes = new Hono<HttpEnvironment>();

  routes.get("/oauth/pending", (c) => c.html(renderPendingPage(assets)));

  // Some authorization servers add a slash to the redirect URI (regressions I18).
  routes.on("GET", ["/oauth/callback", "/oauth/callback/"], async (c) => {
    // A HEAD request, for example of a link checker, must not use up the state.
    if (c.req.method !== "GET") return c.body(null, 405, { Allow: "GET" });
    // Nor must a prefetch, which no user may ever follow. The browser then requests the page itself.
    if (isPrefetch(c.req.raw.headers)) return c.body(null, 503, { "Cache-Control": "no-store" });
    const query = new URL(c.req.url).searchParams;
    return finish(c, async () =>
      oauth.finishCallback({ query, viewer: await viewers.resolveViewer(c.req.raw.headers) }),
    );
  });

  routes.get(RESUME_PATH, async (c) => {
    if (c.req.method !== "GET") return c.body(null, 405, { Allow: "GET" });
    if (isPrefetch(c.req.raw.headers)) return c.body(null, 503, { "Cache-Control": "no-store" });
    const heldSecret = heldCookie.read(c);
    return finish(c, async () =>
      oauth.resumeCallback({ heldSecret, viewer: await viewers.resolveViewer(c.req.raw.headers) }),
    );
  });

  routes.get("/oauth/done", async (c) => {
    const flowId = c.req.query("flow");
    const trouble = c.req.query("outcome") === "error" ? c.req.query("request") : undefined;
    if (trouble) return c.html(renderProblemPage(assets, trouble.slice(0, 64)), 500);
    if (!flowId) return c.html(renderUnknownPage(assets), 404);
    const viewer = await viewers.resolveViewer(c.req.raw.headers);
    const flow = await oauth.describeFlow(flowId, viewer);
    return flow ? c.html(renderDonePage(assets, flow)) : c.html(renderUnknownPage(assets), 404);
  });

  routes.get("/oauth/assets/:name", (c) => {
    const asset = assets.read(c.req.param("name"));
    if (!asset) return c.notFound();
    return c.body(asset.body, 200, {
      "Content-Type": asset.contentType,
      "Cache-Control": "public, max-age=31536000, immutable",
    });
  });

  routes.get("/oauth/client-metadata.json", (c) =>
    deps.clientMetadata
      ? c.json(deps.clientMetadata, 200, { "Cache-Control": "public, max-age=300" })
      : c.notFound(),
  );

  /**
   * Every outcome is a redirect, so that code and state are removed from the address bar and no
   * parameter is ever displayed.
   */
  async function finish(
    c: Context<HttpEnvironment>,
    run: () => Promise<CallbackOutcome>,
  ): Promise<Response> {
    const { requestId } = c.var;
    try {
      const outcome = await run();
      if (outcome.kind !== "sign-in-first") heldCookie.clear(c);
      else if (outcome.held) heldCookie.set(c, outcome.held);
      return c.redirect(locate(outcome, deps.publicOrigin), 303);
    } catch (error) {
      logger.error({ err: error, requestId }, "a callback failed unexpectedly");
      return c.redirect(`/oauth/done?outcome=error&request=${requestId}`, 303);
    }
  }

  return routes;
}

/** Fetch Metadata: `Sec-Purpose`. `Purpose` and `X-Moz` are its predecessors. */
function isPrefetch(headers: Headers): boolean {
  return ["sec-purpose", "purpose", "x-moz"].some((name) =>
    /\b(prefetch|prerender|preview)\b/i.test(headers.get(name) ?? ""),
  );
}

function locate(outcome: CallbackOutcome, publicOrigin: string): string {
  switch (outcome.kind) {
    case "finished": {
      const flow = encodeURIComponent(outcome.flowId);
      if (outcome.redirectTo === null) return `/oauth/done?flow=${flow}`;
      const url = new URL(toAppPath(outcome.redirectTo, publicOrigin), publicOrigin);
      url.searchParams.set("flow", outcome.flowId);
      return url.pathname + url.search + url.hash;
    }
    case "sign-in-first":
      return `/sign-in?next=${encodeURIComponent(RESUME_PATH)}`;
    case "unknown":
      return "/oauth/done?outcome=unknown";
  }
}

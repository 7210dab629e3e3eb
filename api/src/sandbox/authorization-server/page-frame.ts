import { renderErrorPage } from "../pages/error-page.ts";
import { showPage, type Middleware } from "./page-context.ts";

const headers: Readonly<Record<string, string>> = {
  // No form-action: browsers apply it to the redirects after a form too, and the consent form's
  // last redirect leads to the application.
  "content-security-policy":
    "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; frame-ancestors 'none'",
  // Not no-referrer: browsers would then post our own forms with `Origin: null`.
  "referrer-policy": "same-origin",
  "x-content-type-options": "nosniff",
};

interface PageFrameOptions {
  /** Cut the tie to the page that opened ours in a popup, as strict providers do. */
  readonly coop: boolean;
  readonly log: (message: string) => void;
}

/** The headers of everything that the authorization server sends, and its last resort in trouble. */
export function createPageFrame({ coop, log }: PageFrameOptions): Middleware {
  return async (ctx, next) => {
    ctx.set(headers);
    if (coop) ctx.set("cross-origin-opener-policy", "same-origin");
    try {
      await next();
    } catch (error) {
      log(`sandbox: ${ctx.method} ${ctx.path} failed: ${String(error)}`);
      showPage(ctx, renderErrorPage("The sandbox failed. Its reason is in Gatehouse's log."), 500);
    }
    const isMissing = ctx.status === 404 && ctx.body === undefined;
    if (isMissing && ctx.accepts("json", "html") === "html") {
      showPage(ctx, renderErrorPage("There is no such page."), 404);
    }
    if (ctx.type === "text/html") ctx.set("cache-control", "no-store");
  };
}

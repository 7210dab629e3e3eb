import { text } from "node:stream/consumers";
import type { KoaContextWithOIDC, Provider } from "oidc-provider";

/** Middleware in front of the provider's own routes (it is a Koa application). */
export type Middleware = Parameters<Provider["use"]>[0];
export type PageContext = Parameters<Middleware>[0];

/** The provider's view of a request, there once one of its routes has taken it. */
export function readOidcContext(ctx: PageContext): KoaContextWithOIDC["oidc"] | undefined {
  return (ctx as Partial<KoaContextWithOIDC>).oidc;
}

/** The fields of a posted form. */
export async function readForm(ctx: PageContext): Promise<URLSearchParams> {
  return new URLSearchParams(await text(ctx.req));
}

/**
 * Whether a posted form comes from a page of ours. All ports of one host are the same site, so
 * SameSite cookies alone do not say so. A program that is no browser sends no `Origin`.
 */
export function isOwnForm(ctx: PageContext, issuer: string): boolean {
  const origin = ctx.get("origin");
  return origin === "" || origin === issuer;
}

export function showPage(ctx: PageContext, page: string, status = 200): void {
  ctx.status = status;
  ctx.type = "html";
  ctx.body = page;
}

/** Moves the browser on after a form; 303, so that reloading does not post again. */
export function moveOn(ctx: PageContext, location: string): void {
  ctx.redirect(location);
  ctx.status = 303;
}

import type { Provider } from "oidc-provider";
import { renderAccountPage } from "../pages/account-page.ts";
import { renderErrorPage } from "../pages/error-page.ts";
import { renderSignInPage } from "../pages/sign-in-page.ts";
import type { Grants } from "./grants.ts";
import { parseLoginName } from "./login-name.ts";
import { isOwnForm, moveOn, readForm, showPage } from "./page-context.ts";
import type { Middleware, PageContext } from "./page-context.ts";

const sessionSeconds = 24 * 60 * 60;
const endRoute = /^\/account\/grants\/(?<grantId>[\w-]+)\/end$/;

/** The person's own page: connected applications, and a button each to end that. */
export function createAccountRoutes(provider: Provider, grants: Grants): Middleware {
  const findLogin = async (ctx: PageContext) => (await provider.Session.get(ctx)).accountId;

  const showSignIn = (ctx: PageContext, typed?: string, error?: string) =>
    showPage(
      ctx,
      renderSignInPage({ action: "/account/sign-in", typed, error }),
      error ? 422 : 200,
    );

  const showAccount = async (ctx: PageContext) => {
    const login = await findLogin(ctx);
    if (!login) return showSignIn(ctx);
    const notice = ctx.query.ended === undefined ? undefined : "Access ended.";
    showPage(ctx, renderAccountPage({ login, apps: await grants.list(login), notice }));
  };

  const signIn = async (ctx: PageContext) => {
    const typed = (await readForm(ctx)).get("login") ?? "";
    const name = parseLoginName(typed);
    if (!name.ok) return showSignIn(ctx, typed, name.error);
    const session = await provider.Session.get(ctx);
    session.loginAccount({ accountId: name.login });
    await session.save(sessionSeconds);
    // The provider's own session cookie, so that a consent afterwards knows the person.
    ctx.cookies.set(provider.cookieName("session"), session.jti, {
      httpOnly: true,
      sameSite: "lax",
    });
    moveOn(ctx, "/account");
  };

  const signOut = async (ctx: PageContext) => {
    const session = await provider.Session.get(ctx);
    if (session.accountId) await session.destroy();
    moveOn(ctx, "/account");
  };

  const endGrant = async (ctx: PageContext, grantId: string) => {
    const login = await findLogin(ctx);
    if (login) await grants.end(login, grantId);
    moveOn(ctx, "/account?ended");
  };

  return async (ctx, next) => {
    if (ctx.method === "GET" && ctx.path === "/account") return showAccount(ctx);
    if (ctx.method !== "POST" || !ctx.path.startsWith("/account/")) return next();
    if (!isOwnForm(ctx, provider.issuer)) {
      return showPage(ctx, renderErrorPage("This form was sent from another site."), 403);
    }
    if (ctx.path === "/account/sign-in") return signIn(ctx);
    if (ctx.path === "/account/sign-out") return signOut(ctx);
    const grantId = endRoute.exec(ctx.path)?.groups?.grantId;
    return grantId ? endGrant(ctx, grantId) : next();
  };
}

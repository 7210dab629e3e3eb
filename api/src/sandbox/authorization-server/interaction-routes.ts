import { errors, type Provider } from "oidc-provider";
import { renderConsentPage } from "../pages/consent-page.ts";
import { renderErrorPage } from "../pages/error-page.ts";
import { renderSignInPage } from "../pages/sign-in-page.ts";
import { parseLoginName } from "./login-name.ts";
import { isOwnForm, moveOn, readForm, showPage } from "./page-context.ts";
import type { Middleware, PageContext } from "./page-context.ts";
import type { ProtectedResource } from "./provider-configuration.ts";
import { describeScopes } from "./scopes.ts";

type Interaction = Awaited<ReturnType<Provider["interactionDetails"]>>;

interface InteractionOptions {
  readonly provider: Provider;
  readonly resources: readonly ProtectedResource[];
}

const route = /^\/interaction\/[\w-]+(?:\/(?<form>login|consent|switch))?$/;

function asStrings(value: unknown): string[] {
  return (Array.isArray(value) ? value : [value]).filter((item) => typeof item === "string");
}

/** The sign-in and consent pages that the provider sends a browser to. */
export function createInteractionRoutes({ provider, resources }: InteractionOptions): Middleware {
  const findClient = async ({ params }: Interaction) => {
    const client = await provider.Client.find(String(params.client_id));
    if (!client) throw new errors.InvalidClient("The application is not registered any more.");
    return client;
  };

  const showSignIn = async (ctx: PageContext, interaction: Interaction, error?: string) => {
    const client = await findClient(interaction);
    const typed = error ? ctx.state.typed : interaction.params.login_hint;
    const page = renderSignInPage({
      action: `/interaction/${interaction.uid}/login`,
      clientName: client.clientName ?? "an application",
      typed: typeof typed === "string" ? typed : undefined,
      error,
    });
    showPage(ctx, page, error ? 422 : 200);
  };

  const showConsent = async (ctx: PageContext, interaction: Interaction) => {
    const client = await findClient(interaction);
    const { params, session, uid } = interaction;
    const asked = asStrings(params.resource);
    const page = renderConsentPage({
      uid,
      login: session?.accountId ?? "",
      clientName: client.clientName ?? "An application without a name",
      returnsTo: new URL(String(params.redirect_uri)).host,
      resources: resources.filter(({ resource }) => asked.includes(resource)).map((r) => r.name),
      scopes: describeScopes(asStrings(params.scope).flatMap((scope) => scope.split(" "))),
    });
    showPage(ctx, page);
  };

  const takeLogin = async (ctx: PageContext, interaction: Interaction) => {
    const typed = (await readForm(ctx)).get("login") ?? "";
    const name = parseLoginName(typed);
    ctx.state.typed = typed;
    if (!name.ok) return showSignIn(ctx, interaction, name.error);
    const result = { login: { accountId: name.login } };
    moveOn(ctx, await provider.interactionResult(ctx.req, ctx.res, result));
  };

  const takeConsent = async (ctx: PageContext, interaction: Interaction) => {
    const decision = (await readForm(ctx)).get("decision");
    if (decision === "allow") {
      const consent = { grantId: await saveGrant(provider, interaction) };
      moveOn(ctx, await provider.interactionResult(ctx.req, ctx.res, { consent }));
      return;
    }
    const denied = { error: "access_denied", error_description: "The person said no." };
    moveOn(ctx, await provider.interactionResult(ctx.req, ctx.res, denied));
  };

  /** Signs out and starts the same authorization request again. */
  const switchAccount = async (ctx: PageContext, interaction: Interaction) => {
    const session = await provider.Session.findByUid(interaction.session?.uid ?? "");
    await session?.destroy();
    await interaction.destroy();
    const again = new URLSearchParams();
    for (const [name, value] of Object.entries(interaction.params)) {
      for (const item of asStrings(value)) again.append(name, item);
    }
    moveOn(ctx, `${provider.pathFor("authorization")}?${again}`);
  };

  const forms = { login: takeLogin, consent: takeConsent, switch: switchAccount };

  return async (ctx, next) => {
    const match = route.exec(ctx.path);
    if (!match) return next();
    const form = match.groups?.form as keyof typeof forms | undefined;
    if ((form ? "POST" : "GET") !== ctx.method) return next();
    if (form && !isOwnForm(ctx, provider.issuer)) {
      return showPage(ctx, renderErrorPage("This form was sent from another site."), 403);
    }
    try {
      const interaction = await provider.interactionDetails(ctx.req, ctx.res);
      const { name } = interaction.prompt;
      if (!form) return await (name === "login" ? showSignIn : showConsent)(ctx, interaction);
      const fits = form === "switch" || form === name;
      // The back button leads to forms of steps that are over: show the step that is due.
      if (!fits) return moveOn(ctx, `/interaction/${interaction.uid}`);
      await forms[form](ctx, interaction);
    } catch (error) {
      if (!(error instanceof errors.OIDCProviderError)) throw error;
      const reason = "This sign-in has expired or was finished already.";
      showPage(ctx, renderErrorPage(reason), 400);
    }
  };
}

/** Stores what the person allowed; a grant that the application already has is widened. */
async function saveGrant(provider: Provider, interaction: Interaction): Promise<string> {
  const { grantId, params, prompt, session } = interaction;
  const existing = grantId ? await provider.Grant.find(grantId) : undefined;
  const grant =
    existing ??
    new provider.Grant({ accountId: session?.accountId, clientId: String(params.client_id) });
  const { missingOIDCScope, missingResourceScopes } = prompt.details as {
    missingOIDCScope?: string[];
    missingResourceScopes?: Record<string, string[]>;
  };
  if (missingOIDCScope) grant.addOIDCScope(missingOIDCScope.join(" "));
  for (const [resource, scopes] of Object.entries(missingResourceScopes ?? {})) {
    grant.addResourceScope(resource, scopes.join(" "));
  }
  return grant.save();
}

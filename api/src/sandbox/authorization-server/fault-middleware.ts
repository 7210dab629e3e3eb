import type { FaultInjector, FaultName } from "../faults.ts";
import { markToken, type TrafficRecorder } from "../traffic.ts";
import { readForm, readOidcContext, type Middleware, type PageContext } from "./page-context.ts";

/** Answers in the provider's place, which never sees the request. */
type Replacement = (ctx: PageContext, faults: FaultInjector) => void | Promise<void>;
/** Changes the provider's answer. */
type Alteration = (ctx: PageContext) => void;
type Table<T> = Partial<Record<FaultName, T>>;

function dropConnection(ctx: PageContext): void {
  ctx.respond = false;
  ctx.req.socket.destroy();
}

function hang(name: FaultName): Replacement {
  return async (ctx, faults) => {
    await faults.untilCleared(name);
    dropConnection(ctx);
  };
}

function answer503(ctx: PageContext): void {
  ctx.status = 503;
  ctx.body = { error: "temporarily_unavailable" };
}

function answerHtml(ctx: PageContext): void {
  ctx.status = 200;
  ctx.type = "html";
  ctx.body = "<!doctype html><title>Maintenance</title><p>We will be back soon.</p>";
}

/** It says JSON, and is none. */
function answerNonsense(ctx: PageContext): void {
  ctx.status = 200;
  ctx.type = "json";
  ctx.body = '{"access_token": "cut off in the mid';
}

/** Well formed, and without what was asked for. */
function answerWithoutAccessToken(ctx: PageContext): void {
  ctx.status = 200;
  ctx.body = { token_type: "Bearer", expires_in: 3_600, refresh_token: "never-issued" };
}

/** Without `value`, the members are left out of the JSON answer. */
function changeMembers(names: readonly string[], value?: unknown): Alteration {
  return (ctx) => {
    const body: Record<string, unknown> = { ...ctx.body };
    for (const name of names) {
      if (value === undefined) delete body[name];
      else body[name] = value;
    }
    ctx.body = body;
  };
}

function changeIssuerOfCallback(iss: string | undefined): Alteration {
  return (ctx) => {
    const location = URL.parse(ctx.response.get("location"));
    if (!location?.searchParams.has("iss")) return;
    if (iss) location.searchParams.set("iss", iss);
    else location.searchParams.delete("iss");
    ctx.set("location", location.href);
  };
}

const tokenReplacements: Table<Replacement> = {
  "token-endpoint-503": answer503,
  "token-endpoint-html": answerHtml,
  "token-endpoint-nonsense": answerNonsense,
  "token-endpoint-omits-access-token": answerWithoutAccessToken,
  "token-endpoint-hangs": hang("token-endpoint-hangs"),
  "token-endpoint-drops-connection": dropConnection,
};
const tokenAlterations: Table<Alteration> = {
  "token-endpoint-loses-answer": dropConnection,
  "tokens-state-refresh-lifetime": changeMembers(["refresh_token_expires_in"], 21_600),
};
const refreshAlterations: Table<Alteration> = {
  "refresh-omits-refresh-token": changeMembers(["refresh_token"]),
  "refresh-omits-expires-in": changeMembers(["expires_in"]),
  "refresh-omits-scope": changeMembers(["scope"]),
};
const metadataAlterations: Table<Alteration> = {
  "no-registration": changeMembers(["registration_endpoint"]),
  "no-revocation": changeMembers(["revocation_endpoint"]),
  "metadata-wrong-issuer": changeMembers(["issuer"], "https://other.example"),
  "metadata-no-pkce": changeMembers(["code_challenge_methods_supported"]),
};
const callbackAlterations: Table<Alteration> = {
  "callback-without-iss": changeIssuerOfCallback(undefined),
  "callback-wrong-iss": changeIssuerOfCallback("https://other.example"),
};

function isMetadataPath(ctx: PageContext): boolean {
  return ctx.path.startsWith("/.well-known/");
}

/** The redirects between the pages carry no `iss`, only the one that leads to the application. */
function isCallback(ctx: PageContext): boolean {
  const isRedirect = ctx.path.startsWith("/authorize") && ctx.status === 303;
  return isRedirect && ctx.response.get("location").includes("iss=");
}

function replacementsFor(ctx: PageContext): Table<Replacement> {
  if (isMetadataPath(ctx)) return { "metadata-hangs": hang("metadata-hangs") };
  if (ctx.path === "/revoke")
    return { "revocation-503": answer503, "revocation-hangs": hang("revocation-hangs") };
  const isDeletion = ctx.method === "DELETE" && ctx.path.startsWith("/register/");
  return isDeletion ? { "registration-deletion-503": answer503 } : {};
}

function takeFrom<T>(faults: FaultInjector, table: Table<T>): [FaultName, T][] {
  return (Object.entries(table) as [FaultName, T][]).filter(([name]) => faults.take(name));
}

/** Injects the faults of the authorization server; without any it only passes requests on. */
export function createFaultMiddleware(faults: FaultInjector, traffic: TrafficRecorder): Middleware {
  const alter = (ctx: PageContext, table: Table<Alteration>) => {
    for (const [name, alteration] of takeFrom(faults, table)) {
      alteration(ctx);
      faults.announce(name);
    }
  };
  const replace = async (ctx: PageContext, name: FaultName, replacement: Replacement) => {
    faults.announce(name);
    await replacement(ctx, faults);
  };

  const onToken: Middleware = async (ctx, next) => {
    const [taken] = takeFrom(faults, tokenReplacements);
    if (!taken) {
      await next();
      alter(ctx, tokenAlterations);
      const isRefresh = readOidcContext(ctx)?.params?.grant_type === "refresh_token";
      if (isRefresh && ctx.status === 200) alter(ctx, refreshAlterations);
      const held = isRefresh ? "refresh-answer-held" : "exchange-answer-held";
      if (faults.take(held)) {
        faults.announce(held);
        await faults.untilCleared(held);
      }
      return;
    }
    const form = await readForm(ctx);
    traffic.addTokenRequest({
      grantType: form.get("grant_type") ?? "",
      clientId: form.get("client_id") ?? undefined,
      resource: form.get("resource") ?? undefined,
      scope: form.get("scope") ?? undefined,
      refreshTokenMark: markToken(form.get("refresh_token") ?? undefined),
      status: undefined,
      receivedAtMs: performance.now(),
      answeredAtMs: performance.now(),
    });
    await replace(ctx, ...taken);
  };

  return async (ctx, next) => {
    if (ctx.path === "/token") return onToken(ctx, next);
    const [taken] = takeFrom(faults, replacementsFor(ctx));
    if (taken) return replace(ctx, ...taken);
    // Left unanswered: 404.
    if (ctx.path === "/register" && faults.isSet("no-registration")) return;
    await next();
    const isMetadata = isMetadataPath(ctx) && ctx.status === 200;
    if (isMetadata) alter(ctx, metadataAlterations);
    if (isCallback(ctx)) alter(ctx, callbackAlterations);
  };
}

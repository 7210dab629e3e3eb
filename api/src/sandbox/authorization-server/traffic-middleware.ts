import { type Counters, markToken, type TrafficRecorder } from "../traffic.ts";
import { readOidcContext, type Middleware } from "./page-context.ts";

const counted: readonly [method: string, path: RegExp, counter: keyof Counters][] = [
  ["GET", /^\/\.well-known\/(oauth-authorization-server|openid-configuration)/, "metadata"],
  ["POST", /^\/register$/, "registrations"],
  ["DELETE", /^\/register\//, "registrationDeletions"],
  ["GET", /^\/authorize$/, "authorizations"],
  ["POST", /^\/revoke$/, "revocations"],
];

function asString(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}

/** Counts what reaches the authorization server. */
export function createTrafficMiddleware(traffic: TrafficRecorder): Middleware {
  return async (ctx, next) => {
    for (const [method, path, counter] of counted) {
      if (ctx.method === method && path.test(ctx.path)) traffic.add(counter);
    }
    const receivedAtMs = performance.now();
    await next();
    const oidc = readOidcContext(ctx);
    const deleted = ctx.method === "DELETE" && /^\/register\/([^/]+)$/.exec(ctx.path)?.[1];
    if (deleted) traffic.addOf(deleted, "registrationDeletions");
    if (oidc?.route === "revocation" && oidc.client)
      traffic.addOf(oidc.client.clientId, "revocations");
    if (oidc?.route !== "token" || !oidc.params) return;
    const { grant_type, resource, scope, refresh_token } = oidc.params;
    traffic.addTokenRequest({
      grantType: asString(grant_type) ?? "",
      clientId: oidc.client?.clientId ?? asString(oidc.params.client_id),
      resource: asString(resource),
      scope: asString(scope),
      refreshTokenMark: markToken(asString(refresh_token)),
      status: ctx.respond === false ? undefined : ctx.status,
      receivedAtMs,
      answeredAtMs: performance.now(),
    });
  };
}

import { createAuthMiddleware, isAPIError } from "better-auth/api";

import { type AuthLimitsDeps, limitAttempts } from "./auth-limits.ts";
import { requireTicket, type SignUpGateDeps } from "./sign-up-gate.ts";

/** What runs before and after each endpoint of the sign-in library. */
export function createEndpointHooks(deps: AuthLimitsDeps & SignUpGateDeps) {
  const { devices } = deps;
  return {
    before: createAuthMiddleware(async (context) => {
      await limitAttempts(context, deps);
      await requireTicket(context, deps);
    }),
    after: createAuthMiddleware(async (context) => {
      const { path, context: shared } = context;
      const { newSession } = shared;
      const hasSignedIn = path === "/sign-in/email" || path === "/sign-up/email";
      if (!hasSignedIn || !newSession || isAPIError(shared.returned)) return;
      const { email } = newSession.user;
      const known = devices.read(context.getCookie(devices.name), email);
      const { value, maxAgeSeconds } = devices.issue(email, known);
      context.setCookie(devices.name, value, {
        path: "/api/auth",
        httpOnly: true,
        sameSite: "lax",
        secure: devices.name.startsWith("__Secure-"),
        maxAge: maxAgeSeconds,
      });
    }),
  };
}

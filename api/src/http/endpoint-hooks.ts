import type { GenericEndpointContext } from "better-auth";
import { createAuthMiddleware, isAPIError } from "better-auth/api";

import { type AuthLimitsDeps, limitAttempts } from "./auth-limits.ts";
import { waitForEqualTime } from "./auth-request.ts";
import { checkNewPassword } from "./new-passwords.ts";
import { requireTicket, type SignUpGateDeps } from "./sign-up-gate.ts";
import {
  refuseRegisteredEmail,
  type RegisteredEmailsDeps,
  unifyRefusals,
} from "./registered-emails.ts";

type EndpointHooksDeps = AuthLimitsDeps & SignUpGateDeps & RegisteredEmailsDeps;

/** Runs before and after each endpoint of the sign-in library. */
export function createEndpointHooks(deps: EndpointHooksDeps) {
  return {
    before: createAuthMiddleware(async (context) => {
      await limitAttempts(context, deps);
      await requireTicket(context, deps);
      await checkNewPassword(context);
      await refuseRegisteredEmail(context, deps);
      if (context.path === "/change-password") return { context: endOtherSessions(context) };
      return undefined;
    }),
    after: createAuthMiddleware(async (context) => {
      // If the account exists, the endpoint runs one more statement.
      if (context.path === "/request-password-reset") await waitForEqualTime();
      const { returned } = context.context;
      if (isAPIError(returned)) unifyRefusals(context.path, returned.statusCode);
      else issueDeviceCookie(context, deps);
    }),
  };
}

/** A changed password ends the user's other sessions unless the request says otherwise. */
function endOtherSessions({ body }: GenericEndpointContext): { body?: object } {
  if (typeof body !== "object" || body === null) return {};
  return { body: { ...body, revokeOtherSessions: body["revokeOtherSessions"] ?? true } };
}

function issueDeviceCookie(context: GenericEndpointContext, { devices }: AuthLimitsDeps): void {
  const { path, context: shared } = context;
  const { newSession } = shared;
  const hasSignedIn = path === "/sign-in/email" || path === "/sign-up/email";
  if (!hasSignedIn || !newSession) return;
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
}

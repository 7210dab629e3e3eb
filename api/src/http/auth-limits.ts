import type { GenericEndpointContext } from "better-auth";
import { APIError, getSessionFromCtx } from "better-auth/api";

import type { AttemptLimits } from "#services/access/attempt-limits.ts";
import { readResetToken, readText } from "./auth-body.ts";
import { isPasswordCounted, markPasswordCounted, readAuthRequest } from "./auth-request.ts";
import type { DeviceCookies } from "./device-cookie.ts";
import { retryAfterHeader } from "./errors.ts";

export interface AuthLimitsDeps {
  limits: Pick<AttemptLimits, "password" | "signUpFrom" | "resetFrom" | "resetRequest">;
  devices: DeviceCookies;
}

/** Matches tokens of password reset links, as created by the sign-in library and `make-owner`. */
const resetTokenForm = /^[\w-]{24,43}$/;

/**
 * Counts an attempt after the sign-in library has parsed the body, so that every request format is
 * counted.
 * @throws APIError 429 with `Retry-After`, in the format of all errors of the HTTP layer
 */
export async function limitAttempts(
  context: GenericEndpointContext,
  deps: AuthLimitsDeps,
): Promise<void> {
  switch (context.path) {
    case "/sign-in/email":
      return limitPassword(context, deps, readText(context, "email"));
    case "/change-password": {
      const session = await getSessionFromCtx(context);
      // Without a session the endpoint answers 401.
      if (session) await limitPassword(context, deps, session.user.email);
      return;
    }
    case "/reset-password": {
      if (!resetTokenForm.test(readResetToken(context)))
        throw new APIError("BAD_REQUEST", { code: "INVALID_TOKEN", message: "Invalid token" });
      return refuseIf(await deps.limits.resetFrom(readAuthRequest().address));
    }
    case "/request-password-reset": {
      const { address } = readAuthRequest();
      const email = readText(context, "email");
      return refuseIf(await deps.limits.resetRequest({ email, address }));
    }
    case "/sign-up/email":
      return refuseIf(await deps.limits.signUpFrom(readAuthRequest().address));
    default:
  }
}

/**
 * The only place where passwords are compared. An endpoint whose attempts are not counted cannot
 * compare passwords.
 */
export function limitComparison<Comparison>(
  compare: (comparison: Comparison) => Promise<boolean>,
): (comparison: Comparison) => Promise<boolean> {
  return async (comparison) => {
    if (!isPasswordCounted()) throw new APIError("NOT_FOUND");
    return compare(comparison);
  };
}

async function limitPassword(
  context: GenericEndpointContext,
  { limits, devices }: AuthLimitsDeps,
  email: string,
): Promise<void> {
  const { address } = readAuthRequest();
  const deviceId = devices.read(context.getCookie(devices.name), email);
  refuseIf(await limits.password({ email, address, deviceId }));
  markPasswordCounted();
}

function refuseIf(retryAfterMs: number | null): void {
  if (retryAfterMs === null) return;
  const { requestId } = readAuthRequest();
  const message = "Too many attempts. Wait a moment, then try again.";
  throw new APIError(
    "TOO_MANY_REQUESTS",
    { error: { code: "RATE_LIMITED", message, requestId, retryAfterMs } },
    retryAfterHeader(retryAfterMs),
  );
}

import type { GenericEndpointContext } from "better-auth";
import { APIError, getSessionFromCtx } from "better-auth/api";

import { findPasswordFault } from "#services/access/password-rules.ts";
import { readResetToken, readText } from "./auth-body.ts";

interface Owner {
  name?: string;
  email?: string;
}

/**
 * Applies the rules for new passwords wherever one is set. A missing password is left to the
 * endpoint.
 * @throws APIError 400 with the violated rule
 */
export async function checkNewPassword(context: GenericEndpointContext): Promise<void> {
  const member = context.path === "/sign-up/email" ? "password" : "newPassword";
  const password = readText(context, member);
  if (password === "") return;
  const fault = await findPasswordFault(password, await readOwner(context));
  if (fault) throw new APIError("BAD_REQUEST", { ...fault });
}

async function readOwner(context: GenericEndpointContext): Promise<Owner> {
  switch (context.path) {
    case "/sign-up/email":
      return { name: readText(context, "name"), email: readText(context, "email") };
    case "/change-password":
      return (await getSessionFromCtx(context))?.user ?? {};
    case "/reset-password": {
      const { internalAdapter } = context.context;
      const identifier = `reset-password:${readResetToken(context)}`;
      const verification = await internalAdapter.findVerificationValue(identifier);
      return (verification && (await internalAdapter.findUserById(verification.value))) ?? {};
    }
    default:
      return {};
  }
}

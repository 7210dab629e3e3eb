import type { GenericEndpointContext } from "better-auth";
import { APIError } from "better-auth/api";

export interface SignUpGateDeps {
  signUpOpen: boolean;
  admitsInvited(token: string, email: string): Promise<boolean>;
}

/** An invitation's token, with `POST /api/auth/sign-up/email`. A header: bodies of sign-up are columns of the user. */
export const invitationHeader = "gatehouse-invitation";

/** As better-auth refuses where sign-up is closed. */
export function refuseSignUp(): APIError {
  return new APIError("BAD_REQUEST", {
    code: "EMAIL_PASSWORD_SIGN_UP_DISABLED",
    message: "Sign-up is closed here. Ask somebody of the workspace for an invitation.",
  });
}

/** Where sign-up is closed, only the holder of an invitation may sign up. */
export async function requireInvitation(
  context: GenericEndpointContext,
  { signUpOpen, admitsInvited }: SignUpGateDeps,
): Promise<void> {
  if (signUpOpen || context.path !== "/sign-up/email") return;
  const token = context.headers?.get(invitationHeader);
  const email: unknown = context.body?.email;
  if (!token || typeof email !== "string" || !(await admitsInvited(token, email)))
    throw refuseSignUp();
}

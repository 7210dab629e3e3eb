import { APIError, createAuthMiddleware } from "better-auth/api";

/** An invitation's token, with `POST /api/auth/sign-up/email`. A header: bodies of sign-up are columns of the user. */
export const invitationHeader = "gatehouse-invitation";

/** As better-auth refuses where sign-up is closed. */
export function refuseSignUp(): APIError {
  return new APIError("BAD_REQUEST", {
    code: "EMAIL_PASSWORD_SIGN_UP_DISABLED",
    message: "Sign-up is closed here. Ask somebody of the workspace for an invitation.",
  });
}

/** Where sign-up is closed: before anything else is done, only who holds an invitation goes on. */
export function createSignUpGate(deps: {
  admitsInvited(token: string, email: string): Promise<boolean>;
}) {
  return createAuthMiddleware(async (context) => {
    if (context.path !== "/sign-up/email") return;
    const token = context.headers?.get(invitationHeader);
    const email: unknown = context.body?.email;
    if (!token || typeof email !== "string" || !(await deps.admitsInvited(token, email)))
      throw refuseSignUp();
  });
}

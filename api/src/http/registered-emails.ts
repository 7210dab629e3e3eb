import type { GenericEndpointContext } from "better-auth";
import { APIError } from "better-auth/api";
import { z } from "zod";

import type { AttemptLimits } from "#services/access/attempt-limits.ts";
import { isValidName, refuseName } from "./user-names.ts";
import { refuseSignUp } from "./sign-up-gate.ts";

export interface RegisteredEmailsDeps {
  limits: Pick<AttemptLimits, "signUpNotice">;
  /**
   * Notifies the owner of an address by email that someone tried to sign up with it; null if email
   * is not configured. Must not wait.
   */
  sendSignUpNotice: ((email: string) => void) | null;
}

/**
 * The complete validation of the endpoint. It must run before the address is looked up: otherwise a
 * request with a fault would be rejected in two ways, and reveal whether the address has an
 * account.
 */
const signUpBody = z.strictObject({
  name: z.string(),
  email: z.email(),
  password: z.string().min(1),
  callbackURL: z.string().optional(),
  rememberMe: z.boolean().optional(),
});

/**
 * Rejects a sign-up with an address that already has an account like any other rejected sign-up,
 * and after the same work. See docs/decisions/022-sign-up-and-existing-accounts.md.
 */
export async function refuseRegisteredEmail(
  context: GenericEndpointContext,
  { limits, sendSignUpNotice }: RegisteredEmailsDeps,
): Promise<void> {
  if (context.path !== "/sign-up/email") return;
  const { success, data, error } = signUpBody.safeParse(context.body);
  if (!success) throw describeBody(error);
  if (!isValidName(data.name)) throw refuseName();
  const { internalAdapter, password } = context.context;
  const email = data.email.toLowerCase();
  if (!(await internalAdapter.findUserByEmail(email))) return;
  await password.hash(data.password);
  if (sendSignUpNotice && (await limits.signUpNotice(email)) === null) sendSignUpNotice(email);
  throw refuseSignUp();
}

/**
 * Makes the response of a sign-up that fails later, for example the second of two concurrent
 * sign-ups, the same.
 */
export function unifyRefusals(path: string | undefined, status: number): void {
  if (path === "/sign-up/email" && status === 422) throw refuseSignUp();
}

function describeBody({ issues }: z.ZodError): APIError {
  const isEmail = issues.some(({ path }) => path[0] === "email");
  return new APIError(
    "BAD_REQUEST",
    isEmail
      ? { code: "INVALID_EMAIL", message: "Enter a valid email address." }
      : { code: "VALIDATION_ERROR", message: "Send a name, an email address and a password." },
  );
}

import type { GenericEndpointContext } from "better-auth";
import { APIError } from "better-auth/api";

/**
 * The token of an invitation, sent with `POST /api/auth/sign-up/email`. It is a header because
 * properties of the body are columns of the user.
 */
const invitationHeader = "gatehouse-invitation";
/** The token of a link for the operator, sent in the same way. */
const ownerLinkHeader = "gatehouse-owner-link";

/** Allows its holder to sign up while sign-up is closed. */
export interface SignUpTicket {
  /** Whether the token allows this address to sign up. */
  admits(token: string, email: string): Promise<boolean>;
  /**
   * Uses the token for a user who was just created. False: the token is no longer valid, and the
   * user is removed.
   */
  use(token: string, user: { id: string; email: string }): Promise<boolean>;
}

export interface SignUpGateDeps {
  signUpOpen: boolean;
  invitations: SignUpTicket;
  ownerLinks: SignUpTicket;
}

interface SentTicket {
  ticket: SignUpTicket;
  token: string;
  refuse: () => APIError;
}

/**
 * Rejects a sign-up before anything else is done, unless sign-up is open or the request has a valid
 * ticket.
 */
export async function requireTicket(
  context: GenericEndpointContext,
  deps: SignUpGateDeps,
): Promise<void> {
  if (context.path !== "/sign-up/email") return;
  const sent = readTicket(context.headers, deps);
  if (sent === null) return;
  const email: unknown = context.body?.email;
  if (typeof email !== "string" || !(await sent.ticket.admits(sent.token, email)))
    throw sent.refuse();
}

/** @throws APIError if the ticket of this sign-up was used by another one in the meantime */
export async function consumeTicket(
  headers: Headers | undefined,
  user: { id: string; email: string },
  deps: SignUpGateDeps,
): Promise<void> {
  const sent = readTicket(headers, deps);
  if (sent !== null && !(await sent.ticket.use(sent.token, user))) throw sent.refuse();
}

/** Null: no ticket is required. A link for the operator is accepted even if sign-up is open. */
function readTicket(headers: Headers | undefined, deps: SignUpGateDeps): SentTicket | null {
  const ownerToken = headers?.get(ownerLinkHeader);
  if (ownerToken != null)
    return { ticket: deps.ownerLinks, token: ownerToken, refuse: refuseOwnerLink };
  if (deps.signUpOpen) return null;
  const token = headers?.get(invitationHeader) ?? "";
  return { ticket: deps.invitations, token, refuse: refuseSignUp };
}

/**
 * The response to every sign-up that is not allowed. It does not reveal whether the address has an
 * account.
 */
export function refuseSignUp(): APIError {
  // The status that the library uses if creating the user fails, which hooks cannot change.
  return new APIError("UNPROCESSABLE_ENTITY", {
    code: "SIGN_UP_REFUSED",
    message:
      "The account could not be created. If you have an account with this address, sign in. Where sign-up is closed, you need an invitation for this address.",
  });
}

function refuseOwnerLink(): APIError {
  return new APIError("BAD_REQUEST", {
    code: "OWNER_LINK_INVALID",
    message:
      "This link is no longer valid, or is for another email address. `pnpm make-owner EMAIL` prints a new one.",
  });
}

import type { GenericEndpointContext } from "better-auth";
import { APIError } from "better-auth/api";

/** A token of an invitation, with `POST /api/auth/sign-up/email`. A header: members of the body are columns of the user. */
const invitationHeader = "gatehouse-invitation";
/** A token of a link for the operator, in the same way. */
const ownerLinkHeader = "gatehouse-owner-link";

/** Something that lets its holder sign up where sign-up is closed. */
export interface SignUpTicket {
  /** Whether the token lets this address sign up. */
  admits(token: string, email: string): Promise<boolean>;
  /** Uses the token for a user who has just been created. False: it is not valid any more, and the user is removed. */
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

/** Refuses a sign-up before anything else is done, unless sign-up is open or the request has a valid ticket. */
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

/** @throws APIError if the ticket of this sign-up was used by another one meanwhile */
export async function consumeTicket(
  headers: Headers | undefined,
  user: { id: string; email: string },
  deps: SignUpGateDeps,
): Promise<void> {
  const sent = readTicket(headers, deps);
  if (sent !== null && !(await sent.ticket.use(sent.token, user))) throw sent.refuse();
}

/** Null: none is needed. A link for the operator counts wherever it is sent. */
function readTicket(headers: Headers | undefined, deps: SignUpGateDeps): SentTicket | null {
  const ownerToken = headers?.get(ownerLinkHeader);
  if (ownerToken != null)
    return { ticket: deps.ownerLinks, token: ownerToken, refuse: refuseOwnerLink };
  if (deps.signUpOpen) return null;
  const token = headers?.get(invitationHeader) ?? "";
  return { ticket: deps.invitations, token, refuse: refuseSignUp };
}

/** The one refusal of every sign-up that is not allowed: it does not show whether the address has an account. */
export function refuseSignUp(): APIError {
  // The library's own status where creating the user fails, which no hook can change.
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
      "This link is not valid any more, or is for another email address. `pnpm make-owner EMAIL` prints a new one.",
  });
}

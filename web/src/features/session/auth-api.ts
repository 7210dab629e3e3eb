export type AuthOutcome = { ok: true } | { ok: false; message: string };

async function post(
  path: string,
  body: Record<string, string | boolean>,
  headers: Record<string, string> = {},
): Promise<AuthOutcome> {
  let response: Response;
  try {
    response = await fetch(`/api/auth/${path}`, {
      method: "POST",
      headers: { "content-type": "application/json", ...headers },
      credentials: "same-origin",
      body: JSON.stringify(body),
    });
  } catch {
    return {
      ok: false,
      message: "Gatehouse cannot be reached. Check the connection, then try again.",
    };
  }
  if (response.ok) return { ok: true };
  return { ok: false, message: await readMessage(response) };
}

async function readMessage(response: Response): Promise<string> {
  if (response.status === 429) return "Too many attempts. Wait a moment, then try again.";
  const body: unknown = await response.json().catch(() => null);
  if (
    typeof body === "object" &&
    body !== null &&
    "message" in body &&
    typeof body.message === "string"
  ) {
    return body.message;
  }
  return "That did not work. Try again.";
}

export function signIn(email: string, password: string): Promise<AuthOutcome> {
  return post("sign-in/email", { email, password });
}

/** A token that lets its holder sign up where sign-up is closed. */
export type SignUpTicket = { kind: "invitation" | "owner-link"; token: string };

export function signUp(
  values: { name: string; email: string; password: string },
  ticket: SignUpTicket | null,
): Promise<AuthOutcome> {
  return post(
    "sign-up/email",
    values,
    ticket ? { [`gatehouse-${ticket.kind}`]: ticket.token } : {},
  );
}

/** Has a link mailed, if there is such an account; nobody is told whether. */
export function requestPasswordReset(email: string): Promise<AuthOutcome> {
  return post("request-password-reset", { email });
}

/** @param token of the mailed link */
export function resetPassword(token: string, newPassword: string): Promise<AuthOutcome> {
  return post("reset-password", { token, newPassword });
}

export function changePassword(values: {
  currentPassword: string;
  newPassword: string;
  revokeOtherSessions: boolean;
}): Promise<AuthOutcome> {
  return post("change-password", values);
}

export function signOut(): Promise<AuthOutcome> {
  return post("sign-out", {});
}

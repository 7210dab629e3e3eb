/** What the forms of the sign-in pages ask of an address and of a new password, in words to show; null is no fault. */

const shortestPassword = 10;

export const passwordRule = `At least ${shortestPassword} characters. Common passwords, your name and your email address are refused.`;

/** The server applies the whole rule. */
export function checkNewPassword(password: string): string | null {
  return [...password].length >= shortestPassword
    ? null
    : `Use at least ${shortestPassword} characters.`;
}

/** Catches slips, no more: whether the address exists is for the mail to show. */
export function checkEmail(email: string): string | null {
  return /^\S+@\S+\.\S+$/.test(email.trim()) ? null : "Enter your email address.";
}

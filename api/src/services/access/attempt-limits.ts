import { createHash } from "node:crypto";
import type { Database } from "@gatehouse/prisma";
import { createRateLimiter } from "./rate-limit.ts";

/** A comparison of an account's password. */
export interface PasswordAttempt {
  /** The account's email address, whether or not the account exists. */
  email: string;
  address: string;
  /** Identifies a browser that has signed in to this account before; null for any other. */
  deviceId: string | null;
}

/**
 * Limits on requests that need no session. Each function counts one attempt and returns null, or the number of milliseconds to wait.
 * Keys of anonymous callers are client addresses, or one of a fixed number of buckets: invented accounts and tokens add no rows.
 */
export interface AttemptLimits {
  password(attempt: PasswordAttempt): Promise<number | null>;
  signUpFrom(address: string): Promise<number | null>;
  /** Tokens of links that reset a password. */
  resetFrom(address: string): Promise<number | null>;
  /** Email with a link to reset a password. */
  resetRequest(request: { email: string; address: string }): Promise<number | null>;
  /** Email to the owner of an address with which someone tried to sign up. */
  signUpNotice(email: string): Promise<number | null>;
  callbackFrom(address: string): Promise<number | null>;
  /** Reading an invitation without a session. */
  invitationFrom(address: string): Promise<number | null>;
}

/**
 * A household or an office shares one address, so the limits by address are wide. Passwords follow OWASP's device cookies
 * (https://owasp.org/www-community/Slow_Down_Online_Guessing_Attacks_with_Device_Cookies): browsers that are unknown to an account
 * share an allowance per address and one for all addresses together, which bounds the number of guesses. A browser that has signed in
 * before has its own, so guesses from elsewhere do not lock the owner out.
 *
 * @param options.exemptsLoopback requests from the same machine are not limited by address
 */
export function createAttemptLimits(
  db: Database,
  {
    exemptsLoopback,
    isLoopback,
  }: { exemptsLoopback: boolean; isLoopback(address: string): boolean },
): AttemptLimits {
  const limit = (name: string, burst: number, perMinute: number) =>
    createRateLimiter(db, { name, burst, perMinute });
  const from = limit("sign-in-from", 30, 30);
  const toFrom = limit("sign-in-to-from", 10, 2);
  const to = limit("sign-in-to", 50, 2);
  const byDevice = limit("sign-in-device", 10, 2);
  // Each attempt with a new address creates an account, so sign-up is a slow way to look for addresses.
  const signUps = limit("sign-up-from", 20, 2);
  const notices = limit("sign-up-notice-to", 1, 1 / (24 * 60));
  const resets = limit("password-reset-to", 5, 1);
  const callbacks = limit("callback-from", 120, 120);
  const invitations = limit("invitation-from", 60, 60);

  const isExempt = (address: string) => exemptsLoopback && isLoopback(address);
  const takeFrom = async (address: string) => (isExempt(address) ? null : from.take(address));
  return {
    async password({ email, address, deviceId }) {
      if (deviceId !== null) return byDevice.take(deviceId);
      const account = bucketOf(email);
      return (
        (await takeFrom(address)) ??
        (isExempt(address) ? null : await toFrom.take(`${account.slice(0, 2)} ${address}`)) ??
        to.take(account)
      );
    },
    signUpFrom: async (address) => (isExempt(address) ? null : signUps.take(address)),
    resetFrom: takeFrom,
    signUpNotice: (email) => notices.take(bucketOf(email)),
    resetRequest: async ({ email, address }) =>
      (await takeFrom(address)) ?? resets.take(bucketOf(email)),
    callbackFrom: async (address) => (isExempt(address) ? null : callbacks.take(address)),
    invitationFrom: async (address) => (isExempt(address) ? null : invitations.take(address)),
  };
}

/**
 * One of 65,536 texts of four digits, and of 256 by its first two for one address: invented accounts cannot fill the table. Two accounts
 * that are attacked at the same time rarely share one.
 */
function bucketOf(email: string): string {
  return createHash("sha256").update(email.trim().toLowerCase()).digest("hex").slice(0, 4);
}

import type { Database } from "@gatehouse/prisma";
import { createRateLimiter } from "./rate-limit.ts";

/** How often somebody may try what needs no sign-in; each answers null, or how many milliseconds to wait. */
export interface AttemptLimits {
  /** Passwords and new accounts, by the address that they come from. */
  signInFrom(address: string): Promise<number | null>;
  /** The same, by the e-mail address that they are for. */
  signInTo(email: string): Promise<number | null>;
  callbackFrom(address: string): Promise<number | null>;
}

/**
 * A household or an office has an address of its own, so that limits by address are wide; the one by account holds for all addresses
 * together, and is wide enough that nobody who guesses keeps its owner out for longer than moments.
 *
 * @param options.exemptsLoopback Gatehouse is on its user's own machine: whoever comes from there is not counted by address
 */
export function createAttemptLimits(
  db: Database,
  {
    exemptsLoopback,
    isLoopback,
  }: { exemptsLoopback: boolean; isLoopback(address: string): boolean },
): AttemptLimits {
  const from = createRateLimiter(db, { name: "sign-in-from", burst: 30, perMinute: 30 });
  const to = createRateLimiter(db, { name: "sign-in-to", burst: 20, perMinute: 6 });
  const callbacks = createRateLimiter(db, { name: "callback-from", burst: 120, perMinute: 120 });
  const isExempt = (address: string) => exemptsLoopback && isLoopback(address);
  return {
    signInFrom: async (address) => (isExempt(address) ? null : from.take(address)),
    signInTo: (email) => to.take(email),
    callbackFrom: async (address) => (isExempt(address) ? null : callbacks.take(address)),
  };
}

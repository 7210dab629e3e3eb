import type { ApiTokenScope } from "../../graphql/generated/graphql.ts";
import type { Tone } from "../../lib/words.ts";

export const scopeWords: Record<ApiTokenScope, { label: string; detail: string }> = {
  READ: { label: "Read", detail: "Queries and subscriptions. Changes nothing." },
  EXECUTE: {
    label: "Read and run tools",
    detail: "Also runs tools and diagnoses URLs, with your accounts.",
  },
  MANAGE: {
    label: "Manage",
    detail: "All that you may do, except making tokens and changing members.",
  },
};

export type TokenLife = { expiresAt?: string | null; revokedAt?: string | null };

/** How a token stands at a time. */
export function describeLife(
  { expiresAt, revokedAt }: TokenLife,
  nowMs: number,
): { label: string; tone: Tone; ended: boolean } {
  if (revokedAt) return { label: "Revoked", tone: "off", ended: true };
  if (expiresAt && Date.parse(expiresAt) <= nowMs)
    return { label: "Expired", tone: "off", ended: true };
  return { label: "Active", tone: "good", ended: false };
}

/** The lives to choose from, in days; null: until it is revoked. */
export const lifetimes = [
  { value: "30", label: "30 days", days: 30 },
  { value: "90", label: "90 days", days: 90 },
  { value: "365", label: "365 days", days: 365 },
  { value: "none", label: "No expiry", days: null },
] as const;

export type Lifetime = (typeof lifetimes)[number]["value"];

/** When a token made at `nowMs` runs out, as the API takes it; null: never. */
export function readExpiry(lifetime: Lifetime, nowMs: number): string | null {
  const days = lifetimes.find(({ value }) => value === lifetime)?.days ?? null;
  return days === null ? null : new Date(nowMs + days * 86_400_000).toISOString();
}

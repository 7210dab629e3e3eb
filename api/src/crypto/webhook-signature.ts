import { createHmac, randomBytes } from "node:crypto";

const prefix = "whsec_";
/** Standard Webhooks requires 24 to 64 bytes. */
const secretBytes = 32;

/** Creates a signing secret in the format of Standard Webhooks. */
export function makeSigningSecret(): string {
  return prefix + randomBytes(secretBytes).toString("base64");
}

/**
 * The `webhook-signature` of one delivery (Standard Webhooks, symmetric signatures): one entry per secret, so that a receiver accepts it
 * with the old one or the new one while a secret is being replaced.
 * @param secrets as `makeSigningSecret` made them
 * @param timestampS seconds since 1970, as sent in `webhook-timestamp`
 */
export function signWebhook(
  secrets: readonly string[],
  message: { id: string; timestampS: number; body: string },
): string {
  const signed = `${message.id}.${message.timestampS}.${message.body}`;
  return secrets
    .map((secret) => {
      const key = Buffer.from(secret.slice(prefix.length), "base64");
      return `v1,${createHmac("sha256", key).update(signed).digest("base64")}`;
    })
    .join(" ");
}

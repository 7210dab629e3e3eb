import type { GenericEndpointContext } from "better-auth";

/**
 * A text property of the body; empty if it is missing or not a text, which the endpoint itself
 * rejects.
 */
export function readText({ body }: GenericEndpointContext, member: string): string {
  const value: unknown = body?.[member];
  return typeof value === "string" ? value : "";
}

/** The token of a password reset link, read as the endpoint reads it. */
export function readResetToken(context: GenericEndpointContext): string {
  return readText(context, "token") || String(context.query?.["token"] ?? "");
}

import type { GenericEndpointContext } from "better-auth";

/** A member of the body; empty if it is missing or no text, which the endpoint itself refuses. */
export function readText({ body }: GenericEndpointContext, member: string): string {
  const value: unknown = body?.[member];
  return typeof value === "string" ? value : "";
}

/** The token of a link that resets a password, from where the endpoint reads it. */
export function readResetToken(context: GenericEndpointContext): string {
  return readText(context, "token") || String(context.query?.["token"] ?? "");
}

import type { Failure } from "#mcp/connection/classify-error.ts";
import type { OAuthReason } from "#oauth/state.ts";

/** The reasons that no credentials are available which the server accepts. */
export type Stop = (
  | { kind: "reauth"; reason: OAuthReason }
  /** The server rejected the configured headers. */
  | { kind: "headers-rejected" }
  /** The server rejected this call, regardless of the account. */
  | { kind: "forbidden"; message: string }
  | { kind: "transient"; message: string }
) & {
  /** Whether the server itself rejected the request. Otherwise nothing was sent. */
  answered?: boolean;
};

export const moved: Stop = { kind: "reauth", reason: "AUTHORIZATION_SERVER_CHANGED" };

export const changedMeanwhile: Stop = {
  kind: "transient",
  message: "The server's settings or the account have changed. Try again.",
};

/** Consent was given repeatedly without effect, so asking for it again would not help (regressions C14). */
export function insatiable(scopes: readonly string[]): Stop {
  const wanted = scopes.length > 0 ? scopes.join(" ").slice(0, 200) : "further scopes";
  return {
    kind: "forbidden",
    message: `The server keeps requesting ${wanted} although consent was granted. Its operator must fix this.`,
  };
}

/** The number of scopes exceeds what one consent can request. */
export const boundless: Stop = {
  kind: "forbidden",
  message:
    "The server requests more scopes than one consent can include. Its operator must fix this.",
};

/** Describes in one sentence why a session returned no result. */
export function describeFailure(failure: Failure): string {
  switch (failure.kind) {
    case "cancelled":
      return "Cancelled.";
    case "refused": {
      const stop = failure.stop as Stop | null;
      if (stop?.kind === "reauth") return "Consent is required.";
      if (stop?.kind === "headers-rejected") return "The server refused the configured headers.";
      return stop?.message ?? "The server refused the credentials.";
    }
    default:
      return failure.message;
  }
}

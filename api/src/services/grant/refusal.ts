import type { Failure } from "#mcp/connection/classify-error.ts";
import type { OAuthReason } from "#oauth/state.ts";

/** Why a request got no credentials that the server accepts. */
export type Stop = (
  | { kind: "reauth"; reason: OAuthReason }
  /** Configured headers were refused. */
  | { kind: "headers-rejected" }
  /** The server said no to this call, whoever asks. */
  | { kind: "forbidden"; message: string }
  | { kind: "transient"; message: string }
) & {
  /** The server itself said no; otherwise nothing was sent. */
  answered?: boolean;
};

export const moved: Stop = { kind: "reauth", reason: "AUTHORIZATION_SERVER_CHANGED" };

export const changedMeanwhile: Stop = {
  kind: "transient",
  message: "The server's settings or its account were changed meanwhile. Try again.",
};

/** Consent was given again and again; to ask once more would help nobody (regressions C14). */
export function insatiable(scopes: readonly string[]): Stop {
  const wanted = scopes.length > 0 ? scopes.join(" ").slice(0, 200) : "further scopes";
  return {
    kind: "forbidden",
    message: `The server keeps asking for ${wanted} although consent was given; its operator must mend this.`,
  };
}

/** As many as they are, one consent cannot be about them all. */
export const boundless: Stop = {
  kind: "forbidden",
  message:
    "The server asks for ever more scopes than a consent can be about; its operator must mend this.",
};

/** Why a session gave no answer, in one sentence. */
export function describeFailure(failure: Failure): string {
  switch (failure.kind) {
    case "cancelled":
      return "Cancelled.";
    case "refused": {
      const stop = failure.stop as Stop | null;
      if (stop?.kind === "reauth") return "Consent is needed.";
      if (stop?.kind === "headers-rejected") return "The server refused the configured headers.";
      return stop?.message ?? "The server refused the credentials.";
    }
    default:
      return failure.message;
  }
}

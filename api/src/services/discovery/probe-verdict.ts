/** Describes the response to a probe, in words and as a step. */
import type { ProbeAnswer } from "#mcp/connection/probe.ts";
import type { Verdict } from "#oauth/flow-steps.ts";

export function judgeProbe(answer: ProbeAnswer): Verdict {
  switch (answer.kind) {
    case "open":
      return { outcome: "OK" };
    case "unauthorized":
      return { outcome: "OK", detail: "The server requires credentials." };
    case "not-mcp":
      return { outcome: "FAILED", detail: answer.detail };
    case "unreachable":
      return { outcome: "FAILED", detail: describeUnreachable(answer.cause) };
  }
}

/**
 * Recognizes the error of the guarded fetch by its code, because this module does not import it.
 */
export function isForbiddenAddress(error: unknown): error is Error {
  return (
    error instanceof Error &&
    "code" in error &&
    (error.code === "ADDRESS_FORBIDDEN" || error.code === "HOST_FORBIDDEN")
  );
}

export function describeUnreachable(
  cause: Extract<ProbeAnswer, { kind: "unreachable" }>["cause"],
): string {
  return "message" in cause ? cause.message : "The server did not answer.";
}

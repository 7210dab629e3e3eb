/** Recognizes that a server may have changed its protocol era while it was connected (regressions I22). */
import type { Failure } from "../failure.ts";

/** Header mismatch and unsupported version (MCP 2026-07-28): the server refused the request before it ran anything. */
const ERA_ERRORS: ReadonlySet<unknown> = new Set([-32_020, -32_022]);
/**
 * Codes with which servers refuse a request of the other era, together with an HTTP error: server error, invalid request, method not found
 * and invalid params (JSON-RPC 2.0, section 5.1). With status 200 they are the answer to the call.
 */
const GENERAL_ERRORS: ReadonlySet<unknown> = new Set([-32_000, -32_600, -32_601, -32_602]);
/** Rejections by a server that does not know the URL, the method, or the media type. */
const ERA_STATUSES: ReadonlySet<unknown> = new Set([400, 404, 405, 406, 415]);

/** Whether the answer of a call may mean that the server is of the other era. Nothing was run in this case. */
export function suggestsOtherEra(answer: unknown): boolean {
  if (typeof answer !== "object" || answer === null || !("kind" in answer)) return false;
  // A server of the other era knows no method of tools.
  if ("hasNoTools" in answer) return true;
  const failure = answer as Failure;
  if (failure.kind === "unreachable") return ERA_STATUSES.has(failure.httpStatus);
  if (failure.kind !== "protocol-error") return false;
  const { code, httpStatus } = failure;
  return ERA_ERRORS.has(code) || (GENERAL_ERRORS.has(code) && ERA_STATUSES.has(httpStatus));
}

const intervalMs = 60_000;
const mostServers = 10_000;

/** Limits the negotiations that such answers cause to one a minute per server. */
export function createEraChecks(monotonicMs: () => number) {
  const checkedAtMs = new Map<string, number>();
  return {
    mayCheck(serverId: string): boolean {
      const nowMs = monotonicMs();
      const last = checkedAtMs.get(serverId);
      if (last !== undefined && nowMs - last < intervalMs) return false;
      checkedAtMs.delete(serverId);
      checkedAtMs.set(serverId, nowMs);
      const [oldest] = checkedAtMs.keys();
      if (checkedAtMs.size > mostServers && oldest !== undefined) checkedAtMs.delete(oldest);
      return true;
    },
  };
}

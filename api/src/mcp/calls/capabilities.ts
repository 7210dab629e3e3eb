/** Reads the capabilities that a server declares for this account. */
import { z } from "zod";
import type { Session } from "../connection/connect.ts";
import { classifyFailure } from "../connection/classify-error.ts";
import { redactFailure } from "../failure.ts";
import type { Failure } from "../failure.ts";

export interface Capabilities {
  resources: boolean;
  prompts: boolean;
}

const discovery = z.looseObject({
  capabilities: z.looseObject({
    resources: z.unknown().optional(),
    prompts: z.unknown().optional(),
  }),
});

/**
 * A legacy server declares its capabilities in the handshake. A modern server is queried (MCP 2026-07-28, `server/discover`), because the
 * era cache is shared by all accounts and therefore does not store capabilities.
 */
export async function readCapabilities(
  session: Session,
  signal?: AbortSignal,
): Promise<{ kind: "capabilities"; capabilities: Capabilities } | Failure> {
  const known = session.client.getServerCapabilities();
  if (session.era === "legacy") return { kind: "capabilities", capabilities: read(known ?? {}) };
  const options = { timeout: session.timeoutMs, ...(signal ? { signal } : {}) };
  try {
    const answer = await session.client.request({ method: "server/discover" }, discovery, options);
    return { kind: "capabilities", capabilities: read(answer.capabilities) };
  } catch (error) {
    if (signal?.aborted) return { kind: "cancelled" };
    const failure = classifyFailure(error, "call");
    if (!failure) throw error;
    return redactFailure(failure, session.redact);
  }
}

function read(said: { resources?: unknown; prompts?: unknown }): Capabilities {
  return { resources: said.resources != null, prompts: said.prompts != null };
}

/** Tests whether a server accepts a key, without storing it. */
import { listTools } from "#mcp/calls/catalog.ts";
import { type Credentials, withSession } from "#mcp/connection/session.ts";
import type { Fetch } from "#oauth/ports.ts";
import { type Access, type Caller, consentAction, requireCaller } from "../access/access.ts";
import { checkHeaders, type HeaderInput } from "../access/input.ts";
import { InputFaults } from "../access/service-error.ts";
import { bindSignal } from "./bind-abort-signal.ts";
import type { Detector } from "./detection.ts";

export interface HeadersTest {
  result: "ACCEPTED" | "REJECTED" | "UNREACHABLE";
  /** One sentence for the user. */
  message: string;
}

/** The server to test: an existing one, or a workspace and the URL of one that would be created. */
export interface HeadersTestTarget {
  serverId: string | null;
  workspaceId: string | null;
  url: string | null;
}

export interface HeadersTests {
  /**
   * Lists the server's tools with these headers. Requires ADMIN, or MEMBER for a server where each member has a key of their own.
   * @throws ServiceError BAD_USER_INPUT, FORBIDDEN, NOT_FOUND
   */
  run(
    caller: Caller | null,
    target: HeadersTestTarget,
    headers: readonly HeaderInput[],
    signal?: AbortSignal,
  ): Promise<HeadersTest>;
}

export interface HeadersTestsDeps {
  access: Access;
  detector: Pick<Detector, "checkUrl">;
  fetchFor(scope: { serverUrl: string }): Fetch;
  clientInfo: { name: string; version: string };
}

const testTimeoutMs = 15_000;

export function createHeadersTests(deps: HeadersTestsDeps): HeadersTests {
  return {
    async run(caller, target, headers, signal) {
      const faults = new InputFaults();
      const url = await readUrl(deps, faults, caller, target);
      if (headers.length === 0) faults.add("headers", "Enter a header.");
      checkHeaders(faults, headers, false);
      headers.forEach(({ name, value }, index) => {
        if (!value) faults.add(`headers.${index}.value`, `Enter a value for ${name}.`);
      });
      faults.throwIfAny();
      const given = Object.fromEntries(headers.map(({ name, value }) => [name, value ?? ""]));
      const answer = await withSession(
        {
          url,
          fetch: bindSignal(deps.fetchFor({ serverUrl: url }), signal),
          credentials: giveOnly(given),
          timeoutMs: testTimeoutMs,
          clientInfo: deps.clientInfo,
          signal,
        },
        (session) => listTools(session, undefined, signal),
      );
      signal?.throwIfAborted();
      if (answer.kind === "tools")
        return { result: "ACCEPTED", message: "The server accepts this key." };
      if (answer.kind === "refused" && answer.stop === rejected)
        return { result: "REJECTED", message: "The server rejected this key." };
      const message = "message" in answer ? answer.message : "The server did not answer.";
      return { result: "UNREACHABLE", message };
    },
  };
}

/** Set by a response with 401 or 403. */
const rejected = Symbol("rejected");

function giveOnly(headers: Record<string, string>): Credentials {
  return {
    headers: async () => ({ kind: "headers", headers }),
    refused: async ({ isSessionDoubtful }) =>
      isSessionDoubtful ? "new-session" : { stop: rejected },
  };
}

async function readUrl(
  { access, detector }: HeadersTestsDeps,
  faults: InputFaults,
  caller: Caller | null,
  { serverId, workspaceId, url }: HeadersTestTarget,
): Promise<string> {
  if (serverId !== null && workspaceId === null && url === null) {
    const { server } = await access.requireServer(caller, serverId, (one) =>
      consentAction(one.credentialScope),
    );
    return server.url;
  }
  if (serverId === null && workspaceId !== null && url !== null) {
    await access.requireWorkspace(caller, workspaceId, "administer");
    detector.checkUrl(faults, "url", url);
    return url;
  }
  requireCaller(caller);
  faults.add("serverId", "Enter either serverId, or workspaceId and url.");
  return "";
}

import type { Fetch, SignAssertion } from "#oauth/ports.ts";
import { deleteRegistration } from "#oauth/registration-deletion.ts";
import { revokeToken, type RevocationOutcome } from "#oauth/revocation.ts";
import type { LeasedTask, RevocationStore, RevocationWork } from "#storage/revocation-store.ts";

/** What one try came to. */
export type RevocationTry =
  | { kind: "shared" }
  /** Nobody can open it; nothing was sent. */
  | { kind: "broken" }
  | { kind: "answered"; answer: RevocationOutcome };

export interface RevocationRequestDeps {
  store: RevocationStore;
  /** `beforeSend` runs on the open connection, just before the first byte, and nothing is sent when it throws. */
  fetchFor(scope: { serverUrl: string; beforeSend(): void }): Fetch;
  signAssertion: SignAssertion;
}

export interface RevocationRequestOptions {
  /** Throws once the lease is too old to send anything under it. */
  beforeSend(): void;
  /** Per request, in milliseconds. */
  deadlineMs: number;
  signal: AbortSignal;
}

/**
 * Sends what a task holds, with the client, endpoint and issuer that the tokens came from, whatever the settings say now.
 * @throws what opening the task throws, and what the database does
 */
export async function requestRevocation(
  deps: RevocationRequestDeps,
  task: LeasedTask,
  options: RevocationRequestOptions,
): Promise<RevocationTry> {
  const work = deps.store.open(task);
  if (!work) return { kind: "broken" };
  const fetch = deps.fetchFor({ serverUrl: work.serverUrl, beforeSend: options.beforeSend });
  const limit = () => AbortSignal.any([options.signal, AbortSignal.timeout(options.deadlineMs)]);
  if (work.kind === "REGISTRATION")
    return {
      kind: "answered",
      answer: await deleteRegistration({ ...work, fetch, signal: limit() }),
    };
  // Revoking "by user and client" would end the neighbour's grant too (regressions R18), or one that was made since.
  if (await deps.store.isShared(task)) return { kind: "shared" };
  return { kind: "answered", answer: await revokeTokens(deps, task.issuer, work, fetch, limit) };
}

/** The refresh token first: it is the one that lives on, and its answer is the one that counts. */
async function revokeTokens(
  { signAssertion }: RevocationRequestDeps,
  issuer: string,
  work: Extract<RevocationWork, { kind: "TOKENS" }>,
  fetch: Fetch,
  limit: () => AbortSignal,
): Promise<RevocationOutcome> {
  const { client, revocationEndpoint, accessToken, refreshToken } = work;
  const shared = { revocationEndpoint, issuer, client, signAssertion, fetch };
  const first =
    refreshToken === null
      ? null
      : await revokeToken({
          ...shared,
          token: refreshToken,
          tokenTypeHint: "refresh_token",
          signal: limit(),
        });
  if (first?.kind === "transient") return first;
  const second = await revokeToken({
    ...shared,
    token: accessToken,
    tokenTypeHint: "access_token",
    signal: limit(),
  });
  return second.kind === "transient" ? second : (first ?? second);
}

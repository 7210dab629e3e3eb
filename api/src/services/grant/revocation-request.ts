import type { Fetch, SignAssertion } from "#oauth/ports.ts";
import { deleteRegistration } from "#oauth/registration-deletion.ts";
import { revokeToken, type RevocationOutcome } from "#oauth/revocation.ts";
import type { LeasedTask, RevocationStore, RevocationWork } from "#storage/revocation-store.ts";

/** The result of one attempt. */
export type RevocationTry =
  | { kind: "shared" }
  /** The task cannot be decrypted. Nothing was sent. */
  | { kind: "broken" }
  | { kind: "answered"; answer: RevocationOutcome };

export interface RevocationRequestDeps {
  store: RevocationStore;
  /** `beforeSend` is called on the open connection immediately before the first byte. Nothing is sent if it throws. */
  fetchFor(scope: { serverUrl: string; beforeSend(): void }): Fetch;
  signAssertion: SignAssertion;
}

export interface RevocationRequestOptions {
  /** Throws if the lease is too old for sending another request. */
  beforeSend(): void;
  /** The timeout of each request, in milliseconds. */
  deadlineMs: number;
  signal: AbortSignal;
}

/**
 * Sends the requests of a task, with the client, endpoint and issuer that the tokens came from, regardless of the current settings.
 * @throws errors of decrypting the task and of the database
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
  // At a server that revokes by user and client, this would also end another account's grant (regressions R18), or one that was issued
  // since.
  if (await deps.store.isShared(task)) return { kind: "shared" };
  return { kind: "answered", answer: await revokeTokens(deps, task.issuer, work, fetch, limit) };
}

/** Revokes the refresh token first, because it has the longer lifetime and its result determines the outcome. */
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

import type { Dispatcher } from "undici";
import { DeadlinePassed, startDeadlines } from "./deadlines.ts";
import type { Deadlines } from "./deadlines.ts";
import { EgressError } from "./egress-error.ts";
import type { EgressErrorCode } from "./egress-error.ts";
import type { EgressLimits } from "./egress-limits.ts";
import { exchange } from "./exchange.ts";
import type { WireResponse } from "./exchange.ts";
import { classifyFailure } from "./failures.ts";
import { followRedirect, isRedirectStatus } from "./redirects.ts";
import type { Hop } from "./redirects.ts";
import { prepareRequest } from "./request.ts";
import { wrapResponse } from "./response.ts";
import { createSendWatch } from "./send-watch.ts";
import type { SendWatch } from "./send-watch.ts";
import type { UrlFault, UrlFaultCode } from "./url-rules.ts";

const MAX_REDIRECTS = 5;

export type Fetch = (input: string | URL, init?: RequestInit) => Promise<Response>;

export interface GuardedFetchOptions {
  limits: EgressLimits;
  /** Checks the rules that only depend on the URL; called for every hop. */
  findFault(url: URL): UrlFault | null;
  /** The agent whose connect hook checks the target's addresses. */
  pickAgent(url: URL): Dispatcher;
  /** Headers for this target in addition to the caller's. */
  extraHeaders(url: URL): Readonly<Record<string, string>>;
  beforeSend: (() => void) | undefined;
}

/** The state of one guarded fetch across its hops. */
interface Transfer {
  readonly options: GuardedFetchOptions;
  readonly deadlines: Deadlines;
  readonly watch: SendWatch;
  /** The host of the current hop, for messages. */
  host: string;
}

export function createGuardedFetch(options: GuardedFetchOptions): Fetch {
  return async (input, init = {}) => {
    const url = readTarget(input, options);
    const first = await prepareRequest(url, init, options.extraHeaders(url));
    const transfer: Transfer = {
      options,
      deadlines: startDeadlines(options.limits, init.signal),
      watch: createSendWatch(options.beforeSend),
      host: url.host,
    };
    try {
      return await followHops(first, init.redirect ?? "follow", transfer);
    } catch (error) {
      const failure = explainFailure(error, transfer);
      transfer.deadlines.abandon();
      throw failure;
    }
  };
}

async function followHops(
  first: Hop,
  mode: NonNullable<RequestInit["redirect"]>,
  transfer: Transfer,
): Promise<Response> {
  const { deadlines, options } = transfer;
  let hop = first;
  for (let redirects = 0; ; redirects++) {
    deadlines.signal.throwIfAborted();
    refuseFault(options.findFault(hop.url));
    transfer.host = hop.url.host;
    const response = await sendHop(hop, transfer);
    const location = response.headers.get("location");
    if (mode === "manual" || location === null || !isRedirectStatus(response.status)) {
      const target = { url: hop.url, redirected: redirects > 0 };
      return wrapResponse(response, target, deadlines, options.limits, (error) =>
        explainFailure(error, transfer),
      );
    }
    response.discard();
    if (mode === "error") {
      throw new EgressError(
        "REDIRECT_FORBIDDEN",
        `${hop.url.host} redirects, which is not allowed.`,
      );
    }
    if (redirects === MAX_REDIRECTS) {
      const message = `${first.url.host} redirects more than ${MAX_REDIRECTS} times.`;
      throw new EgressError("TOO_MANY_REDIRECTS", message);
    }
    hop = followRedirect(hop, response.status, location);
  }
}

async function sendHop(hop: Hop, { options, deadlines, watch }: Transfer): Promise<WireResponse> {
  deadlines.enter("answering");
  try {
    return await exchange(hop, options.pickAgent(hop.url), watch, deadlines.signal);
  } finally {
    deadlines.leave();
  }
}

function explainFailure(error: unknown, { watch, deadlines, host }: Transfer): unknown {
  const refusal = watch.refusal();
  if (refusal) return refusal.error;
  const sent = watch.sent();
  if (!deadlines.signal.aborted) return classifyFailure(error, host, sent);
  const reason: unknown = deadlines.signal.reason;
  if (!(reason instanceof DeadlinePassed)) return reason;
  return new EgressError("DEADLINE", `${host} ${reason.message}.`, { sent, cause: error });
}

function readTarget(input: string | URL, options: GuardedFetchOptions): URL {
  const url = URL.parse(String(input));
  if (!url) throw new EgressError("NOT_A_URL", "The target is not a URL.");
  refuseFault(options.findFault(url));
  return url;
}

const CODE_OF_FAULT: Readonly<Record<UrlFaultCode, EgressErrorCode>> = {
  NOT_A_URL: "NOT_A_URL",
  NOT_HTTP: "SCHEME_FORBIDDEN",
  HAS_CREDENTIALS: "CREDENTIALS_IN_URL",
  PRIVATE_ADDRESS: "ADDRESS_FORBIDDEN",
  HOST_NOT_ALLOWED: "HOST_FORBIDDEN",
};

function refuseFault(fault: UrlFault | null): void {
  if (fault) throw new EgressError(CODE_OF_FAULT[fault.code], fault.message);
}

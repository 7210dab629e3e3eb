/**
 * What can be made to go wrong, by name. `token-endpoint-hangs` uses nothing up and drops the connection when it is cleared;
 * `refresh-answer-held` and `exchange-answer-held` have used the refresh token or code up and answer when they are cleared; `tokens-state-refresh-lifetime` says of each
 * refresh token that it lives six hours, as some providers do.
 */
const faultNames = [
  "token-endpoint-503",
  "token-endpoint-html",
  "token-endpoint-nonsense",
  "token-endpoint-omits-access-token",
  "token-endpoint-hangs",
  "token-endpoint-drops-connection",
  "token-endpoint-loses-answer",
  "refresh-answer-held",
  "exchange-answer-held",
  "tokens-state-refresh-lifetime",
  "refresh-omits-refresh-token",
  "refresh-omits-expires-in",
  "refresh-omits-scope",
  "revocation-503",
  "revocation-hangs",
  "no-revocation",
  "registration-deletion-503",
  "no-registration",
  "metadata-wrong-issuer",
  "metadata-no-pkce",
  "metadata-hangs",
  "callback-without-iss",
  "callback-wrong-iss",
  "mcp-401",
  "mcp-503",
] as const;

export type FaultName = (typeof faultNames)[number];

/** Switches for the faults; several may be on at once. */
export interface Faults {
  /** Switches a fault on: until it is cleared, or for the next `times` requests that it befalls. */
  set(name: FaultName, options?: { times?: number }): void;
  /** Switches one fault off, or all. Requests that hang are dropped. */
  clear(name?: FaultName): void;
  isSet(name: FaultName): boolean;
  /** Resolves when the fault has befallen a request since it was last set. */
  reached(name: FaultName): Promise<void>;
}

/** The side of the faults that the middleware uses. */
export interface FaultInjector extends Faults {
  /** Whether the fault befalls this request; uses up one of its times. */
  take(name: FaultName): boolean;
  /** Tells those who wait in `reached`; apart from `take`, so that a request is counted before. */
  announce(name: FaultName): void;
  /** Resolves when the fault is cleared. */
  untilCleared(name: FaultName): Promise<void>;
}

interface ActiveFault {
  timesLeft: number;
  readonly met: PromiseWithResolvers<void>;
  readonly cleared: PromiseWithResolvers<void>;
}

function createActiveFault(times: number): ActiveFault {
  return { timesLeft: times, met: Promise.withResolvers(), cleared: Promise.withResolvers() };
}

export function createFaults(): FaultInjector {
  const active = new Map<FaultName, ActiveFault>();

  const clearOne = (name: FaultName) => {
    active.get(name)?.cleared.resolve();
    active.delete(name);
  };
  const find = (name: FaultName): ActiveFault => {
    const fault = active.get(name);
    if (!fault) throw new Error(`fault ${name} is not set`);
    return fault;
  };
  const isSet = (name: FaultName) => (active.get(name)?.timesLeft ?? 0) > 0;

  return {
    isSet,
    set(name, { times = Infinity } = {}) {
      clearOne(name);
      active.set(name, createActiveFault(times));
    },
    clear(name) {
      for (const each of name ? [name] : faultNames) clearOne(each);
    },
    reached: (name) => find(name).met.promise,
    take(name) {
      if (!isSet(name)) return false;
      find(name).timesLeft -= 1;
      return true;
    },
    announce: (name) => active.get(name)?.met.resolve(),
    untilCleared: (name) => active.get(name)?.cleared.promise ?? Promise.resolve(),
  };
}

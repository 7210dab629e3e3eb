import type { Dispatcher } from "undici";
import { EgressError } from "./egress-error.ts";
import type { Sent } from "./egress-error.ts";

/** Knows, for one guarded fetch over all its hops, whether anything may have reached a server. */
export interface SendWatch {
  sent(): Sent;
  /** What `beforeSend` threw, and so kept the request from being sent. */
  refusal(): { error: unknown } | null;
  /** The dispatcher for one hop: sends at most one request, over the given one. */
  watch(dispatcher: Dispatcher): Dispatcher;
}

/** @param beforeSend runs on the open connection just before the first byte; a throw sends nothing */
export function createSendWatch(beforeSend: (() => void) | undefined): SendWatch {
  let sent: Sent = false;
  let refusal: { error: unknown } | null = null;

  const watchHandler = (handler: Dispatcher.DispatchHandler): Dispatcher.DispatchHandler => {
    // Derived, so that whatever else undici calls on the handler goes straight to it.
    const watched = Object.create(handler) as Dispatcher.DispatchHandler;
    watched.onRequestStart = (controller, context: unknown) => {
      try {
        beforeSend?.();
      } catch (error) {
        refusal = { error };
        controller.abort(new Error("refused before sending"));
        return;
      }
      sent ||= "unknown";
      handler.onRequestStart?.call(watched, controller, context);
    };
    watched.onResponseStart = (controller, status, headers, message) => {
      if (status >= 200) sent = true;
      handler.onResponseStart?.call(watched, controller, status, headers, message);
    };
    return watched;
  };

  return {
    sent: () => sent,
    refusal: () => refusal,
    watch(dispatcher) {
      let dispatched = false;
      return dispatcher.compose((dispatch) => (options, handler) => {
        // Fetch sends again by itself after a 421; nothing that may have run is ever sent twice.
        if (dispatched) {
          throw new EgressError("MISDIRECTED", "The server answered HTTP 421.");
        }
        dispatched = true;
        return dispatch(options, watchHandler(handler));
      });
    },
  };
}

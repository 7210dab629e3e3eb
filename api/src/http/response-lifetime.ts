import type { ServerResponse } from "node:http";

import type { RequestContext } from "./graphql-handler.ts";

type Lifetime = NonNullable<RequestContext["lifetime"]>;

/** The lifetime of a response over HTTP. The caller may disconnect before any listener is added. */
export function followResponse(outgoing: ServerResponse): Lifetime {
  return {
    onClose(listener) {
      const report = () => listener(outgoing.writableFinished);
      if (outgoing.closed) report();
      else outgoing.once("close", report);
    },
  };
}

/**
 * Closes the connection of a response that was not completely received after this time, because it
 * occupies memory until then.
 */
export function limitSending(outgoing: ServerResponse, limitMs: number, onLate: () => void): void {
  if (outgoing.closed) return;
  const timer = setTimeout(() => {
    onLate();
    outgoing.destroy();
  }, limitMs).unref();
  outgoing.once("close", () => clearTimeout(timer));
}

/** The lifetime of a response that is one of several on its connection. */
export interface SharedLifetime extends Lifetime {
  /** Only the first call has an effect. */
  end(wasSent: boolean): void;
}

export function createSharedLifetime(): SharedLifetime {
  const listeners: ((wasSent: boolean) => void)[] = [];
  let ended: { wasSent: boolean } | null = null;
  return {
    onClose(listener) {
      if (ended) listener(ended.wasSent);
      else listeners.push(listener);
    },
    end(wasSent) {
      ended ??= { wasSent };
      for (const listener of listeners.splice(0)) listener(ended.wasSent);
    },
  };
}

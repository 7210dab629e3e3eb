import type { ServerResponse } from "node:http";

import type { RequestContext } from "./graphql-handler.ts";

type Lifetime = NonNullable<RequestContext["lifetime"]>;

/** The lifetime of a response over HTTP. A caller can disconnect before anything listens. */
export function followResponse(outgoing: ServerResponse): Lifetime {
  return {
    onClose(listener) {
      const report = () => listener(outgoing.writableFinished);
      if (outgoing.closed) report();
      else outgoing.once("close", report);
    },
  };
}

/** Ends the connection of a response that has not been taken after so long: until then it occupies memory. */
export function limitSending(outgoing: ServerResponse, limitMs: number, onLate: () => void): void {
  if (outgoing.closed) return;
  const timer = setTimeout(() => {
    onLate();
    outgoing.destroy();
  }, limitMs).unref();
  outgoing.once("close", () => clearTimeout(timer));
}

/** The lifetime of a response that is one of many on its connection. */
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

import type { Sent } from "./egress-error.ts";

/** Knows, for one guarded fetch over all its hops, whether anything may have reached a server. */
export interface SendWatch {
  sent(): Sent;
  /** What `beforeSend` threw, and so kept the request from being sent. */
  refusal(): { error: unknown } | null;
  /** On the open connection, just before the first byte of a hop. False: it must not be sent. */
  begin(): boolean;
  /** A server has answered. */
  answered(): void;
}

/** @param beforeSend runs on the open connection just before the first byte; a throw sends nothing */
export function createSendWatch(beforeSend: (() => void) | undefined): SendWatch {
  let sent: Sent = false;
  let refusal: { error: unknown } | null = null;

  return {
    sent: () => sent,
    refusal: () => refusal,
    begin() {
      try {
        beforeSend?.();
      } catch (error) {
        refusal = { error };
        return false;
      }
      sent ||= "unknown";
      return true;
    },
    answered: () => void (sent = true),
  };
}

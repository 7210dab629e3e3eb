import type { Sent } from "./egress-error.ts";

/** Records for one guarded fetch, across its hops, whether a request may have reached a server. */
export interface SendWatch {
  sent(): Sent;
  /** The error of `beforeSend`, which prevented the request from being sent. */
  refusal(): { error: unknown } | null;
  /**
   * Called on the open connection, just before the first byte of a hop. False: the request must not
   * be sent.
   */
  begin(): boolean;
  /** Called when a server has responded. */
  answered(): void;
}

/**
 * @param beforeSend called on the open connection just before the first byte; if it throws, nothing
 * is sent
 */
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

import type { LoggedEvent } from "#events/log.ts";
import type { WebhookStore } from "#storage/webhook-store.ts";
import type { SendWebhook, SentWebhook, WebhookMessage } from "./webhook-sender.ts";
import type { WebhookSlot } from "./webhook-slots.ts";

/** Sends an event to an endpoint once, in a slot. Rejects when `closing` aborts. */
export type AttemptDelivery = (
  slot: WebhookSlot,
  endpoint: { endpointId: string; url: string },
  event: LoggedEvent,
) => Promise<SentWebhook>;

export function createWebhookAttempts(deps: {
  store: Pick<WebhookStore, "readSecrets">;
  send: SendWebhook;
  describe(event: LoggedEvent): Promise<WebhookMessage> | WebhookMessage;
  closing: AbortSignal;
}): AttemptDelivery {
  return async (slot, { endpointId, url }, event) => {
    const secrets = await deps.store.readSecrets(endpointId);
    const message = await deps.describe(event);
    const started = performance.now();
    const sent = await slot.attempt((signal) =>
      deps.send({ url, secrets }, message, AbortSignal.any([signal, deps.closing])),
    );
    deps.closing.throwIfAborted();
    return (
      sent ?? {
        ok: false,
        httpStatus: null,
        error: "The receiver did not answer quickly enough while many other receivers were slow.",
        durationMs: Math.round(performance.now() - started),
        isGone: false,
        retryAfterMs: null,
      }
    );
  };
}

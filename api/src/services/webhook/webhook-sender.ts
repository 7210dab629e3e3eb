import type { WorkspaceEventType } from "@gatehouse/prisma";
import type { Fetch } from "#oauth/ports.ts";
import type { WebhookAttempt } from "#storage/webhook-store.ts";

/** The message that is sent to a receiver. */
export interface WebhookMessage {
  /** The id of the event, which is the same in every attempt and in the subscription. */
  id: string;
  type: WorkspaceEventType | "TEST";
  occurredAt: Date;
  /** Ids and enumerations only. */
  data: Record<string, unknown>;
}

export interface SentWebhook extends WebhookAttempt {
  /** 410: the receiver requests that no more messages are sent. */
  isGone: boolean;
  /** From `Retry-After`, in milliseconds; null if the header is absent. */
  retryAfterMs: number | null;
}

export type SendWebhook = (
  endpoint: { url: string; secrets: readonly string[] },
  message: WebhookMessage,
  signal: AbortSignal,
) => Promise<SentWebhook>;

const longestDetail = 200;

/** Sends one message as defined by Standard Webhooks. Rejects only if `signal` aborts. */
export function createWebhookSender(deps: {
  /** The guarded fetch. The URL of the endpoint decides whether loopback addresses are allowed. */
  fetchFor(url: string): Fetch;
  sign(
    secrets: readonly string[],
    message: { id: string; timestampS: number; body: string },
  ): string;
  clock: { monotonicMs(): number; now(): Date };
}): SendWebhook {
  const { clock } = deps;
  return async ({ url, secrets }, message, signal) => {
    const { id, type, occurredAt, data } = message;
    const body = JSON.stringify({ type, timestamp: occurredAt.toISOString(), data });
    const timestampS = Math.floor(clock.now().getTime() / 1_000);
    const started = clock.monotonicMs();
    const took = () => Math.round(clock.monotonicMs() - started);
    try {
      const response = await deps.fetchFor(url)(url, {
        method: "POST",
        headers: {
          "content-type": "application/json",
          "user-agent": "Gatehouse",
          "webhook-id": id,
          "webhook-timestamp": String(timestampS),
          "webhook-signature": deps.sign(secrets, { id, timestampS, body }),
        },
        body,
        // A redirect is a failure: a message that was signed for one receiver is not sent to
        // another.
        redirect: "manual",
        signal,
      });
      await response.body?.cancel();
      const { status, ok } = response;
      return {
        ok,
        httpStatus: status,
        error: ok ? null : `HTTP ${status}`,
        durationMs: took(),
        isGone: status === 410,
        retryAfterMs: readRetryAfter(response.headers.get("retry-after"), clock.now()),
      };
    } catch (error) {
      signal.throwIfAborted();
      const detail = error instanceof Error ? error.message : "The request failed.";
      return {
        ok: false,
        httpStatus: null,
        error: detail.slice(0, longestDetail),
        durationMs: took(),
        isGone: false,
        retryAfterMs: null,
      };
    }
  };
}

/** RFC 9110 §10.2.3: a number of seconds or a date. */
function readRetryAfter(value: string | null, now: Date): number | null {
  if (value === null) return null;
  if (/^\d{1,9}$/.test(value.trim())) return Number(value) * 1_000;
  const at = Date.parse(value);
  return Number.isNaN(at) ? null : Math.max(0, at - now.getTime());
}

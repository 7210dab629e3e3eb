import type { Database } from "@gatehouse/prisma";
import type { ParkedDelivery } from "#storage/parked-deliveries.ts";
import { giveUp, lossReasons } from "./webhook-losses.ts";
import type { WebhookStore } from "#storage/webhook-store.ts";
import type { AttemptDelivery } from "./webhook-attempts.ts";
import { giveUpAfterMs, longestBackoffMs } from "./webhook-schedule.ts";
import { createWebhookSlots, type WebhookSlot } from "./webhook-slots.ts";

/** Separate slots, so that events which fail for days never delay new ones. */
const limits = { total: 64, failing: 64, slow: 32, slowAfterMs: 500 };
/** Longer than one attempt can take, and short enough that another process repeats it soon. */
const claimMs = 30_000;

/** Retries parked deliveries, one at a time for each endpoint. */
export function startParkedDeliveries(deps: {
  db: Database;
  store: WebhookStore;
  attempt: AttemptDelivery;
  onError(error: unknown): void;
}): { poll(): void; close(): Promise<void> } {
  const { db, store } = deps;
  const slots = createWebhookSlots(limits);
  const running = new Set<Promise<void>>();
  let isClosing = false;
  let taking: Promise<void> | null = null;

  async function retry(delivery: ParkedDelivery, slot: WebhookSlot): Promise<void> {
    const { endpointId, eventId, url, ageMs, isDisabled, isWanted } = delivery;
    const isOver = ageMs >= giveUpAfterMs;
    if (!isWanted) return giveUp(db, endpointId, eventId, lossReasons.type);
    if (isDisabled) {
      if (isOver) return giveUp(db, endpointId, eventId, lossReasons.parkedDisabled);
      return store.postponeParked(endpointId, eventId, longestBackoffMs);
    }
    const event = await db.workspaceEvent.findUnique({ where: { id: eventId } });
    if (!event) return giveUp(db, endpointId, eventId, lossReasons.parkedRetention);
    const sent = await deps.attempt(slot, { endpointId, url }, event);
    const state = sent.ok ? "DELIVERED" : isOver ? "GIVEN_UP" : "PARKED";
    const retryInMs = state === "PARKED" ? longestBackoffMs : null;
    await store.record(endpointId, event, sent, state, retryInMs);
  }

  async function take(): Promise<void> {
    const except = slots.endpointIds();
    const due = await store.takeParked({ most: limits.total - except.length, claimMs, except });
    for (const delivery of due) {
      const slot = slots.hold({
        id: delivery.endpointId,
        workspaceId: delivery.workspaceId,
        isFailing: true,
      });
      const done = retry(delivery, slot)
        .catch(deps.onError)
        .finally(() => {
          slot[Symbol.dispose]();
          running.delete(done);
        });
      running.add(done);
    }
  }

  return {
    poll() {
      if (isClosing || !slots.hasRoom()) return;
      taking ??= take()
        .catch(deps.onError)
        .finally(() => {
          taking = null;
        });
    },
    async close() {
      isClosing = true;
      await taking;
      await Promise.all(running);
    },
  };
}

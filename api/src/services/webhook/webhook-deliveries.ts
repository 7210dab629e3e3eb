import { setTimeout as delay } from "node:timers/promises";
import type { Database } from "@gatehouse/prisma";
import { type LoggedEvent, readEventsAfter } from "#events/log.ts";
import { giveUpRetrying } from "./webhook-losses.ts";
import type { WebhookStore, WebhookTarget } from "#storage/webhook-store.ts";
import { createWebhookAttempts } from "./webhook-attempts.ts";
import { createDueSearch } from "./webhook-due-search.ts";
import { startParkedDeliveries } from "./webhook-parked.ts";
import {
  leastAttempts,
  longestBackoffMs,
  parkAfterMs,
  spreadBackoffMs,
} from "./webhook-schedule.ts";
import type { SendWebhook, WebhookMessage } from "./webhook-sender.ts";
import { createWebhookSlots, type SlotLimits, type WebhookSlot } from "./webhook-slots.ts";

export interface WebhookDeliveriesDeps {
  db: Database;
  store: WebhookStore;
  send: SendWebhook;
  /** Describes an event as it is sent to receivers. */
  describe(event: LoggedEvent): Promise<WebhookMessage> | WebhookMessage;
  /**
   * Calls back with the id of each workspace whose log has grown; null: any may have. Returns a
   * function that stops the calls.
   */
  onEvents(listener: (workspaceId: string | null) => void): () => void;
  onError(error: unknown): void;
  random(): number;
  /** For tests. */
  slots?: SlotLimits;
}

const pageSize = 50;
/**
 * Short, so that another process continues an endpoint within ten seconds after a process was
 * killed. Extended while the process is running.
 */
const leaseMs = 6_000;
/** For retries, expired leases and lost notifications. */
const pollMs = 2_000;
/**
 * How long attempts can continue when this process stops. Then they are cancelled, and another
 * process repeats them.
 */
const stopGraceMs = 1_500;

/**
 * Delivers the events of the log to the endpoints, to each endpoint in the order of the log, until
 * disposed. Several processes share the work. One process at a time serves an endpoint, in its own
 * slot.
 */
export function startWebhookDeliveries(deps: WebhookDeliveriesDeps): AsyncDisposable {
  const { db, store } = deps;
  const closing = new AbortController();
  let isStopping = false;
  const fail = (error: unknown): void => {
    if (!closing.signal.aborted) deps.onError(error);
  };
  const attempt = createWebhookAttempts({ ...deps, closing: closing.signal });
  const slots = createWebhookSlots(deps.slots);
  const search = createDueSearch(store);

  /** Returns true if the next event can be delivered. */
  async function deliver(
    target: WebhookTarget,
    event: LoggedEvent,
    slot: WebhookSlot,
  ): Promise<boolean> {
    // A user may have resent it in the meantime.
    if (target.failures > 0 && (await store.isDelivered(target.id, event.id))) {
      target.failures = 0;
      return store.advance(target, event.seq);
    }
    const sent = await attempt(slot, { endpointId: target.id, url: target.url }, event);
    if (sent.ok) {
      await store.record(target.id, event, sent, "DELIVERED", null);
      target.failures = 0;
      return store.advance(target, event.seq);
    }
    if (sent.isGone) {
      await store.record(target.id, event, sent, "RETRYING", null);
      await store.disable(target.id);
      return false;
    }
    const ageMs = Date.now() - event.occurredAt.getTime();
    if (ageMs >= parkAfterMs && target.failures + 1 >= leastAttempts) {
      await store.record(target.id, event, sent, "PARKED", longestBackoffMs);
      target.failures = 0;
      return store.advance(target, event.seq);
    }
    await store.record(target.id, event, sent, "RETRYING", null);
    const waitMs = Math.max(spreadBackoffMs(target.failures, deps.random), sent.retryAfterMs ?? 0);
    await store.postpone(target, Math.min(waitMs, longestBackoffMs));
    return false;
  }

  /**
   * Delivers one page of new events to an endpoint, until an event fails. The remaining events wait
   * until the endpoint is served again.
   */
  async function servePage(target: WebhookTarget, slot: WebhookSlot): Promise<void> {
    const wants = ({ type }: LoggedEvent) =>
      target.types.length === 0 || target.types.includes(type);
    const page = await readEventsAfter(db, target.workspaceId, target.afterSeq, pageSize);
    // The log has no gaps: a missing event was deleted, and recorded as given up by the same
    // statement.
    if (page[0]?.seq !== target.afterSeq + 1n) await giveUpRetrying(db, target.id);
    if (page.length === 0) {
      await store.skipToHead(target);
      return;
    }
    let skipped: bigint | null = null;
    for (const event of page) {
      if (isStopping) return;
      target.afterSeq = event.seq;
      if (!wants(event)) {
        skipped = event.seq;
        continue;
      }
      if (skipped !== null && !(await store.advance(target, skipped))) return;
      skipped = null;
      if (!(await store.keep(target, leaseMs)) || !(await deliver(target, event, slot))) return;
    }
    if (skipped !== null) await store.advance(target, skipped);
  }

  const targets = new Set<WebhookTarget>();
  const serving = new Set<Promise<void>>();

  async function serve(target: WebhookTarget, slot: WebhookSlot): Promise<void> {
    targets.add(target);
    try {
      await servePage(target, slot);
    } catch (error) {
      fail(error);
      // Without a delay, a failing operation would be repeated immediately.
      if (!closing.signal.aborted)
        await store.postpone(target, spreadBackoffMs(target.failures, deps.random));
    } finally {
      targets.delete(target);
      await store.release(target);
    }
  }

  async function takeDue(): Promise<void> {
    while (!isStopping && slots.hasRoom() && search.isWanted()) {
      const due = await search.find();
      const chosen = new Map(slots.choose(due).map((endpoint) => [endpoint.id, endpoint]));
      if (chosen.size === 0) continue;
      for (const target of await store.take([...chosen.keys()], leaseMs)) {
        const endpoint = chosen.get(target.id);
        if (!endpoint) continue;
        const slot = slots.hold(endpoint);
        const served = serve(target, slot)
          .catch(fail)
          .finally(() => {
            slot[Symbol.dispose]();
            serving.delete(served);
            // Events that arrived in the meantime, and endpoints that found no free slot.
            search.addWorkspace(target.workspaceId);
            kick();
          });
        serving.add(served);
      }
    }
  }

  let taking: Promise<void> | null = null;
  function kick(): void {
    if (isStopping || taking) return;
    taking = takeDue()
      .catch(fail)
      .finally(() => {
        taking = null;
      });
  }

  const parked = startParkedDeliveries({ db, store, attempt, onError: fail });
  const unlisten = deps.onEvents((workspaceId) => {
    search.addWorkspace(workspaceId);
    kick();
  });
  const poll = setInterval(() => {
    void store.keepAll([...targets], leaseMs).catch(fail);
    search.addPoll();
    kick();
    parked.poll();
  }, pollMs).unref();
  search.addWorkspace(null);
  kick();

  return {
    async [Symbol.asyncDispose]() {
      unlisten();
      isStopping = true;
      await taking;
      const done = Promise.all([...serving, parked.close()]);
      await Promise.race([done, delay(stopGraceMs, undefined, { ref: false })]);
      closing.abort(new Error("closing"));
      await done;
      clearInterval(poll);
    },
  };
}

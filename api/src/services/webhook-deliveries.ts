import type { Database } from "@gatehouse/prisma";
import { type LoggedEvent, readEventsAfter } from "../events/log.ts";
import type { ParkedDelivery, WebhookStore, WebhookTarget } from "../storage/webhook-store.ts";
import type { SendWebhook, WebhookMessage } from "./webhook-sender.ts";

export interface WebhookDeliveriesDeps {
  db: Database;
  store: WebhookStore;
  send: SendWebhook;
  /** An event as receivers read it. */
  describe(event: LoggedEvent): Promise<WebhookMessage> | WebhookMessage;
  /** Calls back when a log grew; returns what ends it. */
  onEvents(listener: () => void): () => void;
  onError(error: unknown): void;
  random(): number;
}

const dayMs = 24 * 3_600_000;
/** An event that has failed for so long lets the others pass. */
const parkAfterMs = dayMs;
/** But not before so many attempts: one that was held up by others is a day old at its first. */
const leastAttempts = 5;
const giveUpAfterMs = 3 * dayMs;
const firstBackoffMs = 1_000;
const longestBackoffMs = 3_600_000;
const pageSize = 50;
/** Endpoints at once in this process. */
const concurrency = 32;
/** Longer than one attempt can take. */
const leaseMs = 60_000;
/** Behind the wake-up, which may be lost. */
const pollMs = 2_000;
/** What is being sent when this process stops may go on for so long; then it is broken off, and another process sends it again. */
const stopGraceMs = 1_500;

/** @returns exponential, a fifth more or less so that endpoints do not move in step */
function backoffMs(failures: number, random: () => number): number {
  const plainMs = Math.min(firstBackoffMs * 2 ** failures, longestBackoffMs);
  return plainMs * (0.8 + 0.4 * random());
}

/**
 * Delivers the log to the endpoints, to each in the order of the log, until disposed; several processes share the work, one at a time
 * per endpoint.
 */
export function startWebhookDeliveries(deps: WebhookDeliveriesDeps): AsyncDisposable {
  const { db, store } = deps;
  const controller = new AbortController();
  const { signal } = controller;
  let isStopping = false;

  /** True when the next one may follow. */
  async function deliver(target: WebhookTarget, event: LoggedEvent): Promise<boolean> {
    const sent = await deps.send(target, await deps.describe(event), signal);
    if (sent.ok) {
      await store.record(target.id, event, sent, "DELIVERED", null);
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
    const waitMs = Math.max(backoffMs(target.failures, deps.random), sent.retryAfterMs ?? 0);
    await store.postpone(target, Math.min(waitMs, longestBackoffMs));
    return false;
  }

  /** Everything that is new for one endpoint, until one fails. */
  async function serve(target: WebhookTarget): Promise<void> {
    const wants = ({ type }: LoggedEvent) =>
      target.types.length === 0 || target.types.includes(type);
    try {
      for (;;) {
        const page = await readEventsAfter(db, target.workspaceId, target.afterSeq, pageSize);
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
          if (!(await store.keep(target, leaseMs)) || !(await deliver(target, event))) return;
        }
        if (skipped !== null && !(await store.advance(target, skipped))) return;
        if (page.length < pageSize) return;
      }
    } finally {
      await store.release(target);
    }
  }

  async function serveParked(): Promise<void> {
    const due = await store.takeParked(concurrency, longestBackoffMs);
    await Promise.all(due.map((delivery) => tryParked(delivery).catch(fail)));
  }

  async function tryParked({ endpointId, eventId, url, ageMs }: ParkedDelivery): Promise<void> {
    const event = await db.workspaceEvent.findUnique({ where: { id: eventId } });
    if (!event) {
      await db.webhookDelivery.updateMany({
        where: { endpointId, eventId },
        data: { state: "GIVEN_UP", nextAttemptAt: null },
      });
      return;
    }
    const secrets = await store.readSecrets(endpointId);
    const sent = await deps.send({ url, secrets }, await deps.describe(event), signal);
    const isOver = ageMs >= giveUpAfterMs;
    const state = sent.ok ? "DELIVERED" : isOver ? "GIVEN_UP" : "PARKED";
    const retryInMs = state === "PARKED" ? longestBackoffMs : null;
    await store.record(endpointId, event, sent, state, retryInMs);
  }

  /** Endpoints that are being served; and whether the parked ones are. */
  const serving = new Set<Promise<void>>();
  let parked: Promise<void> | null = null;
  let taking: Promise<void> | null = null;
  let isWanted = false;

  function fail(error: unknown): void {
    if (!signal.aborted) deps.onError(error);
  }

  /** Takes what is due as long as there is room: whoever takes long keeps one place, and nobody else from theirs. */
  async function take(): Promise<void> {
    while (isWanted && serving.size < concurrency && !isStopping) {
      isWanted = false;
      const targets = await store.takeDue(concurrency - serving.size, leaseMs);
      for (const target of targets) {
        const served = serve(target)
          .catch(fail)
          .finally(() => {
            serving.delete(served);
            // What came while it was served was not due for anybody.
            kick();
          });
        serving.add(served);
      }
    }
  }

  function kick(): void {
    isWanted = true;
    if (isStopping || taking) return;
    taking = take()
      .catch(fail)
      .finally(() => {
        taking = null;
        if (isWanted && serving.size < concurrency) kick();
      });
  }

  function poll(): void {
    kick();
    parked ??= serveParked()
      .catch(fail)
      .finally(() => {
        parked = null;
      });
  }

  const unlisten = deps.onEvents(kick);
  const timer = setInterval(poll, pollMs).unref();

  return {
    async [Symbol.asyncDispose]() {
      unlisten();
      clearInterval(timer);
      isStopping = true;
      const patience = setTimeout(() => controller.abort(new Error("closing")), stopGraceMs);
      await taking;
      await Promise.all([...serving, parked]);
      clearTimeout(patience);
    },
  };
}

import { setTimeout as delay } from "node:timers/promises";
import pg from "pg";
import { answerTimeoutMs, startListening } from "./listening.ts";

/**
 * Watches topics. A change between two calls of `next` is remembered, so that no change is missed
 * between reading and waiting.
 */
export interface Watch extends Disposable {
  /**
   * Resolves at the next change since the last call, after `timeoutMs`, or when `signal` aborts. It
   * may resolve without a change, so read the state again.
   */
  next(timeoutMs: number, signal?: AbortSignal): Promise<void>;
}

/**
 * Notifies all processes of one database with LISTEN/NOTIFY on one channel. Only topics are
 * transmitted. A lost notification costs one poll interval, because receivers read the current
 * state from the database.
 */
export interface Bus {
  watch(topic: string): Watch;
  /** Notifies this process immediately and the others with NOTIFY. Call it after the commit. */
  publish(...topics: string[]): void;
  /**
   * Calls back with each topic of a kind that is published in this process or another one, and with
   * null if topics may have been lost. Returns a function that stops the calls.
   */
  listen(kind: string, listener: (topic: string | null) => void): () => void;
  /**
   * Whether notifications of other processes are known to arrive: the listening connection has
   * responded within the last two seconds.
   */
  isHearing(): boolean;
  close(): Promise<void>;
}

export const BUS_CHANNEL = "gatehouse";
/** A NOTIFY payload is limited to 8,000 bytes; a topic has about 45. */
const topicsPerNotification = 100;
/**
 * The maximum number of topics that wait while the database is unavailable. Above it other
 * processes depend on their poll.
 */
const maxOutgoing = 10_000;
const resendAfterMs = 250;

type Waker = () => void;

export async function openBus(databaseUrl: string): Promise<Bus> {
  const watchers = new Map<string, Set<Waker>>();
  const listeners = new Set<{ kind: string; tell: (topic: string | null) => void }>();
  const outgoing = new Set<string>();
  const sender = new pg.Pool({
    connectionString: databaseUrl,
    max: 1,
    idleTimeoutMillis: 0,
    connectionTimeoutMillis: answerTimeoutMs,
    query_timeout: answerTimeoutMs,
  });
  // A broken idle connection is replaced by the next query.
  sender.on("error", () => undefined);
  /**
   * Identifies notifications that this process sent itself; its own listeners were already
   * notified.
   */
  let senderId: number | undefined;
  sender.on("connect", (client) => (senderId = readBackendId(client)));
  let sending: Promise<void> | null = null;
  let closed = false;

  function wakeAll(): void {
    for (const wakers of watchers.values()) for (const waker of wakers) waker();
  }

  function wake(topics: Iterable<string>): void {
    for (const topic of topics) {
      for (const waker of watchers.get(topic) ?? []) waker();
      for (const { kind, tell } of listeners) if (topic.startsWith(`${kind}:`)) tell(topic);
    }
  }

  async function send(): Promise<void> {
    while (outgoing.size > 0 && !closed) {
      const batch = [...outgoing].slice(0, topicsPerNotification);
      for (const topic of batch) outgoing.delete(topic);
      try {
        const text = "SELECT pg_notify($1, $2)";
        await sender.query({ name: "notify", text, values: [BUS_CHANNEL, batch.join(" ")] });
      } catch {
        if (outgoing.size < maxOutgoing) for (const topic of batch) outgoing.add(topic);
        await delay(resendAfterMs, undefined, { ref: false });
      }
    }
  }

  function publish(...topics: string[]): void {
    wake(topics);
    for (const topic of topics) outgoing.add(topic);
    // One statement for all topics that are published while another statement is running.
    sending ??= Promise.resolve()
      .then(send)
      .finally(() => {
        sending = null;
        // Topics that were published after the last statement started.
        if (outgoing.size > 0 && !closed) publish();
      });
  }

  const listening = await startListening({
    databaseUrl,
    channel: BUS_CHANNEL,
    onNotification(payload, backendId) {
      if (backendId !== senderId) wake(payload.split(" "));
    },
    onRenewed() {
      // Notifications may have been missed while the connection was lost, so all listeners read
      // again.
      wakeAll();
      for (const { tell } of listeners) tell(null);
    },
  });

  return {
    watch(topic) {
      let dirty = false;
      let wakeUp: Waker | null = null;
      const waker: Waker = () => {
        dirty = true;
        wakeUp?.();
      };
      const wakers = watchers.get(topic) ?? new Set();
      watchers.set(topic, wakers.add(waker));
      return {
        next(timeoutMs, signal) {
          return new Promise((resolve) => {
            const finish = () => {
              clearTimeout(timer);
              signal?.removeEventListener("abort", finish);
              wakeUp = null;
              dirty = false;
              resolve();
            };
            const timer = setTimeout(finish, timeoutMs);
            if (dirty || signal?.aborted) return finish();
            wakeUp = finish;
            signal?.addEventListener("abort", finish);
          });
        },
        [Symbol.dispose]() {
          wakers.delete(waker);
          if (wakers.size === 0) watchers.delete(topic);
        },
      };
    },
    publish,
    listen(kind, tell) {
      const entry = { kind, tell };
      listeners.add(entry);
      return () => void listeners.delete(entry);
    },
    isHearing: () => listening.isHearing(),
    async close() {
      // The last topics are still sent, unless the database is unavailable.
      await Promise.race([sending, delay(answerTimeoutMs, undefined, { ref: false })]);
      closed = true;
      wakeAll();
      await Promise.allSettled([listening.close(), sender.end()]);
    },
  };
}

/** The id of the database process that serves a connection. The types of pg do not include it. */
function readBackendId(client: object): number | undefined {
  return "processID" in client && typeof client.processID === "number"
    ? client.processID
    : undefined;
}

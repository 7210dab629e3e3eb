import { setTimeout as delay } from "node:timers/promises";
import pg from "pg";
import { answerTimeoutMs, startListening } from "./listening.ts";

/** Something to wait on: it remembers a change that came between two calls of `next`, so that none falls between read and wait. */
export interface Watch extends Disposable {
  /** Resolves at the next change since the last call, after `timeoutMs`, or when `signal` aborts. A wake-up, not a promise: re-read. */
  next(timeoutMs: number, signal?: AbortSignal): Promise<void>;
}

/**
 * Wake-ups over all processes of one database: LISTEN/NOTIFY on one channel. Nothing but a topic travels, and a lost one
 * costs a poll interval, for whoever is woken reads the truth from the database.
 */
export interface Bus {
  watch(topic: string): Watch;
  /** Wakes this process at once and the others after their NOTIFY. Call it after the commit. */
  publish(...topics: string[]): void;
  /**
   * Calls back with each topic of a kind as it is published, in this process or another; with null when some may have been lost. Returns
   * what ends it.
   */
  listen(kind: string, listener: (topic: string | null) => void): () => void;
  /** True while what others publish is known to arrive: the connection that listens has answered within the last two seconds. */
  isHearing(): boolean;
  close(): Promise<void>;
}

export const BUS_CHANNEL = "gatehouse";
/** NOTIFY payloads end at 8,000 bytes; a topic is about 45. */
const topicsPerNotification = 100;
/** What waits to be sent while the database is away; beyond it the others find out by their poll. */
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
  /** By which we know what we sent ourselves: whoever waits for it here has been woken. */
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
    // One statement for all that is published while another is under way.
    sending ??= Promise.resolve()
      .then(send)
      .finally(() => {
        sending = null;
        // What came in after the last look.
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
      // Whatever was sent while nobody listened: let everybody look once.
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
      // What was published last is still sent, unless the database is away.
      await Promise.race([sending, delay(answerTimeoutMs, undefined, { ref: false })]);
      closed = true;
      wakeAll();
      await Promise.allSettled([listening.close(), sender.end()]);
    },
  };
}

/** The process of the database's that serves a connection; not among the types of pg. */
function readBackendId(client: object): number | undefined {
  return "processID" in client && typeof client.processID === "number"
    ? client.processID
    : undefined;
}

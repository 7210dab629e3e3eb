import pg from "pg";

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
  close(): Promise<void>;
}

export const BUS_CHANNEL = "gatehouse";
/** NOTIFY payloads end at 8,000 bytes; a topic is about 45. */
const topicsPerNotification = 100;

type Waker = () => void;

export async function openBus(databaseUrl: string): Promise<Bus> {
  const watchers = new Map<string, Set<Waker>>();
  const outgoing = new Set<string>();
  const sender = new pg.Pool({ connectionString: databaseUrl, max: 1, idleTimeoutMillis: 0 });
  // A broken idle connection is replaced by the next query.
  sender.on("error", () => undefined);
  let listener: pg.Client | null = null;
  let sending: Promise<void> | null = null;
  let closed = false;

  function wake(topics: Iterable<string>): void {
    for (const topic of topics) for (const waker of watchers.get(topic) ?? []) waker();
  }

  async function listen(): Promise<void> {
    const client = new pg.Client({ connectionString: databaseUrl, keepAlive: true });
    client.on("notification", ({ payload }) => wake((payload ?? "").split(" ")));
    client.on("error", () => undefined);
    client.on("end", () => {
      if (listener !== client || closed) return;
      listener = null;
      void relisten(100);
    });
    try {
      await client.connect();
      await client.query(`LISTEN ${BUS_CHANNEL}`);
    } catch (error) {
      await client.end().catch(() => undefined);
      throw error;
    }
    if (closed) return client.end();
    listener = client;
    // Whatever was sent while nobody listened: let everybody look once.
    wake(watchers.keys());
  }

  async function relisten(delayMs: number): Promise<void> {
    if (closed) return;
    try {
      await listen();
    } catch {
      setTimeout(() => void relisten(Math.min(delayMs * 2, 5_000)), delayMs).unref();
    }
  }

  async function send(): Promise<void> {
    while (outgoing.size > 0 && !closed) {
      const batch = [...outgoing].slice(0, topicsPerNotification);
      for (const topic of batch) outgoing.delete(topic);
      try {
        await sender.query("SELECT pg_notify($1, $2)", [BUS_CHANNEL, batch.join(" ")]);
      } catch {
        // The others find out by their poll.
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

  await listen();

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
    async close() {
      await sending;
      closed = true;
      wake(watchers.keys());
      await Promise.allSettled([listener?.end(), sender.end()]);
    },
  };
}

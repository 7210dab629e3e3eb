import { setTimeout as delay } from "node:timers/promises";
import pg from "pg";

/** By which the connection is found in `pg_stat_activity`. */
export const LISTENER_NAME = "gatehouse listen";
/** A connection that is half open says nothing at all: what takes longer counts as broken. */
export const answerTimeoutMs = 2_000;
const heartbeatEveryMs = 1_000;

export interface Listening {
  /** True while notifications are known to arrive: the connection has answered within the last two seconds. */
  isHearing(): boolean;
  close(): Promise<void>;
}

export interface ListeningDeps {
  databaseUrl: string;
  channel: string;
  /** @param backendId the process of the database's that serves whoever sent it */
  onNotification(payload: string, backendId: number): void;
  /** The connection is new: whatever was sent before it was not heard. */
  onRenewed(): void;
}

/**
 * A connection of its own that listens on a channel (LISTEN), with a heartbeat: one that broke, or that does not answer within two
 * seconds, is replaced. Rejects if the first one cannot be had.
 */
export async function startListening(deps: ListeningDeps): Promise<Listening> {
  let current: pg.Client | null = null;
  let heardAtMs = -Infinity;
  let closed = false;

  async function ask(client: pg.Client, statement: string): Promise<void> {
    const askedAtMs = performance.now();
    await client.query(statement);
    if (client === current || current === null) heardAtMs = askedAtMs;
  }

  async function connect(): Promise<void> {
    const client = new pg.Client({
      connectionString: deps.databaseUrl,
      keepAlive: true,
      application_name: LISTENER_NAME,
      connectionTimeoutMillis: answerTimeoutMs,
      query_timeout: answerTimeoutMs,
    });
    client.on("notification", ({ payload, processId }) =>
      deps.onNotification(payload ?? "", processId),
    );
    client.on("error", () => undefined);
    client.on("end", () => replace(client));
    try {
      await client.connect();
      await ask(client, `LISTEN ${deps.channel}`);
    } catch (error) {
      drop(client);
      throw error;
    }
    if (closed) return drop(client);
    current = client;
    deps.onRenewed();
    void beat(client);
  }

  /** Until the connection breaks, which it does not always say. */
  async function beat(client: pg.Client): Promise<void> {
    while (client === current) {
      await delay(heartbeatEveryMs, undefined, { ref: false });
      if (client !== current) return;
      await ask(client, "SELECT 1").catch(() => replace(client));
    }
  }

  function replace(client: pg.Client): void {
    if (client !== current) return;
    current = null;
    heardAtMs = -Infinity;
    drop(client);
    void reconnect(100);
  }

  async function reconnect(delayMs: number): Promise<void> {
    if (closed) return;
    try {
      await connect();
    } catch {
      setTimeout(() => void reconnect(Math.min(delayMs * 2, 5_000)), delayMs).unref();
    }
  }

  await connect();
  return {
    isHearing: () => performance.now() - heardAtMs <= answerTimeoutMs,
    async close() {
      closed = true;
      const last = current;
      current = null;
      if (!last) return;
      await Promise.race([last.end(), delay(answerTimeoutMs, undefined, { ref: false })]);
      drop(last);
    },
  };
}

/** Without the farewell of the protocol, which a dead peer would never take. */
function drop(client: pg.Client): void {
  client.end().catch(() => undefined);
  client.connection.stream.destroy();
}

import { setTimeout as delay } from "node:timers/promises";
import pg from "pg";

/** Identifies the connection in `pg_stat_activity`. */
export const LISTENER_NAME = "gatehouse listen";
/**
 * A half-open connection reports no error, so a connection without a response in this time counts
 * as broken.
 */
export const answerTimeoutMs = 2_000;
const heartbeatEveryMs = 1_000;

export interface Listening {
  /**
   * Whether notifications are known to arrive: the connection has responded within the last two
   * seconds.
   */
  isHearing(): boolean;
  close(): Promise<void>;
}

export interface ListeningDeps {
  databaseUrl: string;
  channel: string;
  /** @param backendId the id of the database process that serves the sender's connection */
  onNotification(payload: string, backendId: number): void;
  /** Called for a new connection: earlier notifications may have been missed. */
  onRenewed(): void;
}

/**
 * Opens a separate connection that listens on a channel (LISTEN), with a heartbeat. A connection
 * that breaks or does not respond within two seconds is replaced. Rejects if the first connection
 * fails.
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

  /** Runs until the connection breaks, which is not always reported. */
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

/**
 * Closes the connection without the protocol's terminate message, which a peer that does not
 * respond would never receive.
 */
function drop(client: pg.Client): void {
  client.end().catch(() => undefined);
  client.connection.stream.destroy();
}

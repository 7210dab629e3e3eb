import pg from "pg";
import type { RunStatement } from "./log.ts";

/** The pages of a workspace are read one at a time, so few callers have to wait. */
const maxConnections = 2;

/**
 * Connections for the statement that reads events for subscribers. It is prepared once, which saves
 * most of its time.
 */
export interface LogConnections {
  run: RunStatement;
  close(): Promise<void>;
}

/**
 * @param timeoutMs a statement without a response in this time fails, and its connection is dropped
 */
export function openLogConnections(databaseUrl: string, timeoutMs: number): LogConnections {
  const pool = new pg.Pool({
    connectionString: databaseUrl,
    max: maxConnections,
    application_name: "gatehouse log",
    keepAlive: true,
    connectionTimeoutMillis: timeoutMs,
    query_timeout: timeoutMs,
  });
  // A broken idle connection is replaced by the next statement.
  pool.on("error", () => undefined);
  const names = new Map<string, string>();

  function nameOf(text: string): string {
    const known = names.get(text) ?? `log ${names.size}`;
    names.set(text, known);
    return known;
  }

  return {
    async run(text, values) {
      const { rows } = await pool.query<object>({ name: nameOf(text), text, values });
      return rows;
    },
    close: () => pool.end(),
  };
}

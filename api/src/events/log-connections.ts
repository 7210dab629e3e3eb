import pg from "pg";
import type { RunStatement } from "./log.ts";

/** One page at a time of a workspace; others wait, and are not many. */
const maxConnections = 2;

/** Connections for the statement between an event and its subscribers: prepared once, it takes a fraction of the time. */
export interface LogConnections {
  run: RunStatement;
  close(): Promise<void>;
}

/** @param timeoutMs what gets no answer for so long fails, and its connection is given up */
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

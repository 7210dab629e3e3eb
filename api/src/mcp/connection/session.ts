/** The only entry point for communication with an MCP server. Connection pooling is built on this interface. */
import { connect } from "./connect.ts";
import type { ConnectTarget, Connection, OpenConnection, Session } from "./connect.ts";
import { createEraCache } from "../protocol-era.ts";
import type { EraCache } from "../protocol-era.ts";
import type { Failure } from "../failure.ts";

export type { Credentials, Refusal } from "./credentials.ts";
export type { ServerInfo, Session } from "./connect.ts";

export interface SessionTarget extends ConnectTarget {
  /** Defaults to a cache shared by the process. */
  eras?: EraCache;
}

const sharedEras = createEraCache();

/**
 * Connects to the server, calls `use` with the session and closes it. Returns the result of `use`, or the reason that no connection was
 * made; in that case nothing was run and `retryable` states whether a later attempt may succeed. Errors thrown by `use` are rethrown.
 */
export async function withSession<T>(
  target: SessionTarget,
  use: (session: Session) => Promise<T>,
): Promise<T | Failure> {
  const connection = await openConnection(target);
  if (connection.kind === "failed") return connection.failure;
  try {
    return await use(connection.session);
  } finally {
    rememberEra(target, connection);
    await connection.close();
  }
}

/** Connects with the cached era of the server; if it proves wrong, with negotiation. */
export async function openConnection(target: SessionTarget): Promise<Connection> {
  const eras = target.eras ?? sharedEras;
  const known = eras.get(target.url);
  const connection = await connect(target, known);
  if (!known || connection.kind === "connected" || !isEraDoubtful(connection.failure))
    return connection;
  eras.forget(target.url);
  return connect(target, null);
}

/** A connection with a cached era makes no request, so the era is confirmed only when the server has answered a request. */
export function rememberEra(target: SessionTarget, connection: OpenConnection): void {
  const eras = target.eras ?? sharedEras;
  if (connection.results() === 0) eras.forget(target.url);
  else if (!eras.get(target.url)) eras.set(target.url, connection.verdict);
}

/** Makes the next connection negotiate again. */
export function forgetEra(target: Pick<SessionTarget, "url" | "eras">): void {
  (target.eras ?? sharedEras).forget(target.url);
}

function isEraDoubtful(failure: Failure): boolean {
  if (failure.kind === "protocol-error") return true;
  return failure.kind === "unreachable" && failure.httpStatus !== null && !failure.retryable;
}

/** The one way to talk to an MCP server. What keeps connections open between uses belongs behind this seam. */
import { connect } from "./connect.ts";
import type { ConnectTarget, Connection, OpenConnection, Session } from "./connect.ts";
import { createEraCache } from "../protocol-era.ts";
import type { EraCache } from "../protocol-era.ts";
import type { Failure } from "../failure.ts";

export type { Credentials, Refusal } from "./credentials.ts";
export type { ServerInfo, Session } from "./connect.ts";

export interface SessionTarget extends ConnectTarget {
  /** Left out: one cache for the process. */
  eras?: EraCache;
}

const sharedEras = createEraCache();

/**
 * Connects to the server, hands the session to `use`, closes. Answers what `use` answers, or why there was no connection: then
 * nothing was run, and `retryable` says whether a later try may work. What `use` throws is thrown on.
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

/** Connects by the era that the server is known for; where that proves wrong, by negotiating. */
export async function openConnection(target: SessionTarget): Promise<Connection> {
  const eras = target.eras ?? sharedEras;
  const known = eras.get(target.url);
  const connection = await connect(target, known);
  if (!known || connection.kind === "connected" || !isEraDoubtful(connection.failure))
    return connection;
  eras.forget(target.url);
  return connect(target, null);
}

/** A remembered verdict costs no request, so it is only known to be good once the server has answered a request made under it. */
export function rememberEra(target: SessionTarget, connection: OpenConnection): void {
  const eras = target.eras ?? sharedEras;
  if (connection.results() === 0) eras.forget(target.url);
  else if (!eras.get(target.url)) eras.set(target.url, connection.verdict);
}

/** The next connection negotiates. */
export function forgetEra(target: SessionTarget): void {
  (target.eras ?? sharedEras).forget(target.url);
}

function isEraDoubtful(failure: Failure): boolean {
  if (failure.kind === "protocol-error") return true;
  return failure.kind === "unreachable" && failure.httpStatus !== null && !failure.retryable;
}

/** The one way to talk to an MCP server. What keeps connections open between uses belongs behind this seam. */
import { connect } from "./connect.ts";
import type { ConnectTarget, Connection, Session } from "./connect.ts";
import { createEraCache } from "./era-cache.ts";
import type { EraCache } from "./era-cache.ts";
import type { Failure } from "./failure.ts";

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
  const eras = target.eras ?? sharedEras;
  const known = eras.get(target.url);
  let connection = await connect(target, known);
  if (known && connection.kind === "failed" && isEraDoubtful(connection.failure)) {
    eras.forget(target.url);
    connection = await connect(target, null);
  }
  if (connection.kind === "failed") return connection.failure;
  try {
    return await use(connection.session);
  } finally {
    rememberEra(eras, target.url, connection);
    await connection.close();
  }
}

/** A remembered verdict costs no request, so it is only known to be good once the server has answered a request made under it. */
function rememberEra(
  eras: EraCache,
  url: string,
  connection: Extract<Connection, { kind: "connected" }>,
): void {
  const { era, protocolVersion } = connection.session;
  if (!connection.hasAnswered()) eras.forget(url);
  else if (!eras.get(url)) eras.set(url, { era, protocolVersion });
}

function isEraDoubtful(failure: Failure): boolean {
  if (failure.kind === "protocol-error") return true;
  return failure.kind === "unreachable" && failure.httpStatus !== null && !failure.retryable;
}

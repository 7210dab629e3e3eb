import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";

import type { RequestGuard } from "./request-guard.ts";

/**
 * The HTTP status with which an upgrade is rejected; null if it is allowed. The rules are those for
 * a POST.
 */
export function checkUpgrade(guard: RequestGuard, request: IncomingMessage): number | null {
  const { host, cookie, origin } = request.headers;
  const fetchSite = request.headers["sec-fetch-site"];
  if (readPath(request) !== "/graphql") return 404;
  if (!guard.isHostAllowed(host)) return 421;
  if (cookie === undefined) return null;
  const sent = {
    origin: origin ?? null,
    fetchSite: typeof fetchSite === "string" ? fetchSite : null,
  };
  return guard.isOriginAllowed(sent) ? null : 403;
}

/** The path of a request target, without its query. */
export function readPath(request: IncomingMessage): string {
  return URL.parse(request.url ?? "", "http://target.invalid")?.pathname ?? "";
}

const REASONS: Record<number, string> = {
  403: "Forbidden",
  404: "Not Found",
  421: "Misdirected Request",
  503: "Service Unavailable",
};

/** Responds to an upgrade with a plain HTTP error and closes the connection. */
export function refuseUpgrade(socket: Duplex, status: number): void {
  socket.on("error", () => socket.destroy());
  socket.end(
    `HTTP/1.1 ${status} ${REASONS[status] ?? "Error"}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`,
  );
}

import type { IncomingMessage, ServerResponse } from "node:http";
import { text } from "node:stream/consumers";
import { listenOnLoopback, type Counterparty } from "./listen.ts";
import { sendJson } from "./scripted.ts";

/** One HTTP request as it came. */
export interface Received {
  method: string;
  /** Path and query. */
  url: string;
  headers: IncomingMessage["headers"];
  body: string;
}

/** A document to serve, a status to answer, or what answers. */
type Route = object | number | ((received: Received, response: ServerResponse) => void);

export interface Parts {
  /** Absent: 401 with a challenge that names the metadata. */
  mcp?: Route;
  /** RFC 9728; absent: the resource with this origin as its authorization server. */
  resource?: (origin: string) => Route;
  /** RFC 8414; absent: an authorization server that registers whoever asks. */
  authorizationServer?: (origin: string) => Route;
  /** Absent: a public client. */
  register?: Route;
  /** Absent: 404. */
  token?: Route;
}

export interface ProtectedCounterparty extends Counterparty {
  origin: string;
  /** Everything that came, in order. */
  received: Received[];
}

export function describeAuthorizationServer(origin: string, changes: object = {}): object {
  return {
    issuer: origin,
    authorization_endpoint: `${origin}/authorize`,
    token_endpoint: `${origin}/token`,
    registration_endpoint: `${origin}/register`,
    response_types_supported: ["code"],
    code_challenge_methods_supported: ["S256"],
    token_endpoint_auth_methods_supported: ["none"],
    ...changes,
  };
}

/** The 401 of an MCP server whose metadata stands at the place that the path demands. */
export function challenge({ headers }: Received, response: ServerResponse): void {
  const metadata = `http://${headers.host}/.well-known/oauth-protected-resource/mcp`;
  response
    .writeHead(401, {
      "www-authenticate": `Bearer resource_metadata="${metadata}", scope="read"`,
    })
    .end();
}

/** An MCP server and its authorization server at one origin, which answer what the test says. */
export async function startProtected(parts: Parts): Promise<ProtectedCounterparty> {
  const received: Received[] = [];
  const counterparty = await listenOnLoopback(async (request, response) => {
    const { method = "", url = "", headers } = request;
    const one = { method, url, headers, body: await text(request) };
    received.push(one);
    const origin = `http://${headers.host}`;
    const routes: Record<string, Route> = {
      "/mcp": parts.mcp ?? challenge,
      "/.well-known/oauth-protected-resource/mcp": parts.resource?.(origin) ?? {
        resource: `${origin}/mcp`,
        authorization_servers: [origin],
      },
      "/.well-known/oauth-authorization-server":
        parts.authorizationServer?.(origin) ?? describeAuthorizationServer(origin),
      "/register": parts.register ?? { client_id: "dynamic", token_endpoint_auth_method: "none" },
      "/token": parts.token ?? 404,
    };
    const route = routes[url.split("?")[0] ?? ""] ?? 404;
    if (typeof route === "number") response.writeHead(route).end();
    else if (typeof route === "function") route(one, response);
    else sendJson(response, 200, route);
  });
  return { ...counterparty, origin: new URL(counterparty.url).origin, received };
}

import type { AuthInfo } from "@modelcontextprotocol/server";
import type { TrafficRecorder } from "../traffic.ts";
import type { AccessTokenFacts } from "../authorization-server/grants.ts";
import type { FaultInjector, FaultName } from "../faults.ts";

/** Serves one request of a caller whose token is good. */
export type McpFetch = (request: Request, authInfo: AuthInfo) => Promise<Response>;

interface ProtectedResourceOptions {
  readonly resource: URL;
  readonly name: string;
  readonly issuer: string;
  readonly scopesSupported: readonly string[];
  /** What the challenge asks for; the first of them is needed for any request. */
  readonly challengeScopes: readonly [string, ...string[]];
  readonly counter: "notes" | "weather";
  readonly verifyAccessToken: (token: string) => Promise<AccessTokenFacts | undefined>;
  readonly faults: FaultInjector;
  readonly traffic: TrafficRecorder;
  readonly serve: McpFetch;
}

/** An MCP server behind OAuth, with its metadata document (RFC 9728). */
export interface ProtectedResourceServer {
  readonly metadataPath: string;
  readonly mcpPath: string;
  readonly fetch: (request: Request) => Promise<Response>;
}

interface Refusal {
  readonly status: 401 | 403;
  readonly error?: "invalid_token" | "insufficient_scope";
}

export function createProtectedResource(
  options: ProtectedResourceOptions,
): ProtectedResourceServer {
  const { resource, faults, traffic, challengeScopes } = options;
  const metadataUrl = new URL(
    `/.well-known/oauth-protected-resource${resource.pathname}`,
    resource,
  );

  const refuse = ({ status, error }: Refusal): Response => {
    if (status === 401) traffic.add("unauthorized");
    // RFC 6750 §3.1: a request without credentials is told nothing but the way.
    const parameters = [
      ...(error ? [`error="${error}"`] : []),
      `resource_metadata="${metadataUrl}"`,
      `scope="${challengeScopes.join(" ")}"`,
    ];
    return Response.json(
      { error: error ?? "unauthorized" },
      { status, headers: { "www-authenticate": `Bearer ${parameters.join(", ")}` } },
    );
  };

  const meetFault = (name: FaultName): boolean => {
    const isMet = faults.take(name);
    if (isMet) faults.announce(name);
    return isMet;
  };

  const describe = (): Response =>
    Response.json({
      resource: resource.href,
      resource_name: options.name,
      authorization_servers: [options.issuer],
      scopes_supported: options.scopesSupported,
      bearer_methods_supported: ["header"],
    });

  return {
    metadataPath: metadataUrl.pathname,
    mcpPath: resource.pathname,
    async fetch(request) {
      if (new URL(request.url).pathname === metadataUrl.pathname) return describe();
      traffic.add(options.counter);
      if (meetFault("mcp-503")) return new Response("Service Unavailable", { status: 503 });
      const token = /^Bearer (?<token>\S+)$/i.exec(request.headers.get("authorization") ?? "")
        ?.groups?.token;
      if (!token) return refuse({ status: 401 });
      if (meetFault("mcp-401")) return refuse({ status: 401, error: "invalid_token" });
      const facts = await options.verifyAccessToken(token);
      const isGood = facts?.resource === resource.href && facts.expiresAt * 1000 > Date.now();
      if (!isGood) return refuse({ status: 401, error: "invalid_token" });
      if (!facts.scopes.includes(challengeScopes[0])) {
        return refuse({ status: 403, error: "insufficient_scope" });
      }
      return options.serve(request, {
        token,
        clientId: facts.clientId,
        scopes: [...facts.scopes],
        expiresAt: facts.expiresAt,
        resource,
        resourceMetadataUrl: metadataUrl.href,
        extra: { login: facts.login },
      });
    },
  };
}

/** The account that a request acts for, as `createProtectedResource` put it there. */
export function readLogin(authInfo: AuthInfo | undefined): string {
  const login = authInfo?.extra?.login;
  if (typeof login !== "string") throw new Error("request without an account");
  return login;
}

import { createAuthorizationServer } from "./authorization-server/authorization-server.ts";
import type { AuthorizationServer } from "./authorization-server/authorization-server.ts";
import type { MetadataDocumentFetch } from "./authorization-server/provider-configuration.ts";
import { parseLoginName } from "./authorization-server/login-name.ts";
import { notesScopes, weatherScopes } from "./authorization-server/scopes.ts";
import { createFaults, type Faults } from "./faults.ts";
import { answerNotFound, listen, routeRequests } from "./listener.ts";
import { createNotesServer } from "./mcp/notes-server.ts";
import { createProtectedResource } from "./mcp/protected-resource.ts";
import { createWeatherServer } from "./mcp/weather-server.ts";
import { createTraffic, type Traffic } from "./traffic.ts";

export type { FaultName } from "./faults.ts";

export interface SandboxOptions {
  /** Address to listen on; 127.0.0.1 by default. Anything but loopback is refused. */
  readonly host?: string;
  /** 4010 by default; 0 takes any free port. */
  readonly port?: number;
  /** Puts Acme Weather on a port of its own, so that it is not the authorization server's origin. */
  readonly weatherPort?: number;
  /** 120 by default. */
  readonly accessTokenTtlSeconds?: number;
  /** Whether its pages send `Cross-Origin-Opener-Policy: same-origin`; true by default. */
  readonly coop?: boolean;
  /** Makes Acme Notes refuse everything before the 2026-07-28 revision; false by default. */
  readonly modernOnly?: boolean;
  /**
   * How client id metadata documents are read. Without it the sandbox makes no outgoing request,
   * and its metadata does not offer `client_id_metadata_document_supported`.
   */
  readonly fetchMetadataDocument?: MetadataDocumentFetch;
  /** MCP servers elsewhere that its authorization server issues tokens for: their `resource` (RFC 8707), for the scopes of Acme Notes. */
  readonly furtherResources?: readonly string[];
  /** Gets what is worth a line of log; never a token. */
  readonly log?: (message: string) => void;
}

export interface Sandbox
  extends
    Pick<AuthorizationServer, "registerClient" | "deleteClient">,
    Pick<AuthorizationServer["grants"], "verifyAccessToken"> {
  /** Origin and issuer, without a trailing slash. */
  readonly url: string;
  readonly notesUrl: string;
  readonly weatherUrl: string;
  readonly faults: Faults;
  readonly traffic: Traffic;
  /** Ends all grants of an account, as its button on the account page does; answers how many. */
  endGrants(login: string): Promise<number>;
  /** Makes all access tokens invalid at once; refresh tokens stay good. Answers how many. */
  expireAccessTokens(): number;
  /** Ids of the open sessions of Acme Weather. */
  listWeatherSessions(): string[];
  /** Loses the sessions of Acme Weather: their next request is answered 404. */
  dropWeatherSessions(): Promise<void>;
  /** Refuses connections, as a machine that is down, until `resume`: all of it but Acme Weather on a port of its own, or that alone. */
  interrupt(which: SandboxPart): Promise<void>;
  /** Answers at the same ports again. */
  resume(): Promise<void>;
  /** Frees the port and ends all connections. */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** What has a port of its own. */
export type SandboxPart = "main" | "weather";

const loopbackHosts: ReadonlySet<string> = new Set(["127.0.0.1", "::1", "localhost"]);
const ignoreLog = () => {};

/**
 * Starts the demo world: an authorization server ("Acme ID") and two MCP servers that it protects.
 * Nothing is kept when it closes. Rejects with the system's error when a port is taken.
 */
export async function startSandbox(options: SandboxOptions = {}): Promise<Sandbox> {
  const { host = "127.0.0.1", port = 4010, log = ignoreLog, accessTokenTtlSeconds = 120 } = options;
  // Whoever reaches it may sign in as anybody.
  if (!loopbackHosts.has(host)) throw new Error(`the sandbox does not listen on ${host}`);
  const main = await listen(host, port);
  const own =
    options.weatherPort === undefined ? undefined : await listenOrClose(host, options, main);
  const issuer = main.origin;
  const notesUrl = new URL("/notes/mcp", main.origin);
  const weatherUrl = new URL("/weather/mcp", (own ?? main).origin);

  const faults = createFaults();
  const traffic = createTraffic();
  const authorizationServer = createAuthorizationServer({
    issuer,
    resources: [
      { resource: notesUrl.href, name: "Acme Notes", scopes: notesScopes },
      { resource: weatherUrl.href, name: "Acme Weather", scopes: weatherScopes },
      ...(options.furtherResources ?? []).map((resource) => ({
        resource,
        name: new URL(resource).host,
        scopes: notesScopes,
      })),
    ],
    homePage: { notesUrl: notesUrl.href, weatherUrl: weatherUrl.href, accessTokenTtlSeconds },
    coop: options.coop ?? true,
    fetchMetadataDocument: options.fetchMetadataDocument,
    faults,
    traffic,
    log,
  });
  const { grants } = authorizationServer;
  const notes = createNotesServer({ modernOnly: options.modernOnly ?? false, log });
  const weather = createWeatherServer();
  const { verifyAccessToken } = grants;
  const common = { issuer, verifyAccessToken, faults, traffic };
  const notesResource = createProtectedResource({
    ...common,
    resource: notesUrl,
    name: "Acme Notes",
    scopesSupported: notesScopes,
    challengeScopes: ["notes:read", "notes:write"],
    counter: "notes",
    serve: notes.serve,
  });
  const weatherResource = createProtectedResource({
    ...common,
    resource: weatherUrl,
    name: "Acme Weather",
    scopesSupported: weatherScopes,
    challengeScopes: ["weather:read"],
    counter: "weather",
    serve: weather.serve,
  });

  const onMain = own ? [notesResource] : [notesResource, weatherResource];
  main.serve(routeRequests(onMain, authorizationServer.listener));
  own?.serve(routeRequests([weatherResource], answerNotFound));

  const close = async () => {
    faults.clear();
    await Promise.all([notes.close(), weather.dropSessions(), main.close(), own?.close()]);
  };

  return {
    url: main.origin,
    notesUrl: notesUrl.href,
    weatherUrl: weatherUrl.href,
    faults,
    traffic,
    registerClient: authorizationServer.registerClient,
    deleteClient: authorizationServer.deleteClient,
    verifyAccessToken,
    async endGrants(typed) {
      const name = parseLoginName(typed);
      return name.ok ? grants.endAll(name.login) : 0;
    },
    expireAccessTokens: grants.expireAccessTokens,
    listWeatherSessions: weather.listSessions,
    dropWeatherSessions: weather.dropSessions,
    async interrupt(which) {
      if (which === "weather" && !own) throw new Error("Acme Weather has no port of its own");
      await (which === "weather" ? own : main)?.interrupt();
    },
    async resume() {
      await Promise.all([main.resume(), own?.resume()]);
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

async function listenOrClose(
  host: string,
  { weatherPort = 0 }: SandboxOptions,
  main: Awaited<ReturnType<typeof listen>>,
) {
  try {
    return await listen(host, weatherPort);
  } catch (error) {
    await main.close();
    throw error;
  }
}

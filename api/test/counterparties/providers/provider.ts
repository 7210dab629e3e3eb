import { getRequestListener } from "@hono/node-server";
import { createMcpHandler, McpServer } from "@modelcontextprotocol/server";
import { z } from "zod";
import { listenOnLoopback } from "../listen.ts";
import { createTokenBook, type ConsentRecord, type TokenBook } from "./token-book.ts";

/** A request as it came. */
export interface ReceivedRequest {
  path: string;
  query: URLSearchParams;
  headers: Headers;
  text: string;
  form: URLSearchParams;
}

/** How one provider behaves; everything else is common to all of them. */
export interface ProviderBehaviour {
  /** Of the MCP endpoint. */
  mcpPath?: string;
  /** JSON documents by path. */
  documents(provider: ProviderAddress): Record<string, object>;
  authorizationPath: string;
  /** What the person is taken to consent to at once, or the message of an error page. */
  authorize(query: URLSearchParams): Pick<ConsentRecord, "scopes" | "offline"> | string;
  tokenPath: string;
  token(request: ReceivedRequest, book: TokenBook): Response;
  registrationPath?: string;
  register?(request: ReceivedRequest): Response;
  /** Everybody may list the tools; a token is asked for when one is called. */
  openUntilCalled?: boolean;
  /** Answers at this origin name the metadata in their challenge; true by default. */
  namesMetadata?: boolean;
}

export interface ProviderAddress {
  /** `http://127.0.0.1:port`. */
  origin: string;
  /** The same server by another name, for a provider with two hosts. */
  otherOrigin: string;
  /** Of the MCP endpoint. */
  mcpUrl: string;
}

/** One provider: its authorization server, and an MCP server that it protects, at one origin. */
export interface Provider extends ProviderAddress, AsyncDisposable {
  /** Hosts by which a profile may know it. */
  hosts: string[];
  book: TokenBook;
  received: ReceivedRequest[];
  /** Requests to the token endpoint, in order. */
  tokenRequests(): ReceivedRequest[];
  /** Documents that are not published for now. */
  hidden: Set<string>;
}

/** Credentials that were entered by hand at every provider. */
export const enteredClient = { id: "entered-client", secret: "entered-secret" };

export async function startProvider(behaviour: ProviderBehaviour): Promise<Provider> {
  const { mcpPath = "/mcp" } = behaviour;
  const book = createTokenBook("example");
  const received: ReceivedRequest[] = [];
  const hidden = new Set<string>();
  const mcp = createMcpHandler(createTools, { legacy: "stateless" });

  async function answer(request: Request): Promise<Response> {
    const { pathname: path, searchParams: query } = new URL(request.url);
    const text = request.method === "POST" ? await request.clone().text() : "";
    const one = { path, query, headers: request.headers, text, form: new URLSearchParams(text) };
    received.push(one);
    if (path === mcpPath) return await answerMcp(request, text);
    if (path === behaviour.authorizationPath) return authorize(query);
    if (path === behaviour.tokenPath) return behaviour.token(one, book);
    if (path === behaviour.registrationPath && behaviour.register) return behaviour.register(one);
    const document = hidden.has(path) ? undefined : behaviour.documents(address)[path];
    return document ? Response.json(document) : new Response("Not found", { status: 404 });
  }

  async function answerMcp(request: Request, text: string): Promise<Response> {
    const token = /^Bearer (\S+)$/.exec(request.headers.get("authorization") ?? "")?.[1];
    const isCall = text.includes('"tools/call"');
    const isOpen = behaviour.openUntilCalled === true && !isCall && token === undefined;
    if (isOpen || (token !== undefined && book.isGood(token))) return await mcp.fetch(request);
    const metadata = `${address.origin}/.well-known/oauth-protected-resource${mcpPath}`;
    const place = behaviour.namesMetadata === false ? "" : ` resource_metadata="${metadata}",`;
    const challenge = `Bearer${place} error="invalid_token"`;
    return new Response("", { status: 401, headers: { "www-authenticate": challenge } });
  }

  function authorize(query: URLSearchParams): Response {
    const consent = behaviour.authorize(query);
    if (typeof consent === "string") return new Response(consent, { status: 400 });
    const redirectUri = query.get("redirect_uri") ?? "";
    const back = new URL(redirectUri);
    const clientId = query.get("client_id") ?? "";
    const codeChallenge = query.get("code_challenge");
    back.searchParams.set(
      "code",
      book.issueCode({ clientId, redirectUri, codeChallenge, ...consent }),
    );
    back.searchParams.set("state", query.get("state") ?? "");
    return Response.redirect(back, 302);
  }

  const server = await listenOnLoopback(
    getRequestListener(answer, { overrideGlobalObjects: false }),
    mcpPath,
  );
  const { origin, host, port } = new URL(server.url);
  const address = { origin, otherOrigin: `http://localhost:${port}`, mcpUrl: server.url };
  return {
    ...address,
    hosts: [host, `localhost:${port}`],
    book,
    received,
    hidden,
    tokenRequests: () => received.filter(({ path }) => path === behaviour.tokenPath),
    async [Symbol.asyncDispose]() {
      await mcp.close();
      await server.close();
    },
  };
}

function createTools(): McpServer {
  const server = new McpServer({ name: "provider", version: "1.0.0" });
  server.registerTool("greet", { inputSchema: z.object({}) }, async () => ({
    content: [{ type: "text", text: "hello" }],
  }));
  return server;
}

/** What a `scope` parameter holds. */
export function splitScope(scope: string | null): string[] {
  return (scope ?? "").split(" ").filter((one) => one !== "");
}

/** RFC 9728 metadata of the MCP endpoint. */
export function describeResource(
  { mcpUrl }: ProviderAddress,
  authorizationServer: string,
  scopes: readonly string[],
): object {
  return {
    resource: mcpUrl,
    authorization_servers: [authorizationServer],
    scopes_supported: scopes,
  };
}

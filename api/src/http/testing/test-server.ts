/**
 * Test setup for the HTTP modules: the real server on a free port, with a small real schema and
 * functions to inspect its state.
 */
import { request } from "node:http";
import type { Agent, IncomingHttpHeaders } from "node:http";
import type { Transform } from "node:stream";
import { createBrotliDecompress, createGunzip } from "node:zlib";
import { text } from "node:stream/consumers";

import { GraphQLError } from "graphql";
import { createSchema, createYoga } from "graphql-yoga";

import { createSubscriber } from "#graphql/live/subscriber.ts";
import type { GraphQLHandler, RequestContext } from "../graphql-handler.ts";
import { doRegularly } from "#events/regularly.ts";
import { createCredentialWatches } from "../credential-watches.ts";
import { createHttpServer } from "../server.ts";
import type { HttpServerDeps } from "../server.ts";
import type { ViewerResolver } from "../viewer.ts";
import type { Viewer } from "../viewer-identity.ts";

export const PUBLIC_URL = "http://localhost:4000";
export const COOKIE = "gatehouse.session_token=ada";

export interface SentRequest {
  method?: string;
  headers?: Record<string, string>;
  body?: string;
  /**
   * Keeps the connection open for the next request; without it each request has its own connection.
   */
  agent?: Agent;
}

export interface ReceivedResponse {
  status: number;
  headers: IncomingHttpHeaders;
  body: string;
}

export interface TestServer extends AsyncDisposable {
  /** The address of the server. Its `PUBLIC_URL` has a different host name. */
  url: string;
  log: { fields: Record<string, unknown>; message: string }[];
  sessions: TestSessions;
  subscriptions: TestSubscriptions;
  send(path: string, request?: SentRequest): Promise<ReceivedResponse>;
  postGraphQL(query: string, headers?: Record<string, string>): Promise<ReceivedResponse>;
  close(): Promise<void>;
}

export async function startTestServer(
  overrides: Partial<HttpServerDeps> = {},
): Promise<TestServer> {
  const log: TestServer["log"] = [];
  const note = (fields: Record<string, unknown>, message: string) => log.push({ fields, message });
  const sessions = createTestSessions();
  const subscriptions = createTestSubscriptions();
  const server = createHttpServer({
    host: "127.0.0.1",
    port: 0,
    publicUrl: PUBLIC_URL,
    allowedHosts: ["probe.internal"],
    webRoot: null,
    clientMetadata: null,
    auth: { handle: async () => Response.json({ answeredBy: "sign-in" }) },
    viewers: sessions.viewers,
    graphql: createTestGraphQL(subscriptions),
    attemptLimits: { callbackFrom: async () => null },
    trustProxy: false,
    metricsToken: null,
    signInOptions: { passwordReset: false },
    readMetrics: async () => "",
    printSchema: () => "type Query { whoami: String }\n",
    oauth: {
      finishCallback: async () => ({ kind: "unknown" }),
      resumeCallback: async () => ({ kind: "unknown" }),
      describeFlow: async () => null,
    },
    exports: {
      readEvents: () => Promise.reject(new Error("not here")),
      readRuns: () => Promise.reject(new Error("not here")),
    },
    isReady: async () => true,
    logger: { debug: note, info: note, warn: note, error: note },
    ...overrides,
  });
  const { url } = await server.listen();
  const send = (path: string, sent: SentRequest = {}) => sendRequest(url, path, sent);
  return {
    url,
    log,
    sessions,
    subscriptions,
    send,
    postGraphQL: (query, headers = {}) =>
      send("/graphql", {
        method: "POST",
        headers: { "content-type": "application/json", ...headers },
        body: JSON.stringify({ query }),
      }),
    close: () => server.close(),
    [Symbol.asyncDispose]: () => server.close(),
  };
}

const DECODERS: Record<string, () => Transform> = {
  br: createBrotliDecompress,
  gzip: createGunzip,
};

/** Sends exactly these headers, including those that browsers and `fetch` do not allow. */
function sendRequest(url: string, path: string, sent: SentRequest): Promise<ReceivedResponse> {
  const { method = "GET", headers = {}, body, agent = false } = sent;
  return new Promise((resolve, reject) => {
    const { hostname, port } = new URL(url);
    const options = {
      hostname,
      port,
      path,
      method,
      headers: { host: "localhost:4000", ...headers },
    };
    const outgoing = request({ ...options, agent }, (incoming) => {
      const decoder = DECODERS[incoming.headers["content-encoding"] ?? ""];
      text(decoder ? incoming.pipe(decoder()) : incoming).then(
        (received) =>
          resolve({ status: incoming.statusCode ?? 0, headers: incoming.headers, body: received }),
        reject,
      );
    });
    outgoing.on("error", reject);
    outgoing.end(body);
  });
}

export interface TestSessions {
  viewers: ViewerResolver;
  /** Viewers by cookie value; a test may change or remove entries. */
  open: Map<string, Viewer>;
  /** Cookies that the next resolved request is told to set. */
  setCookies: string[];
  /** Does the same as a sign-out in this process. */
  end(cookie: string): void;
  /** Does the same as the removal of a token's owner from the workspace. */
  forbid(name: string): void;
}

export function createTestSessions(): TestSessions {
  const open = new Map([["ada", createViewer("ada")]]);
  const setCookies: string[] = [];
  const watches = createCredentialWatches({
    now: Date.now,
    async readLive() {
      const living = [...open.values()].filter(
        ({ expiresAt }) => !expiresAt || expiresAt.getTime() > Date.now(),
      );
      return new Map(
        living.map(({ credentialId, name, email }) => [
          credentialId,
          { name, email, isMember: true },
        ]),
      );
    },
  });
  const rights = new Map<string, () => void>();
  // More often than in production, so that the tests are fast.
  doRegularly(async () => watches.confirmSoon(watches.list()), 50);
  return {
    open,
    setCookies,
    viewers: {
      async resolveViewer(headers, onSetCookie) {
        if (onSetCookie) setCookies.splice(0).forEach(onSetCookie);
        return open.get(headers.get("cookie")?.split("=")[1] ?? "") ?? null;
      },
      watch: (viewer, onEnd) => watches.add({ viewer, onEnd }),
      watchRight(viewer, onLost) {
        rights.set(viewer.userId, onLost);
        return () => rights.delete(viewer.userId);
      },
    },
    forbid: (name) => rights.get(`user-${name}`)?.(),
    end(cookie) {
      const viewer = open.get(cookie);
      open.delete(cookie);
      if (viewer) watches.end(viewer.credentialId);
    },
  };
}

export function createViewer(name: string, lifetimeMs = 3_600_000): Viewer {
  return {
    userId: `user-${name}`,
    name,
    email: `${name}@example.com`,
    credentialId: `session-${name}`,
    expiresAt: new Date(Date.now() + lifetimeMs),
  };
}

export interface TestSubscriptions {
  /** The number of open subscriptions to `forever`. */
  openCount: number;
  /** Resolves when the next subscription is released. */
  released(): Promise<void>;
  start(): AsyncIterableIterator<{ forever: string }>;
}

function createTestSubscriptions(): TestSubscriptions {
  const waiting: (() => void)[] = [];
  return {
    openCount: 0,
    released: () => new Promise((resolve) => waiting.push(resolve)),
    start() {
      this.openCount += 1;
      let sent = false;
      let finish = () => {};
      const over = new Promise<void>((resolve) => (finish = resolve));
      const release = () => {
        this.openCount -= 1;
        finish();
        waiting.splice(0).forEach((resolve) => resolve());
      };
      return {
        async next() {
          if (sent) await over;
          else {
            sent = true;
            return { done: false, value: { forever: "open" } };
          }
          return { done: true, value: undefined };
        },
        async return() {
          release();
          return { done: true, value: undefined };
        },
        [Symbol.asyncIterator]() {
          return this;
        },
      };
    },
  };
}

function createTestGraphQL(subscriptions: TestSubscriptions): GraphQLHandler {
  const schema = createTestSchema(subscriptions);
  const options = { schema, logging: false, cors: false, graphiql: false } as const;
  const yoga = createYoga<RequestContext>(options);
  const subscribe = createSubscriber<RequestContext, RequestContext & { budget: undefined }>({
    schema,
    shared: { find: () => null },
    createContext: (request) => ({ ...request, budget: undefined }),
    // The default behavior of Yoga.
    mask: ({ errors, ...result }) => ({
      ...result,
      ...(errors ? { errors: errors.map(hideCause) } : {}),
    }),
  });
  const { getEnveloped, getResultForParams } = yoga;
  return { fetch: yoga.fetch, getEnveloped, getResultForParams, subscribe };
}

const hideCause = (error: GraphQLError) =>
  error.originalError && !(error.originalError instanceof GraphQLError)
    ? new GraphQLError("Unexpected error.", { extensions: { code: "INTERNAL_SERVER_ERROR" } })
    : error;

function createTestSchema(subscriptions: TestSubscriptions) {
  return createSchema<RequestContext>({
    typeDefs: /* GraphQL */ `
      type Query {
        whoami: String
        requestId: String!
        breaks: String
        refuses: String
      }
      type Mutation {
        echo(text: String!): String!
      }
      type Subscription {
        count(to: Int!): Int!
        forever: String!
        flood: String!
        breaksLater: Int!
      }
    `,
    resolvers: {
      Query: {
        whoami: (_root, _args, { viewer }) => viewer?.name,
        requestId: (_root, _args, { requestId }) => requestId,
        breaks() {
          throw new Error("secret of the database");
        },
        refuses() {
          throw new GraphQLError("Not yours.", {
            extensions: { code: "NOT_FOUND", http: { status: 404 } },
          });
        },
      },
      Mutation: { echo: (_root, { text: said }: { text: string }) => said },
      Subscription: {
        count: {
          async *subscribe(_root: unknown, { to }: { to: number }) {
            for (let count = 1; count <= to; count += 1) yield { count };
          },
        },
        forever: { subscribe: () => subscriptions.start() },
        // Large events, so that the buffers of the operating system are soon full.
        flood: {
          async *subscribe() {
            const flood = "x".repeat(64 * 1024);
            for (;;) yield { flood };
          },
        },
        breaksLater: {
          async *subscribe() {
            yield { breaksLater: 1 };
            throw new Error("secret of the database");
          },
        },
      },
    },
  });
}

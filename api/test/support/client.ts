import { randomBytes } from "node:crypto";
import { createClient } from "graphql-ws";
import WebSocket from "ws";
import { consent } from "#sandbox/testing/driver.ts";

export interface GraphQLAnswer {
  // A test knows the shape of what it asked for.
  // oxlint-disable-next-line typescript/no-explicit-any
  data: any;
  errors?: { message: string; extensions: Record<string, unknown> }[];
}

/** A person with a session, who speaks plain HTTP as an integrator's client does. */
export interface TestUser {
  url: string;
  name: string;
  email: string;
  cookie: string;
  workspaceId: string;
  graphql(query: string, variables?: object): Promise<GraphQLAnswer>;
  /** As `graphql`, for what must succeed. */
  query(query: string, variables?: object): Promise<GraphQLAnswer["data"]>;
  /** Over WebSocket. */
  subscribe(
    query: string,
    variables?: object,
  ): AsyncIterableIterator<GraphQLAnswer> & AsyncDisposable;
  /** Follows the consent page at the sandbox, then the callback, as the person's browser would. */
  consent(
    authorizationUrl: string,
    options?: { login?: string; decision?: "allow" | "deny" },
  ): Promise<Response>;
  /** The callback without the consent page. */
  open(url: string): Promise<Response>;
  /** The same person's requests, sent to another process. */
  at(url: string): TestUser;
}

const password = "correct horse battery staple";

/** Users of one name can be several, with an address each. */
export async function signUp(url: string, name: string): Promise<TestUser> {
  const email = `${name}-${randomBytes(4).toString("hex")}@example.com`;
  const response = await fetch(`${url}/api/auth/sign-up/email`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ name, email, password }),
  });
  if (!response.ok) throw new Error(`sign-up: ${response.status} ${await response.text()}`);
  const cookie = response.headers
    .getSetCookie()
    .map((line) => line.split(";")[0])
    .join("; ");
  const user = createUser(url, name, email, cookie);
  const { viewer } = await user.query("{ viewer { workspaces { nodes { id } } } }");
  user.workspaceId = viewer.workspaces.nodes[0].id;
  return user;
}

/** @param origin `PUBLIC_URL`'s, whichever process is asked */
function createUser(
  url: string,
  name: string,
  email: string,
  cookie: string,
  origin = url,
): TestUser {
  const graphql: TestUser["graphql"] = async (query, variables = {}) => {
    const response = await fetch(`${url}/graphql`, {
      method: "POST",
      headers: { "content-type": "application/json", cookie },
      body: JSON.stringify({ query, variables }),
    });
    return (await response.json()) as GraphQLAnswer;
  };
  const open: TestUser["open"] = (target) =>
    fetch(target, { headers: { cookie }, redirect: "manual" });
  const user: TestUser = {
    url,
    name,
    email,
    cookie,
    workspaceId: "",
    graphql,
    open,
    at(other) {
      return { ...createUser(other, name, email, cookie, origin), workspaceId: user.workspaceId };
    },
    async query(query, variables) {
      const { data, errors } = await graphql(query, variables);
      if (errors) throw new Error(JSON.stringify(errors));
      return data;
    },
    subscribe(query, variables = {}) {
      class CookieSocket extends WebSocket {
        constructor(address: string, protocols: string[]) {
          super(address, protocols, { headers: { cookie }, origin });
        }
      }
      const client = createClient({
        url: `${url.replace(/^http/, "ws")}/graphql`,
        webSocketImpl: CookieSocket,
        retryAttempts: 0,
      });
      const results = client.iterate({
        query,
        variables: { ...variables },
      }) as AsyncIterableIterator<GraphQLAnswer>;
      return Object.assign(results, { [Symbol.asyncDispose]: async () => client.dispose() });
    },
    async consent(authorizationUrl, { login = name, decision = "allow" } = {}) {
      const { callbackUrl } = await consent({ authorizationUrl, login, decision });
      return open(callbackUrl);
    },
  };
  return user;
}

/** Creates a server and answers its global id. */
export async function createServer(
  user: TestUser,
  url: string,
  settings: object = {},
): Promise<string> {
  const { createMcpServer } = await user.query(
    "mutation ($input: CreateMcpServerInput!) { createMcpServer(input: $input) { id } }",
    { input: { workspaceId: user.workspaceId, name: "Server", url, ...settings } },
  );
  return createMcpServer.id;
}

/** Starts consent; the union's member as it came. */
export async function startOAuth(user: TestUser, serverId: string, input: object = {}) {
  const { startOAuth: answer } = await user.query(
    `mutation ($input: StartOAuthInput!) { startOAuth(input: $input) {
      __typename
      ... on OAuthStarted { authorizationUrl flow { id status steps { kind outcome url httpStatus detail } } }
      ... on OAuthAlreadyConnected { server { id } }
      ... on OAuthClientRequired { message issuer redirectUri }
      ... on OAuthAuthorizationServerRequired { message authorizationServers { issuer name clientRegistration } }
      ... on OAuthDiscoveryFailed { message flow { id status error errorDetail steps { kind outcome detail } } }
    } }`,
    { input: { serverId, ...input } },
  );
  return answer;
}

/** Consents at the sandbox from start to end. */
export async function connect(
  user: TestUser,
  serverId: string,
  options?: Parameters<TestUser["consent"]>[1],
): Promise<Response> {
  const started = await startOAuth(user, serverId, { force: true });
  if (started.__typename !== "OAuthStarted") throw new Error(JSON.stringify(started));
  return user.consent(started.authorizationUrl, options);
}

export async function readStatus(user: TestUser, serverId: string) {
  const { mcpServer } = await user.query(
    `query ($id: ID!) { mcpServer(id: $id) { authType oauthStatus {
      state reason issuer clientRegistration requestedScopes grantedScopes accessTokenExpiresAt renewable
      connectedBy { name } activeFlow { id }
    } } }`,
    { id: serverId },
  );
  return mcpServer.oauthStatus;
}

export async function executeTool(
  user: TestUser,
  serverId: string,
  toolName: string,
  args: unknown = {},
  input: object = {},
) {
  const { executeTool: answer } = await user.query(
    `mutation ($input: ExecuteToolInput!) { executeTool(input: $input) {
      __typename
      ... on UserError { message }
      ... on ToolExecuted { execution { id status isToolError errorMessage structuredContent content { __typename ... on TextContent { text } } } }
      ... on ReauthRequired { reason server { id } }
      ... on ToolNotFound { suggestions }
      ... on InvalidToolArguments { issues { path message } }
      ... on ToolConfirmationRequired { tool { name } }
      ... on ToolTimedOut { execution { id status } }
      ... on ServerUnreachable { retryable }
    } }`,
    { input: { serverId, toolName, arguments: args, ...input } },
  );
  return answer;
}

/** The row's id in a global one, for looking at what is stored. */
export function rowIdOf(globalId: string): string {
  return Buffer.from(globalId, "base64url").toString().split(":")[1] ?? "";
}

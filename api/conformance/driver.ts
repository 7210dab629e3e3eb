/**
 * The client that the conformance suite runs: `driver.ts SERVER_URL`. It does with a Gatehouse what a person would, over GraphQL and
 * HTTP alone: adds the server, consents, lists the tools and runs each of them, and does so once more when asked to consent again.
 * Exits 1 when the server could not be used.
 */
import { setTimeout as delay } from "node:timers/promises";
import { makeArguments } from "./sample-arguments.ts";
import { signUp, type User } from "./user.ts";

/** `MCP_CONFORMANCE_CONTEXT`: what somebody would have been told out of band. */
interface Context {
  client_id?: string;
  client_secret?: string;
  private_key_pem?: string;
  signing_algorithm?: string;
  issuer?: string;
  /** Calls to make instead of those made from the schemas. */
  toolCalls?: ToolCall[];
}

interface Server {
  authType: string;
  reachability: { message: string | null };
  oauthStatus: { state: string; reason: string | null };
  tools: { nodes: { name: string; inputSchema: unknown }[] };
}

/** These give out tokens to the workspace itself; all others to a person. */
const isClientCredentials = (process.env["MCP_CONFORMANCE_SCENARIO"] ?? "").startsWith(
  "auth/client-credentials",
);

const maxRounds = 2;
/** Shorter than the suite's 30 s, whose end of a driver leaves its process behind. */
const deadlineMs = 27_000;
const toolTimeoutMs = 8_000;
const questionsEveryMs = 100;

const serverFields = `authType reachability { message } oauthStatus { state reason }
  tools(first: 100) { nodes { name inputSchema } }`;

/** What happens, for whoever reads why a scenario failed. */
function say(what: string, details?: object): void {
  const seconds = (performance.now() / 1_000).toFixed(1);
  console.log(`${seconds} s: ${what}${details ? ` ${JSON.stringify(details)}` : ""}`);
}

async function createServer(user: User, url: string, context: Context): Promise<string> {
  const { createMcpServer } = await user.query(
    `mutation ($input: CreateMcpServerInput!) {
      createMcpServer(input: $input) { id authType reachability { message } }
    }`,
    {
      input: {
        workspaceId: user.workspaceId,
        name: "Conformance",
        url,
        ...(context.client_id && {
          oauthClientId: context.client_id,
          oauthClientSecret: context.client_secret,
          oauthPrivateKey: context.private_key_pem,
          oauthSigningAlgorithm: context.signing_algorithm,
          oauthGrantType: isClientCredentials ? "CLIENT_CREDENTIALS" : "AUTHORIZATION_CODE",
          oauthIssuer: context.issuer,
        }),
      },
    },
  );
  say("server added", createMcpServer);
  // Without any metadata nobody can tell OAuth from a key in a header: the person says which it is.
  if (createMcpServer.authType === "HEADERS") {
    say("set to OAuth by hand");
    await user.query(
      `mutation ($id: ID!) { updateMcpServer(input: { id: $id, authType: OAUTH }) { id } }`,
      { id: createMcpServer.id },
    );
  }
  return createMcpServer.id;
}

async function readServer(user: User, id: string): Promise<Server> {
  const { mcpServer } = await user.query(
    `query ($id: ID!) { mcpServer(id: $id) { ${serverFields} } }`,
    { id },
  );
  return mcpServer;
}

/**
 * The scenario whose authorization server names an issuer with a path in the metadata at its root, as before RFC 8414 was required. An
 * admin who knows that trusts the issuer; in any other scenario nobody does.
 */
const scenarioToTrust = "auth/2025-03-26-oauth-metadata-backcompat";

/** True once the account is connected. */
async function consent(user: User, serverId: string): Promise<boolean> {
  const { startOAuth } = await user.query(
    `mutation ($id: ID!) { startOAuth(input: { serverId: $id }) {
      __typename
      ... on UserError { message }
      ... on OAuthDiscoveryFailed { flow { untrustedIssuer steps { kind outcome url httpStatus detail } } }
      ... on OAuthStarted { authorizationUrl flow { id } }
    } }`,
    { id: serverId },
  );
  say("consent started", startOAuth);
  if (startOAuth.__typename === "OAuthAlreadyConnected") return true;
  const issuer = startOAuth.flow?.untrustedIssuer;
  if (issuer && process.env["MCP_CONFORMANCE_SCENARIO"] === scenarioToTrust) {
    await user.query(
      "mutation ($input: TrustAuthorizationServerIssuerInput!) { trustAuthorizationServerIssuer(input: $input) { id } }",
      { input: { serverId, issuer } },
    );
    return consent(user, serverId);
  }
  if (startOAuth.__typename !== "OAuthStarted") return false;
  const page = await user.browse(startOAuth.authorizationUrl);
  const { oauthFlow } = await user.query(
    `query ($id: ID!) { oauthFlow(id: $id) {
      status error errorDetail steps { kind outcome url httpStatus detail }
    } }`,
    { id: startOAuth.flow.id },
  );
  say(`consent ended at ${page.origin}${page.pathname}`, oauthFlow);
  return oauthFlow.status === "SUCCEEDED";
}

/** Agrees to whatever the server asks, with nothing but the defaults, as often as it asks. */
async function agreeToAll(user: User, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const { node } = await user.query(
      `query ($id: ID!) { node(id: $id) { ... on Workspace { elicitations { nodes { id mode message } } } } }`,
      { id: user.workspaceId },
    );
    for (const { id, mode, message } of node.elicitations.nodes) {
      const { answerElicitation } = await user.query(
        `mutation ($input: AnswerElicitationInput!) { answerElicitation(input: $input) {
          __typename ... on InvalidElicitationAnswer { issues { path message } }
        } }`,
        { input: { id, action: "ACCEPT", ...(mode === "FORM" && { content: {} }) } },
      );
      say(`answered "${message}"`, answerElicitation);
    }
    await delay(questionsEveryMs, undefined, { signal }).catch(() => undefined);
  }
}

async function runTool(user: User, serverId: string, toolName: string, args: object) {
  const over = new AbortController();
  const agreeing = agreeToAll(user, over.signal);
  const { executeTool } = await user.query(
    `mutation ($input: ExecuteToolInput!) { executeTool(input: $input) {
      __typename
      ... on UserError { message }
      ... on ReauthRequired { reason }
      ... on InvalidToolArguments { issues { path message } }
      ... on ToolExecuted { execution { status errorMessage } }
    } }`,
    {
      input: {
        serverId,
        toolName,
        arguments: args,
        timeoutMs: toolTimeoutMs,
        confirmed: true,
      },
    },
  );
  over.abort();
  await agreeing;
  say(`ran ${toolName}`, executeTool);
  return executeTool as { __typename: string };
}

interface ToolCall {
  name: string;
  arguments: object;
}

/** What a person would enter, or was told to. */
function chooseCalls(tools: Server["tools"]["nodes"], context: Context): ToolCall[] {
  // Null is what a field was left empty for: it does not fit the schemas, and a form leaves it out.
  if (context.toolCalls) {
    return context.toolCalls.map(({ name, arguments: args }) => ({
      name,
      arguments: Object.fromEntries(Object.entries(args).filter(([, value]) => value !== null)),
    }));
  }
  const calls = tools.map(({ name, inputSchema }) => ({
    name,
    arguments: makeArguments(inputSchema),
  }));
  // The suite asks for the other tool's schema back, as it arrived.
  const studied = tools.find(({ name }) => name === "json_schema_2020_12_tool");
  return calls.map((call) =>
    studied && call.name === "json_schema_echo"
      ? { ...call, arguments: { schema: studied.inputSchema } }
      : call,
  );
}

type Round = "done" | "consent-needed" | "failed";

/** Lists the tools and runs them, until consent is needed. */
async function useTools(user: User, serverId: string, context: Context): Promise<Round> {
  const { refreshTools } = await user.query(
    `mutation ($id: ID!) { refreshTools(serverId: $id) { ${serverFields} } }`,
    { id: serverId },
  );
  const { authType, oauthStatus, reachability, tools } = refreshTools as Server;
  const names = tools.nodes.map(({ name }) => name);
  say("tools listed", { names, authType, oauthStatus, reachability });
  if (authType === "OAUTH" && oauthStatus.state !== "CONNECTED" && names.length === 0) {
    return "consent-needed";
  }
  for (const { name, arguments: args } of chooseCalls(tools.nodes, context)) {
    const { __typename: outcome } = await runTool(user, serverId, name, args);
    if (outcome === "ReauthRequired") return "consent-needed";
    if (outcome === "ServerUnreachable") return "failed";
  }
  // A connected account that is shown nothing was refused.
  const isShown = authType !== "OAUTH" || names.length > 0;
  return isShown && reachability.message === null ? "done" : "failed";
}

async function drive(gatehouseUrl: string, serverUrl: string, context: Context): Promise<boolean> {
  const user = await signUp(gatehouseUrl);
  const serverId = await createServer(user, serverUrl, context);
  for (let round = 1; round <= maxRounds; round += 1) {
    const { authType, oauthStatus } = await readServer(user, serverId);
    const isConnectable = authType === "OAUTH" || authType === "UNKNOWN";
    if (isConnectable && oauthStatus.state !== "CONNECTED") {
      if (!(await consent(user, serverId))) return false;
    }
    const outcome = await useTools(user, serverId, context);
    if (outcome === "consent-needed") continue;
    // A session that is kept for the next call would keep the suite from closing its server.
    await user.query(
      `mutation ($id: ID!) { updateMcpServer(input: { id: $id, enabled: false }) { id } }`,
      { id: serverId },
    );
    return outcome === "done";
  }
  return false;
}

setTimeout(() => {
  say("out of time");
  process.exit(1);
}, deadlineMs).unref();
const [serverUrl] = process.argv.slice(2);
const gatehouseUrl = process.env["GATEHOUSE_URL"];
if (!serverUrl || !gatehouseUrl) throw new Error("usage: GATEHOUSE_URL=... driver.ts SERVER_URL");
const context = JSON.parse(process.env["MCP_CONFORMANCE_CONTEXT"] ?? "{}") as Context;
const isDone = await drive(gatehouseUrl, serverUrl, context);
say(isDone ? "done" : "given up");
process.exitCode = isDone ? 0 : 1;

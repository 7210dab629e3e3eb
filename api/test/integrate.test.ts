/** The programs of docs/integrate.md, run as they stand there. */
import { execFile } from "node:child_process";
import { resolve } from "node:path";
import { promisify } from "node:util";
import { parse, validate } from "graphql";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { signWebhook } from "#crypto/webhook-signature.ts";
import { schema } from "#graphql/schema.ts";
import type { OAuthReason } from "#oauth/state.ts";
import { connect, type GraphQLAnswer, rowIdOf, type TestUser } from "./support/client.ts";
import {
  canRun,
  type Programs,
  readBlocks,
  readDocument,
  writePrograms,
} from "./support/document-programs.ts";
import { findFreePort } from "./support/free-port.ts";
import { startGatehouse, type TestGatehouse } from "./support/gatehouse.ts";
import { startNetwork } from "./support/network.ts";
import { RunningProgram } from "./support/running-program.ts";

const blocks = readBlocks(readDocument("docs/integrate.md"));
const lists = ["list.ts", "list.py", "list.sh"];
const subscribers = ["subscribe.ts", "subscribe.py", "subscribe.sh"];
const receivers = ["webhook.ts", "webhook.py"];
const tested = ["token.sh", ...lists, ...subscribers, ...receivers, "simulate.sh"];

const skipped = tested.filter((name) => !canRun(name));
if (skipped.length > 0)
  console.warn(`!! SKIPPED, for want of python3, bash or curl: ${skipped.join(", ")}.`);

let gatehouse: TestGatehouse;
let programs: Programs;
/** Each subscriber reaches Gatehouse by an address of its own, whose network can be cut. */
const ports = new Map<string, number>();
beforeAll(async () => {
  for (const name of subscribers) ports.set(name, await findFreePort());
  programs = writePrograms(blocks);
  gatehouse = await startGatehouse({
    env: {
      SANDBOX: "on",
      SANDBOX_PORT: String(await findFreePort()),
      ALLOWED_HOSTS: [...ports.values()].map((port) => `localhost:${port}`).join(","),
    },
  });
});
afterAll(async () => {
  await gatehouse?.[Symbol.asyncDispose]();
  programs?.[Symbol.dispose]();
});

const start = (name: string, env: Record<string, string>, args: string[] = []) =>
  new RunningProgram([...programs.commandOf(name), ...args], {
    GATEHOUSE_URL: gatehouse.url,
    ...env,
  });

async function run(name: string, env: Record<string, string>, args: string[] = []) {
  await using program = start(name, env, args);
  const exitCode = await program.ended;
  return { exitCode, lines: program.lines, errors: program.errors };
}

async function createToken(user: TestUser, scope = "READ") {
  const { createApiToken } = await user.query(
    "mutation ($input: CreateApiTokenInput!) { createApiToken(input: $input) { secret apiToken { id } } }",
    { input: { workspaceId: user.workspaceId, name: "program", scope } },
  );
  return { secret: createApiToken.secret as string, id: createApiToken.apiToken.id as string };
}

/** The sandbox's Acme Notes, connected. */
async function addNotes(user: TestUser): Promise<string> {
  const { addSandboxServers } = await user.query(
    "mutation ($id: ID!) { addSandboxServers(workspaceId: $id) { id name } }",
    { id: user.workspaceId },
  );
  const notes = addSandboxServers.find(({ name }: { name: string }) => name === "Acme Notes");
  await connect(user, notes.id);
  return notes.id;
}

const simulate = (user: TestUser, serverId: string, reason: OAuthReason) =>
  user.query(
    "mutation ($input: SimulateOAuthStateInput!) { simulateOAuthState(input: $input) { id } }",
    { input: { serverId, reason } },
  );

describe("docs/integrate.md", () => {
  it("names every program, and each is run here", () => {
    const runnable = blocks.filter(({ language }) => !["graphql", "json"].includes(language));
    expect(new Set(runnable.map(({ name }) => name))).toEqual(new Set(tested));
  });

  it("has GraphQL that the schema takes", () => {
    const documents = blocks.filter(({ language }) => language === "graphql");
    expect(documents.length).toBeGreaterThan(0);
    for (const { source } of documents) expect(validate(schema, parse(source))).toEqual([]);
  });

  it("has TypeScript without a type error", async () => {
    const sources = programs.names.filter((name) => name.endsWith(".ts"));
    const tsc = resolve(import.meta.dirname, "../node_modules/.bin/tsc");
    const options = "--noEmit --strict --target esnext --module nodenext --types node";
    const check = promisify(execFile)(tsc, [...options.split(" "), ...sources], {
      cwd: programs.folder,
    });
    await check.catch(({ stdout }: { stdout: string }) => expect(stdout).toBe(""));
  });
});

it.skipIf(!canRun("token.sh"))(
  "token.sh makes a token of the scope that is asked for",
  async () => {
    const user = await gatehouse.signUp();
    const env = {
      GATEHOUSE_EMAIL: user.email,
      GATEHOUSE_PASSWORD: "correct horse battery staple",
    };
    const { lines, errors } = await run("token.sh", env, ["EXECUTE"]);
    expect(errors).toBe("");
    const response = await fetch(`${gatehouse.url}/graphql`, {
      method: "POST",
      headers: { "content-type": "application/json", authorization: `Bearer ${lines[0]}` },
      body: JSON.stringify({ query: "{ viewer { user { email } apiToken { scope } } }" }),
    });
    expect(((await response.json()) as GraphQLAnswer).data.viewer).toEqual({
      user: { email: user.email },
      apiToken: { scope: "EXECUTE" },
    });
    expect(await run("token.sh", { ...env, GATEHOUSE_PASSWORD: "wrong" })).toMatchObject({
      exitCode: expect.not.toSatisfy((code) => code === 0),
      lines: [],
    });
  },
);

describe("a list of what needs consent", () => {
  let token: string;
  const expected = [
    "Acme Notes: REAUTH_REQUIRED GRANT_INVALID",
    ...Array.from({ length: 120 }, (_, index) => `Server ${index}: DISCONNECTED NOT_CONNECTED`),
  ];

  beforeAll(async () => {
    const user = await gatehouse.signUp();
    const notes = await addNotes(user);
    await simulate(user, notes, "GRANT_INVALID");
    // Acme Weather is connected, and so in no list.
    const { node } = await user.query(
      `query ($id: ID!) { node(id: $id) { ... on Workspace { mcpServers { nodes { id name } } } } }`,
      { id: user.workspaceId },
    );
    const weather = node.mcpServers.nodes.find(({ id }: { id: string }) => id !== notes);
    await connect(user, weather.id);
    // More than a page.
    await gatehouse.db.mcpServer.createMany({
      data: Array.from({ length: 120 }, (_, index) => ({
        workspaceId: rowIdOf(user.workspaceId),
        name: `Server ${index}`,
        url: "https://mcp.example.com/",
        authType: "OAUTH" as const,
      })),
    });
    token = (await createToken(user)).secret;
  });

  it.for(lists)("%s, page by page", async (name, { skip }) => {
    if (!canRun(name)) return skip();
    const { exitCode, lines, errors } = await run(name, { GATEHOUSE_TOKEN: token });
    expect({ exitCode, errors }).toEqual({ exitCode: 0, errors: "" });
    expect(name === "list.sh" ? readPages(lines) : lines).toEqual(expected);
  });

  it.for(lists)("A12 %s says that a token is not valid", async (name, { skip }) => {
    if (!canRun(name)) return skip();
    const { exitCode, lines, errors } = await run(name, { GATEHOUSE_TOKEN: `${token}x` });
    expect(exitCode).toBe(1);
    expect(lines).toEqual([]);
    expect(errors).toMatch(/The API token is not valid/);
  });
});

interface Server {
  name: string;
  oauthStatus: { state: string; reason: string | null };
}
const tell = ({ name, oauthStatus: { state, reason } }: Server) =>
  `${name}: ${state} ${reason ?? "-"}`;

/** What curl printed, as the other programs say it. */
function readPages(lines: readonly string[]): string[] {
  return lines.flatMap((line) => {
    const { data } = JSON.parse(line) as GraphQLAnswer;
    return data.viewer.workspaces.nodes[0].mcpServers.nodes.map(tell);
  });
}

function readChange(line: string): string {
  if (!line.startsWith("{")) return line;
  const { data } = JSON.parse(line) as GraphQLAnswer;
  if (data.viewer) return readPages([line]).join("\n");
  const { server, user, state, reason } = data.authStateChanged;
  return `${server.name} (${user?.name ?? "shared"}): ${state} ${reason ?? "-"}`;
}

describe.concurrent("a subscription that resumes", () => {
  it.for(subscribers)("A12 %s ends when its token is not valid", async (name, { skip }) => {
    if (!canRun(name)) return skip();
    const env = { GATEHOUSE_URL: gatehouse.url, GATEHOUSE_TOKEN: "gatehouse_unknown" };
    await using program = start(name, env);
    expect(await program.ended).toBe(1);
    expect(program.errors).toContain("Refused: UNAUTHENTICATED");
  });

  it.for(subscribers)(
    "%s gets every change once, over a broken network and a restored log",
    { timeout: 90_000 },
    async (name, { skip }) => {
      if (!canRun(name)) return skip();
      const user = await gatehouse.signUp();
      const notes = await addNotes(user);
      const workspaceId = rowIdOf(user.workspaceId);
      // One server, so that a snapshot is one line for everybody.
      await gatehouse.db.mcpServer.deleteMany({
        where: { workspaceId, id: { not: rowIdOf(notes) } },
      });
      const token = await createToken(user);
      await using network = await startNetwork(ports.get(name) ?? 0, gatehouse.url);
      await using program = start(name, {
        GATEHOUSE_URL: network.url,
        GATEHOUSE_TOKEN: token.secret,
      });
      const expected: string[] = [];
      const change = (state: string, reason: string | null) =>
        expected.push(`Acme Notes (${user.name}): ${state} ${reason ?? "-"}`);
      const arrives = async () => {
        const lines = await program.prints(expected.length);
        expect(lines.map(readChange)).toEqual(expected);
      };

      expected.push("Acme Notes: CONNECTED -");
      await arrives();
      await simulate(user, notes, "TOKEN_REJECTED");
      change("REAUTH_REQUIRED", "TOKEN_REJECTED");
      await arrives();

      network.cut();
      await simulate(user, notes, "GRANT_INVALID");
      change("REAUTH_REQUIRED", "GRANT_INVALID");
      await connect(user, notes);
      change("CONNECTED", null);
      network.mend();
      await arrives();
      await simulate(user, notes, "INSUFFICIENT_SCOPE");
      change("REAUTH_REQUIRED", "INSUFFICIENT_SCOPE");
      await arrives();

      // As a restored back-up does.
      network.cut();
      await gatehouse.db
        .$executeRaw`UPDATE "Workspace" SET "eventEpoch" = gen_random_uuid() WHERE "id" = ${workspaceId}::uuid`;
      network.mend();
      expected.push("Acme Notes: REAUTH_REQUIRED INSUFFICIENT_SCOPE");
      await arrives();
      await simulate(user, notes, "DISCONNECTED_BY_USER");
      change("DISCONNECTED", "DISCONNECTED_BY_USER");
      await arrives();

      await user.query("mutation ($id: ID!) { revokeApiToken(id: $id) { id } }", { id: token.id });
      expect(await program.ended).toBe(1);
      expect(program.errors).toMatch(/Refused: (UNAUTHENTICATED|4401)/);
    },
  );
});

describe("a webhook's receiver", () => {
  it.for(receivers)(
    "%s takes what is signed now, by either secret, and nothing else",
    async (name, { skip }) => {
      if (!canRun(name)) return skip();
      const user = await gatehouse.signUp();
      const notes = await addNotes(user);
      const port = await findFreePort();
      const url = `http://127.0.0.1:${port}/`;
      const { createWebhookEndpoint } = await user.query(
        `mutation ($input: CreateWebhookEndpointInput!) {
        createWebhookEndpoint(input: $input) { signingSecret endpoint { id } } }`,
        { input: { workspaceId: user.workspaceId, url, types: ["REAUTH_REQUIRED"] } },
      );
      const { signingSecret: old, endpoint } = createWebhookEndpoint;
      const listen = async (...secrets: string[]) => {
        const program = start(name, { PORT: String(port), WEBHOOK_SECRETS: secrets.join(" ") });
        await program.prints(1);
        return program;
      };
      const test = async () => {
        const { testWebhookEndpoint } = await user.query(
          "mutation ($id: ID!) { testWebhookEndpoint(id: $id) { state httpStatus } }",
          { id: endpoint.id },
        );
        return testWebhookEndpoint.httpStatus;
      };

      await using first = await listen(old);
      await simulate(user, notes, "GRANT_INVALID");
      const lines = await first.prints(2);
      const event = await gatehouse.db.workspaceEvent.findFirstOrThrow({
        where: { workspaceId: rowIdOf(user.workspaceId), type: "REAUTH_REQUIRED" },
      });
      expect(lines).toEqual(["listening", `REAUTH_REQUIRED GRANT_INVALID ${event.id}`]);

      const body = '{"type":"TEST","data":{}}';
      const nowS = Math.floor(Date.now() / 1_000);
      const post = async (secret: string, timestampS: number, sent = body) => {
        const message = { id: "forged", timestampS, body };
        const response = await fetch(url, {
          method: "POST",
          headers: {
            "webhook-id": message.id,
            "webhook-timestamp": String(timestampS),
            "webhook-signature": signWebhook([secret], message),
          },
          body: sent,
        });
        return response.status;
      };
      expect(await post(old, nowS)).toBe(204);
      expect(await post(old, nowS, body.replace("TEST", "TESS")), "another body").toBe(401);
      expect(await post(old, nowS - 600), "too old").toBe(401);
      expect(await post(old, nowS + 600), "of the future").toBe(401);
      expect(await post("whsec_AAAA", nowS), "another secret").toBe(401);
      expect((await fetch(url, { method: "POST", body })).status, "unsigned").toBe(401);

      // Both secrets sign for a day: whoever knows one of them can tell.
      const { rotateWebhookSecret } = await user.query(
        "mutation ($id: ID!) { rotateWebhookSecret(id: $id) { signingSecret } }",
        { id: endpoint.id },
      );
      const refreshed = rotateWebhookSecret.signingSecret;
      expect(await test()).toBe(204);
      await first[Symbol.asyncDispose]();
      await using second = await listen(refreshed);
      expect(await test()).toBe(204);
      await second[Symbol.asyncDispose]();
      await using third = await listen("whsec_AAAA", old);
      expect(await test()).toBe(204);
      await third[Symbol.asyncDispose]();
      await using fourth = await listen("whsec_AAAA");
      expect(await test()).toBe(401);
      expect(fourth.lines).toEqual(["listening"]);
    },
  );
});

it.skipIf(!canRun("simulate.sh"))(
  "simulate.sh puts a sandbox account into any reason",
  async () => {
    const user = await gatehouse.signUp();
    await addNotes(user);
    const { secret } = await createToken(user, "MANAGE");
    const answer = await run("simulate.sh", { GATEHOUSE_TOKEN: secret }, ["CLIENT_INVALID"]);
    expect(answer.errors).toBe("");
    expect(JSON.parse(answer.lines.join(""))).toEqual({
      data: {
        simulateOAuthState: {
          name: "Acme Notes",
          oauthStatus: { state: "REAUTH_REQUIRED", reason: "CLIENT_INVALID" },
        },
      },
    });
  },
);

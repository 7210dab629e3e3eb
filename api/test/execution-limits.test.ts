import { afterAll, beforeAll, expect, it } from "vitest";
import { createServer, rowIdOf, type TestUser } from "./support/client.ts";
import { execute, readExecution, startHolding } from "./support/executions.ts";
import { loadConfig } from "#config/config.ts";
import { createExecutionLimits } from "#services/tool/execution-limits.ts";
import { startGatehouse, type TestGatehouse } from "./support/gatehouse.ts";

/** The machine may be busy. */
const soon = { timeout: 20_000 };

let gatehouse: TestGatehouse;
let ada: TestUser;

beforeAll(async () => {
  gatehouse = await startGatehouse({
    env: {
      MAX_TOOL_CALLS_PER_WORKSPACE: "12",
      MAX_TOOL_CALLS_PER_SERVER: "9",
      MAX_TOOL_CALLS_PER_USER: "6",
    },
  });
  ada = await gatehouse.signUp("Ada");
});
afterAll(() => gatehouse[Symbol.asyncDispose]());

it("S14 S15 a slow server leaves its user's other servers their share, and the error states the limit", async () => {
  await using slow = await startHolding();
  await using quick = await startHolding();
  const slowId = await createServer(ada, slow.url);
  const quickId = await createServer(ada, quick.url);
  for (let i = 0; i < 3; i += 1)
    await execute(ada, { serverId: slowId, toolName: "hold", wait: false });
  const refused = await execute(ada, { serverId: slowId, toolName: "hold" });
  expect(refused.errors?.[0]?.extensions).toMatchObject({
    code: "RATE_LIMITED",
    retryAfterMs: 1_000,
    scope: "USER_AT_SERVER",
    limit: 3,
    unit: "CALLS_AT_ONCE",
  });
  const other = execute(ada, { serverId: quickId, toolName: "hold" });
  (await quick.waitForCall(1)).answer();
  expect((await other).data.executeTool.execution.status).toBe("SUCCEEDED");

  // What has ended does not count, and the refused call left nothing behind.
  (await slow.waitForCall(1)).answer();
  const again = async () =>
    (await execute(ada, { serverId: slowId, toolName: "hold", wait: false })).data;
  await expect.poll(again, soon).not.toBeNull();
  expect(
    await gatehouse.db.toolExecution.count({ where: { workspaceId: rowIdOf(ada.workspaceId) } }),
  ).toBe(5);
});

it("S15 one program can start 500 calls per second for as long as it likes, with the limits of an installation", () => {
  let nowMs = 0;
  const answer = loadConfig({}, { isRoot: false, checkoutDir: "/nowhere" });
  if (!answer.ok) throw new Error(answer.faults.join(" "));
  const limits = createExecutionLimits({
    ...answer.config.toolCallLimits,
    monotonicMs: () => nowMs,
  });
  // Ten minutes of calls that take a fifth of a second each.
  const running: (() => void)[] = [];
  for (let call = 0; call < 500 * 600; call += 1) {
    nowMs += 2;
    if (running.length === 100) running.shift()?.();
    running.push(limits.take({ workspaceId: "w", serverId: "s", userId: "u" }));
  }
  expect(running).toHaveLength(100);
});

it("a refused call leaves its idempotency key free", async () => {
  const eve = await gatehouse.signUp("Eve");
  await using server = await startHolding();
  const serverId = await createServer(eve, server.url);
  for (let i = 0; i < 3; i += 1) await execute(eve, { serverId, toolName: "hold", wait: false });
  const input = { serverId, toolName: "hold", idempotencyKey: "k", wait: false };
  expect((await execute(eve, input)).errors?.[0]?.extensions["code"]).toBe("RATE_LIMITED");
  (await server.waitForCall(1)).answer();
  await expect
    .poll(async () => (await execute(eve, input)).data?.executeTool.execution.status, soon)
    .toBe("RUNNING");
});

it("arguments that are too large or too deep are told as such", async () => {
  const bob = await gatehouse.signUp();
  await using server = await startHolding();
  const serverId = await createServer(bob, server.url);
  // Five characters each that are twenty-two once they are written.
  const large = `[${Array.from({ length: 60_000 }, () => "1e20").join(",")}]`;
  const deep = "[".repeat(150) + "]".repeat(150);
  for (const a of [large, deep]) {
    const response = await fetch(`${gatehouse.url}/graphql`, {
      method: "POST",
      headers: { "content-type": "application/json", cookie: bob.cookie },
      body: `{"query":"mutation ($input: ExecuteToolInput!) { executeTool(input: $input) { ... on InvalidToolArguments { issues { path message } } } }","variables":{"input":{"serverId":"${serverId}","toolName":"hold","arguments":{"a":${a}}}}}`,
    });
    const { data } = (await response.json()) as { data: { executeTool: object } };
    expect(data.executeTool).toEqual({
      issues: [{ path: "", message: expect.stringMatching(/^must not be (larger|nested deeper)/) }],
    });
  }
  expect(server.calls).toHaveLength(0);
});

it("what the workspace forbids is denied, what it asks about runs once somebody has agreed, for API tokens alike", async () => {
  const bob = await gatehouse.signUp();
  await using server = await startHolding();
  const serverId = await createServer(bob, server.url);
  const { createApiToken } = await bob.query(
    "mutation ($input: CreateApiTokenInput!) { createApiToken(input: $input) { secret } }",
    { input: { workspaceId: bob.workspaceId, name: "t", scope: "EXECUTE" } },
  );
  const token: TestUser = {
    ...bob,
    async graphql(query, variables = {}) {
      const response = await fetch(`${gatehouse.url}/graphql`, {
        method: "POST",
        headers: {
          "content-type": "application/json",
          authorization: `Bearer ${createApiToken.secret}`,
        },
        body: JSON.stringify({ query, variables }),
      });
      return (await response.json()) as never;
    },
  };
  const decide = (kind: string) =>
    bob.query("mutation ($input: SetToolPolicyInput!) { setToolPolicy(input: $input) { id } }", {
      input: { serverId, toolName: "hold", kind },
    });
  const answerOf = async (user: TestUser, confirmed: boolean) => {
    const { data } = await execute(user, { serverId, toolName: "hold", wait: false, confirmed });
    return data.executeTool.__typename;
  };
  await decide("DENY");
  for (const user of [bob, token])
    expect([await answerOf(user, false), await answerOf(user, true)]).toEqual([
      "ToolDenied",
      "ToolDenied",
    ]);
  await decide("ASK");
  expect(await answerOf(bob, false)).toBe("ToolConfirmationRequired");
  expect(await answerOf(token, false)).toBe("ToolConfirmationRequired");
  expect(server.calls).toHaveLength(0);
  expect(await answerOf(token, true)).toBe("ToolExecuted");
  await server.waitForCall(1);
});

it("stopping lets what runs end within its grace; the rest is told, INTERRUPTED, and its server is told", async () => {
  const bob = await gatehouse.signUp();
  await using server = await startHolding();
  const serverId = await createServer(bob, server.url);
  const process = await gatehouse.addProcess();
  const start = async (input: object = {}) =>
    (await execute(bob.at(process), { serverId, toolName: "hold", wait: false, ...input })).data
      .executeTool.execution.id;
  const ending = await start();
  const held = await server.waitForCall(1);
  const going = await start();
  await server.waitForCall(2);
  const stopped = gatehouse.stopProcess(process);
  held.answer();
  await stopped;
  // All of it is written by then.
  expect(await readExecution(bob, ending)).toMatchObject({ status: "SUCCEEDED" });
  expect(await readExecution(bob, going)).toMatchObject({
    status: "INTERRUPTED",
    errorMessage: "Gatehouse stopped before the server answered. The tool may have run.",
  });
});

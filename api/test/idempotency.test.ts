import { expect } from "vitest";
import { startModernOnly } from "./counterparties/modern.ts";
import { connect, createServer, rowIdOf, type TestUser } from "./support/client.ts";
import { disposable } from "./support/disposable.ts";
import { cancelExecution, execute, startHolding } from "./support/executions.ts";
import type { TestGatehouse } from "./support/gatehouse.ts";
import { it } from "./support/shared-gatehouse.ts";

/** The machine may be busy. */
const soon = { timeout: 20_000 };

let gatehouse: TestGatehouse;
/** Another process of the same Gatehouse. */
let there: string;
let ada: TestUser;

it.beforeAll(async ({ gatehouse: part, ada: user }) => {
  [gatehouse, ada] = [part, user];
  there = await gatehouse.addProcess();
});

/** A token of Ada's, used as her. */
async function createToken(): Promise<TestUser> {
  const { createApiToken } = await ada.query(
    "mutation ($input: CreateApiTokenInput!) { createApiToken(input: $input) { secret } }",
    { input: { workspaceId: ada.workspaceId, name: "t", scope: "EXECUTE" } },
  );
  return {
    ...ada,
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
}

let keys = 0;
const newKey = () => `key ${(keys += 1)}`;

it("S6 the same key runs a tool once, also at the same moment and on two processes, and answers the first run to all", async () => {
  await using server = disposable(await startModernOnly());
  const serverId = await createServer(ada, server.url);
  for (let round = 1; round <= 5; round += 1) {
    const input = { serverId, toolName: "count", arguments: {}, idempotencyKey: newKey() };
    const answers = await Promise.all(
      [ada, ada.at(there), ada, ada.at(there)].map((user) => execute(user, input)),
    );
    const [first] = answers;
    expect(first?.data.executeTool).toMatchObject({
      execution: { status: "SUCCEEDED", content: [{ text: String(round) }] },
    });
    for (const answer of answers) expect(answer).toEqual(first);
    // Whatever becomes of the server.
    const later = await execute(ada.at(there), { ...input, wait: false });
    expect(later).toEqual(first);
    expect(server.runs()).toBe(round);
  }
});

it("whoever comes second waits for the first one's end, or with wait: false does not", async () => {
  await using server = await startHolding();
  const serverId = await createServer(ada, server.url);
  const input = { serverId, toolName: "hold", idempotencyKey: newKey() };
  const started = await execute(ada, { ...input, wait: false });
  const held = await server.waitForCall(1);
  expect(await execute(ada.at(there), { ...input, wait: false })).toEqual(started);
  const waiting = [execute(ada, input), execute(ada.at(there), input)];
  held.answer("said");
  for (const { data } of await Promise.all(waiting))
    expect(data.executeTool.execution).toMatchObject({
      id: started.data.executeTool.execution.id,
      status: "SUCCEEDED",
      content: [{ text: "said" }],
    });
  expect(server.calls).toHaveLength(1);
});

it("one that timed out is answered as it was", async () => {
  await using server = await startHolding();
  const serverId = await createServer(ada, server.url);
  const input = { serverId, toolName: "hold", idempotencyKey: newKey(), timeoutMs: 1_000 };
  const first = await execute(ada, input);
  expect(first.data.executeTool.__typename).toBe("ToolTimedOut");
  expect(await execute(ada, input)).toEqual(first);
  expect(server.calls).toHaveLength(1);
});

it("something else under the key is a CONFLICT, and a key of the wrong length is refused", async () => {
  await using server = await startHolding();
  const serverId = await createServer(ada, server.url);
  const other = await createServer(ada, server.url, { name: "Other" });
  const idempotencyKey = newKey();
  const input = { serverId, toolName: "hold", arguments: { a: 1, b: 2 }, idempotencyKey };
  await execute(ada, { ...input, wait: false });
  const codeOf = async (change: object) => {
    const { data, errors } = await execute(ada.at(there), { ...input, wait: false, ...change });
    return errors?.[0]?.extensions["code"] ?? data.executeTool.execution.status;
  };
  expect(await codeOf({ arguments: { b: 2, a: 1 } })).toBe("RUNNING");
  expect(await codeOf({ arguments: { a: 1 } })).toBe("CONFLICT");
  expect(await codeOf({ toolName: "other" })).toBe("CONFLICT");
  expect(await codeOf({ serverId: other })).toBe("CONFLICT");
  expect(await codeOf({ idempotencyKey: "" })).toBe("BAD_USER_INPUT");
  expect(await codeOf({ idempotencyKey: "k".repeat(256) })).toBe("BAD_USER_INPUT");
  expect(server.calls).toHaveLength(1);
});

it("a key belongs to its caller: another person, and another API token, have their own", async () => {
  await using server = disposable(await startModernOnly());
  const serverId = await createServer(ada, server.url);
  const bob = await gatehouse.signUp();
  const { viewer } = await bob.query("{ viewer { user { id } } }");
  await gatehouse.db.membership.create({
    data: {
      workspaceId: rowIdOf(ada.workspaceId),
      userId: rowIdOf(viewer.user.id),
      role: "MEMBER",
    },
  });
  const input = { serverId, toolName: "count", idempotencyKey: newKey() };
  const callers = [ada, bob, await createToken(), await createToken()];
  for (const caller of [...callers, ...callers]) await execute(caller, input);
  expect(server.runs()).toBe(callers.length);
});

it("a call that was never sent leaves the key free", async () => {
  const notes = await createServer(ada, gatehouse.sandbox.notesUrl);
  const idempotencyKey = newKey();
  const run = async (input: object = {}) => {
    const answer = await execute(ada, {
      serverId: notes,
      toolName: "add_note",
      arguments: { title: "t", body: "b" },
      idempotencyKey,
      ...input,
    });
    return answer.data.executeTool;
  };
  expect(await run()).toMatchObject({ __typename: "ReauthRequired" });
  await connect(ada, notes);
  expect(await run({ arguments: {} })).toMatchObject({ __typename: "InvalidToolArguments" });
  expect(await run({ toolName: "no_tool" })).toMatchObject({ __typename: "ToolNotFound" });
  expect(await run({ toolName: "delete_note", arguments: { id: "1" } })).toMatchObject({
    __typename: "ToolConfirmationRequired",
  });
  // Refused by the server itself: it did not run either.
  await gatehouse.sandbox.endGrants("Ada");
  gatehouse.sandbox.expireAccessTokens();
  expect(await run()).toMatchObject({ __typename: "ReauthRequired", reason: "GRANT_INVALID" });
  await connect(ada, notes);
  expect(await run()).toMatchObject({ execution: { status: "SUCCEEDED" } });
  expect(await gatehouse.db.idempotencyKey.count({ where: {} })).toBeGreaterThan(0);
});

it("so does one whose server cannot be reached, also for who waits for it", async () => {
  const server = await startHolding();
  const serverId = await createServer(ada, server.url);
  await execute(ada, { serverId, toolName: "hold", wait: false });
  (await server.waitForCall(1)).answer();
  await server.close();
  const input = { serverId, toolName: "hold", idempotencyKey: newKey() };
  const answers = await Promise.all([execute(ada, input), execute(ada.at(there), input)]);
  for (const { data } of answers)
    expect(data.executeTool).toMatchObject({ __typename: "ServerUnreachable", retryable: true });
  expect(
    await gatehouse.db.toolExecution.count({
      where: { serverId: rowIdOf(serverId), status: "FAILED" },
    }),
  ).toBe(2);
});

it("one that was sent does not, whatever became of it", async () => {
  await using server = await startHolding();
  const serverId = await createServer(ada, server.url);
  const input = { serverId, toolName: "hold", idempotencyKey: newKey() };
  const { data } = await execute(ada, { ...input, wait: false });
  await server.waitForCall(1);
  await cancelExecution(ada, data.executeTool.execution.id);
  const again = async () => (await execute(ada.at(there), input)).data.executeTool.execution;
  await expect.poll(again, soon).toMatchObject({
    id: data.executeTool.execution.id,
    status: "CANCELLED",
  });
  expect(server.calls).toHaveLength(1);
});

it("a key lasts a day, by the database's clock", async () => {
  await using server = disposable(await startModernOnly());
  const serverId = await createServer(ada, server.url);
  const input = { serverId, toolName: "count", idempotencyKey: newKey() };
  const { data } = await execute(ada, input);
  const executionId = rowIdOf(data.executeTool.execution.id);
  const ofRun = { where: { executionId } };
  const key = await gatehouse.db.idempotencyKey.findFirstOrThrow(ofRun);
  const hours = (key.expiresAt.getTime() - Date.now()) / 3_600_000;
  expect(hours).toBeGreaterThan(23.9);
  expect(hours).toBeLessThan(24.1);
  await gatehouse.db.idempotencyKey.updateMany({ ...ofRun, data: { expiresAt: new Date() } });
  const answers = await Promise.all([execute(ada, input), execute(ada.at(there), input)]);
  expect(answers[0]?.data.executeTool.execution.id).not.toBe(data.executeTool.execution.id);
  expect(answers[0]).toEqual(answers[1]);
  expect(server.runs()).toBe(2);
});

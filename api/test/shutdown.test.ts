/** E15: a process that is asked to stop answers what it has begun, and only then ends its connections. */
import { request } from "node:http";
import { text } from "node:stream/consumers";
import { describe, expect } from "vitest";
import { consent } from "#sandbox/testing/driver.ts";
import { createServer, startOAuth, type TestUser } from "./support/client.ts";
import { execute, readExecution, startHolding } from "./support/executions.ts";
import { follow } from "./support/follower.ts";
import type { TestGatehouse } from "./support/gatehouse.ts";
import { it } from "./support/shared-gatehouse.ts";

let gatehouse: TestGatehouse;
let ada: TestUser;

it.beforeAll(({ gatehouse: part, ada: user }) => {
  [gatehouse, ada] = [part, user];
});

const interrupted = {
  status: "INTERRUPTED",
  errorMessage: "Gatehouse stopped before the server answered. The tool may have run.",
};
const hold = (serverId: string, wait: boolean) => ({ serverId, toolName: "hold", wait });

describe("E15 a tool call", () => {
  it("that ends within the grace period is answered as ever", async () => {
    await using server = await startHolding();
    const serverId = await createServer(ada, server.url);
    const process = await gatehouse.addProcess();
    const answer = execute(ada.at(process), hold(serverId, true));
    const held = await server.waitForCall(1);
    const stopped = gatehouse.stopProcess(process);
    held.answer("in time");
    expect((await answer).data.executeTool.execution).toMatchObject({
      status: "SUCCEEDED",
      content: [{ text: "in time" }],
    });
    await stopped;
  });

  it("that does not end is answered as INTERRUPTED, over HTTP", async () => {
    await using server = await startHolding();
    const serverId = await createServer(ada, server.url);
    const process = await gatehouse.addProcess();
    const answer = execute(ada.at(process), hold(serverId, true));
    await server.waitForCall(1);
    await gatehouse.stopProcess(process);
    const { execution } = (await answer).data.executeTool;
    expect(execution).toMatchObject(interrupted);
    expect(await readExecution(ada, execution.id)).toMatchObject(interrupted);
  });

  it("that does not end is answered as INTERRUPTED, over WebSocket", async () => {
    await using server = await startHolding();
    const serverId = await createServer(ada, server.url);
    const process = await gatehouse.addProcess();
    await using operation = ada.at(process).subscribe(
      `mutation ($input: ExecuteToolInput!) { executeTool(input: $input) {
        ... on ToolExecuted { execution { id status errorMessage } } } }`,
      { input: hold(serverId, true) },
    );
    const answer = operation.next();
    await server.waitForCall(1);
    await gatehouse.stopProcess(process);
    expect((await answer).value.data.executeTool.execution).toMatchObject(interrupted);
  });

  it("that nobody waits for is recorded as INTERRUPTED, and its subscribers learn it elsewhere", async () => {
    await using server = await startHolding();
    const serverId = await createServer(ada, server.url);
    const process = await gatehouse.addProcess();
    const { data } = await execute(ada.at(process), hold(serverId, false));
    const { id } = data.executeTool.execution;
    await server.waitForCall(1);
    const controller = new AbortController();
    const subscription = (url: string) =>
      follow("WebSocket", {
        url,
        credential: { cookie: ada.cookie, origin: gatehouse.url },
        query: "subscription ($id: ID!) { toolExecutionUpdated(id: $id) { status } }",
        variables: { id },
        signal: controller.signal,
      });
    const here = subscription(process);
    expect((await here.next()).value?.data.toolExecutionUpdated.status).toBe("RUNNING");
    const rest = (async () => {
      const seen: string[] = [];
      try {
        for await (const { data: next } of here) seen.push(next.toolExecutionUpdated.status);
      } catch (error) {
        return { seen, code: (error as { code?: number }).code };
      }
      return { seen, code: null };
    })();
    await gatehouse.stopProcess(process);
    const { seen, code } = await rest;
    // It may have come before the end of the connection, which is 1012 unless the execution ended the subscription.
    expect(seen.includes("INTERRUPTED") || code === 1012).toBe(true);
    const elsewhere = subscription(gatehouse.url);
    expect((await elsewhere.next()).value?.data.toolExecutionUpdated.status).toBe("INTERRUPTED");
    controller.abort();
    expect(await readExecution(ada, id)).toMatchObject(interrupted);
  });
});

it("E15 new work is refused on connections that are still open, and the process is not ready", async () => {
  await using server = await startHolding();
  const serverId = await createServer(ada, server.url);
  const process = await gatehouse.addProcess();
  // Its body is sent once the process is stopping: the connection is one that a request is under way on.
  const slow = request(`${process}/graphql`, {
    method: "POST",
    headers: { cookie: ada.cookie, "content-type": "application/json", "content-length": "24" },
  });
  const refused = new Promise<{ status: number; body: string }>((resolve) => {
    slow.once("response", (incoming) => {
      void text(incoming).then((body) => resolve({ status: incoming.statusCode ?? 0, body }));
    });
  });
  expect((await fetch(`${process}/readyz`)).status).toBe(200);
  const running = execute(ada.at(process), hold(serverId, true));
  const held = await server.waitForCall(1);
  await using socket = ada
    .at(process)
    .subscribe("subscription ($id: ID!) { workspaceEvents(workspaceId: $id) { id } }", {
      id: ada.workspaceId,
    });
  void socket.next().catch(() => undefined);
  const stopped = gatehouse.stopProcess(process);
  slow.end('{"query":"{__typename}"}');
  const { status, body } = await refused;
  expect(status).toBe(503);
  expect(JSON.parse(body).errors[0].extensions).toMatchObject({
    code: "SERVICE_UNAVAILABLE",
    retryAfterMs: 1_000,
  });
  await expect(fetch(`${process}/readyz`)).rejects.toThrow();
  held.answer();
  expect((await running).data.executeTool.execution.status).toBe("SUCCEEDED");
  await stopped;
});

it("E15 a callback that is being exchanged is finished", async () => {
  const serverId = await createServer(ada, gatehouse.sandbox.notesUrl);
  const process = await gatehouse.addProcess();
  const { flow, authorizationUrl } = await startOAuth(ada, serverId);
  const { callbackUrl } = await consent({ authorizationUrl, login: "ada", decision: "allow" });
  gatehouse.sandbox.faults.set("exchange-answer-held", { times: 1 });
  const { pathname, search } = new URL(callbackUrl);
  const answer = ada.open(process + pathname + search);
  await gatehouse.sandbox.faults.reached("exchange-answer-held");
  const stopped = gatehouse.stopProcess(process);
  gatehouse.sandbox.faults.clear("exchange-answer-held");
  expect((await answer).headers.get("location")).toContain("/oauth/done?flow=");
  await stopped;
  const { oauthFlow } = await ada.query("query ($id: ID!) { oauthFlow(id: $id) { status } }", {
    id: flow.id,
  });
  expect(oauthFlow.status).toBe("SUCCEEDED");
});

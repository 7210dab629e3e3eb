import { afterAll, describe, expect } from "vitest";
import { type Era, faults, startFaulty } from "./counterparties/faulty.ts";
import { startLegacy } from "./counterparties/legacy.ts";
import { disposable } from "./support/disposable.ts";
import { createServer, executeTool, type TestUser } from "./support/client.ts";
import { it } from "./support/shared-gatehouse.ts";

let ada: TestUser;
/** A server of another's making, which nothing is wrong with. */
let neighbour: string;
const resources = new AsyncDisposableStack();

it.beforeAll(async ({ ada: user }) => {
  ada = user;
  const server = resources.use(
    disposable(await startFaulty("modern", faults["hangs before headers"])),
  );
  neighbour = await createServer(ada, server.url, { name: "Neighbour" });
  await add(neighbour);
});
afterAll(() => resources.disposeAsync());

const succeeded = { __typename: "ToolExecuted", execution: { status: "SUCCEEDED" } };
const timedOut = { __typename: "ToolTimedOut", execution: { status: "TIMED_OUT" } };
const unreachable = { __typename: "ServerUnreachable", retryable: false };

async function add(id: string): Promise<void> {
  expect(await executeTool(ada, id, "add", { a: 40, b: 2 })).toMatchObject(succeeded);
}

const answers: Record<keyof typeof faults, object> = {
  "hangs before headers": timedOut,
  "hangs in the middle of a JSON answer": timedOut,
  "hangs in mid-stream": timedOut,
  "drips a JSON answer": timedOut,
  "drips comments into its stream": timedOut,
  "sends 100 MB of JSON": unreachable,
  "sends 100 MB in one event": unreachable,
  "sends 100 MB in many events": unreachable,
  "sends something other than JSON": unreachable,
  "sends JSON that is no message": unreachable,
  "sends a message without a result": unreachable,
  "sends an event that is no message": unreachable,
  "answers someone else's id": unreachable,
  "answers someone else's id in its stream": unreachable,
  "closes without an answer": unreachable,
  "closes in the middle of its result": unreachable,
  "closes in the middle of its stream": unreachable,
  "ends its stream without an answer": unreachable,
  "nests its result too deeply": succeeded,
};
const names = Object.keys(faults) as (keyof typeof faults)[];

/** What Gatehouse takes of a response, and what a connection holds on the way. */
const mostBytes = 32 * 1024 * 1024;

describe.each<Era>(["legacy", "modern"])("a %s server that", (era) => {
  it.each(names)("S5 S6 S10 %s", async (name) => {
    await using server = disposable(await startFaulty(era, faults[name]));
    const id = await createServer(ada, server.url, { name });
    await add(id);

    const isHanging = answers[name] === timedOut;
    // Those that hang are given up in a second; the others are known long before.
    const timeoutMs = isHanging ? 1_000 : 30_000;
    expect(await executeTool(ada, id, "fault", {}, { timeoutMs })).toMatchObject(answers[name]);

    expect(await server.released).toBeLessThan(mostBytes);
    await add(id);
    expect(server.runs).toEqual({ fault: 1, add: 2 });
  });
});

describe.each<Era>(["legacy", "modern"])("while a %s server hangs", (era) => {
  it.each([
    "hangs before headers",
    "hangs in mid-stream",
    "drips comments into its stream",
  ] as const)(
    "S5 S7 %s: others are not held up, and the server is told in the end",
    async (name) => {
      await using server = disposable(await startFaulty(era, faults[name]));
      const id = await createServer(ada, server.url, { name });
      await add(id);
      let isAnswered = false;
      const { execution } = await executeTool(ada, id, "fault", {}, { wait: false });
      await using updates = ada.subscribe(
        "subscription ($id: ID!) { toolExecutionUpdated(id: $id) { status } }",
        { id: execution.id },
      );
      const ended = (async () => {
        let last = "";
        for await (const { data } of updates) last = data.toolExecutionUpdated.status;
        isAnswered = true;
        return last;
      })();
      await server.entered;

      await add(neighbour);
      await add(id);
      expect(isAnswered).toBe(false);

      await ada.query("mutation ($id: ID!) { cancelToolExecution(id: $id) { status } }", {
        id: execution.id,
      });
      expect(await ended).toBe("CANCELLED");
      await server.released;
      expect(server.cancelled).toHaveLength(era === "legacy" ? 1 : 0);
      expect(server.runs).toEqual({ fault: 1, add: 2 });
    },
  );
});

describe("a server that restarts", () => {
  it("S6 with its sessions gone: the next call runs once, in a new session", async () => {
    await using server = disposable(await startLegacy());
    const id = await createServer(ada, server.url);
    await add(id);
    server.forgetSessions();
    await add(id);
    expect(server.openSessions()).toBe(1);
  });

  it("S6 in the middle of a call: it is not run again, and the next one is", async () => {
    const first = disposable(await startFaulty("legacy", faults["hangs before headers"]));
    const id = await createServer(ada, first.url);
    await add(id);
    const call = executeTool(ada, id, "fault");
    await first.entered;
    await first.close();
    expect(await call).toMatchObject(unreachable);
    expect(first.runs.fault).toBe(1);

    expect(await executeTool(ada, id, "add")).toMatchObject({
      __typename: "ServerUnreachable",
      retryable: true,
    });

    const { port } = new URL(first.url);
    await using second = disposable(
      await startFaulty("legacy", faults["hangs before headers"], Number(port)),
    );
    await add(id);
    expect(second.runs).toEqual({ fault: 0, add: 1 });
  });
});

import { startSandbox } from "#sandbox/sandbox.ts";
import { test } from "vitest";
import { startGatehouse, type TestGatehouse } from "./gatehouse.ts";

/**
 * A test of a Gatehouse without options of its own: one process and one database serve all files of a worker, one after the other.
 * `gatehouse` is a file's part of it, and `ada` is a new user of the file, with a workspace of her own.
 */
export const it = test
  // Vitest reads from the pattern which fixtures this one needs.
  // oxlint-disable-next-line no-empty-pattern
  .extend("running", { scope: "worker" }, async ({}, { onCleanup }) => {
    const running = await startGatehouse();
    onCleanup(() => running[Symbol.asyncDispose]());
    return running;
  })
  .extend("gatehouse", { scope: "file" }, async ({ running }, { onCleanup }) => {
    const gatehouse = await openPart(running);
    onCleanup(() => gatehouse[Symbol.asyncDispose]());
    return gatehouse;
  })
  .extend("ada", { scope: "file" }, async ({ gatehouse }) => gatehouse.signUp("Ada"));

/** With a sandbox, a log and further processes of its own: a test finds nothing in them that another file caused. */
async function openPart(running: TestGatehouse): Promise<TestGatehouse> {
  const resources = new AsyncDisposableStack();
  const sandbox = resources.use(await startSandbox({ port: 0 }));
  running.log.length = 0;
  return {
    ...running,
    sandbox,
    async addProcess(...options) {
      const address = await running.addProcess(...options);
      resources.defer(() => running.stopProcess(address));
      return address;
    },
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
}

import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { expect, it } from "vitest";

const program = `
  import { watchForShutdown } from "${import.meta.dirname}/shutdown-signal.ts";
  const request = watchForShutdown((fault) => console.error(fault));
  process.once("unhandledRejection", () =>
    setImmediate(() => console.log(request.signal.aborted ? "stopped" : "continues", request.exitCode)));
  Promise.reject(new Error("nobody waits for this"));
  setTimeout(() => {}, 10);
`;

it("A2 a rejection that nobody handles is reported, and does not end everybody's requests", async () => {
  const { stdout, stderr } = await promisify(execFile)(process.execPath, [
    "--input-type=module",
    "--eval",
    program,
  ]);
  expect(stdout.trim()).toBe("continues 0");
  expect(stderr).toContain("nobody waits for this");
});

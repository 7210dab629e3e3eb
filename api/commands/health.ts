/** The health check of the container: asks the process beside it, under the name that it goes by. Exit code 0: it lives. */
import { get } from "node:http";
import { loadOwnConfig } from "#config/config.ts";

const answer = loadOwnConfig();
if (answer.ok) {
  const { port, publicUrl } = answer.config;
  const headers = { host: new URL(publicUrl).host };
  const request = get({ host: "127.0.0.1", port, path: "/healthz", headers, timeout: 4_000 });
  request.on("timeout", () => request.destroy());
  request.on("error", () => process.exit(1));
  request.on("response", ({ statusCode }) => process.exit(statusCode === 200 ? 0 : 1));
} else {
  for (const fault of answer.faults) console.error(fault);
  process.exitCode = 1;
}
